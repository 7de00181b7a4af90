"""The requirements of a machine: root, apt, Go, and a CPython of every series that a stand-in contains."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from engine.errors import MissingError
from engine.layout import SOURCES

_GO_AT_LEAST = (1, 21)  # since 1.21, Go fetches the toolchain that go.mod names
_NO_PLACE_FOR_STATE = ("overlayfs",)


def packages() -> list[str]:
    """Return the names in packages.txt, in its order."""
    lines = (SOURCES / "packages.txt").read_text().splitlines()
    return [line.split()[0] for line in lines if line and not line.startswith("#")]


def absent_packages() -> list[str]:
    """Return the names of `packages()` that Debian's package database does not list as installed."""
    known = subprocess.run(
        ["dpkg-query", "--show", "--showformat", "${Package} ${db:Status-Status}\n", *packages()],
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    installed = {line.split()[0] for line in known.splitlines() if line.endswith(" installed")}
    return [name for name in packages() if name not in installed]


def check(home: Path, cpython_series: list[str]) -> None:
    """
    Refuse a machine that cannot run the engine; the error lists everything that is missing.

    Args:
        home: directory of the engine; it need not exist
        cpython_series: series of CPython that the stand-ins contain, such as `3.10`

    Raises:
        MissingError: the machine lacks something
    """
    missing = [
        *_missing_root(),
        *_missing_apt(),
        *_missing_go(),
        *_missing_cpython(cpython_series),
        *_missing_file_system(home),
    ]
    if missing:
        raise MissingError(missing)


def cpython(series: str) -> Path | None:
    """
    Return the prefix of a CPython installation that can be copied as it is, or `None`.

    The installations of pyenv and the Python on PATH are considered. Debian's own Python does not count: its prefix is
    /usr, and its files cannot be separated from the rest of the system.

    Args:
        series: series of CPython, such as `3.13`
    """
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    prefixes = sorted(versions.glob(f"{series}.*"), key=lambda path: [int(n) for n in re.findall(r"\d+", path.name)])
    on_path = shutil.which(f"python{series}")
    if on_path:
        prefixes.insert(0, Path(on_path).resolve().parent.parent)
    usable = [
        prefix
        for prefix in prefixes
        if prefix != Path("/usr")
        and (prefix / f"bin/python{series}").exists()
        and (prefix / f"lib/python{series}/os.py").exists()
    ]
    return usable[-1] if usable else None


def _missing_root() -> list[str]:
    if os.geteuid() == 0:
        return []
    return ["root: an engine mounts file systems and starts containers. Fix: run it with 'sudo -E ./daggerw …'"]


def _missing_apt() -> list[str]:
    absent = absent_packages() if shutil.which("dpkg-query") else packages()
    if not absent or shutil.which("apt-get"):
        return []
    return [
        (
            f"Debian packages ({', '.join(absent)}): the engine's programs. "
            "Fix: use Debian 12 or a relative of it, where 'apt-get install' provides them"
        )
    ]


def _missing_go() -> list[str]:
    fix = "Fix: 'apt-get install -t bookworm-backports golang', or any Go of at least 1.21 on PATH"
    go = shutil.which("go")
    if not go:
        return [f"go: CLI and engine are built from the Go module proxy. {fix}"]
    output = subprocess.run([go, "version"], capture_output=True, text=True, check=False).stdout
    version = re.search(r"go(\d+)\.(\d+)", output)
    if not version or tuple(map(int, version.groups())) < _GO_AT_LEAST:
        return [f"go: {go} prints '{output.strip()}', and such a Go cannot build the CLI and engine. {fix}"]
    return []


def _missing_cpython(cpython_series: list[str]) -> list[str]:
    return [
        f"CPython {series}: python:{series}-slim is made of this machine's CPython. Fix: 'pyenv install {series}'"
        for series in cpython_series
        if cpython(series) is None
    ]


def _missing_file_system(home: Path) -> list[str]:
    existing = next(path for path in (home, *home.parents) if path.exists())
    kind = subprocess.run(
        ["stat", "--file-system", "--format", "%T", str(existing)], capture_output=True, text=True, check=False
    ).stdout.strip()
    if kind not in _NO_PLACE_FOR_STATE:
        return []
    return [
        (
            f"a file system for {home}: it is on {kind}, on which layers cannot be stacked again. "
            "Fix: DOJANGKOK_ENGINE_HOME=DIR with a DIR on a disk of its own"
        )
    ]
