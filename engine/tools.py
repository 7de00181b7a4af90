"""The Dagger CLI and engine, built as Go tools from the module proxy."""

import json
import shutil
from pathlib import Path

from engine.errors import EngineError
from engine.layout import SOURCES, Layout
from engine.steps import run

_UPSTREAM = "github.com/dagger/dagger"
_COMMANDS = ("dagger", "engine", "init", "dnsname", "codegen")
_CNI_PLUGINS = Path("/usr/lib/cni")
# Only Go's own library is inlined: without inlining of the rest, `go build cmd/codegen` takes 60 instead of 80 s of
# processor time (Go 1.26.8, empty cache). The Go SDK compiles with the same flags, because they are a part of the key
# under which Go's build cache holds a package.
GO_FLAGS = ("-trimpath", "-gcflags=all=-dwarf=false -l", "-gcflags=std=-dwarf=false")


def build(layout: Layout, version: str) -> None:
    """
    Build the programs into `bin/`, all of them or none.

    Args:
        layout: directory of the engine
        version: version in dagger.json, with its `v`

    Raises:
        EngineError: go.mod pins another version, or a build failed
    """
    log = layout.log / "tools.log"
    env = {
        "CGO_ENABLED": "0",
        "GOFLAGS": "-modcacherw",
        "GOCACHE": str(layout.go_cache / "build"),
        "GOMODCACHE": str(layout.go_cache / "mod"),
        # The compiler spends a fifth of its time on collecting garbage, for which this machine has memory.
        "GOGC": "400",
    }
    pinned = json.loads(run(["go", "list", "-m", "-json", _UPSTREAM], cwd=SOURCES, env=env, log=log))["Version"]
    if pinned != version:
        raise EngineError(
            f"engine/go.mod: pins {_UPSTREAM} {pinned}, and dagger.json has {version}. Fix: make them equal"
        )
    built = layout.scratch / "bin"
    stamp = f"-X {_UPSTREAM}/engine.Version={version} -X {_UPSTREAM}/engine.Tag={version}"
    run(
        [
            *("go", "build", *GO_FLAGS, "-tags", "dfexcludepatterns dfparents"),
            *("-ldflags", f"-s -w {stamp}"),
            *("-o", f"{built}/"),
            *(f"{_UPSTREAM}/cmd/{name}" for name in _COMMANDS),
        ],
        cwd=SOURCES,
        env=env,
        log=log,
    )
    shutil.rmtree(layout.bin, ignore_errors=True)
    built.rename(layout.bin)


def link_network_plugins(layout: Layout) -> None:
    """Lay Debian's CNI plugins beside upstream's `dnsname` in `cni/`."""
    folder = layout.home / "cni"
    folder.mkdir(exist_ok=True)
    for plugin in [*_CNI_PLUGINS.iterdir(), Path("/run/dagger/home/bin/dnsname")]:
        link = folder / plugin.name
        link.unlink(missing_ok=True)
        link.symlink_to(plugin)


def goroot(layout: Layout) -> Path:
    """Return the toolchain that go.mod names, which is the machine's own if it is new enough."""
    env = {"GOMODCACHE": str(layout.go_cache / "mod"), "GOFLAGS": "-modcacherw"}
    return Path(run(["go", "env", "GOROOT"], cwd=SOURCES, env=env, log=layout.log / "tools.log"))


def proxy(layout: Layout) -> str:
    """Return the machine's `GOPROXY`, which the engine hands to Go builds inside it."""
    return run(["go", "env", "GOPROXY"], cwd=SOURCES, log=layout.log / "tools.log")
