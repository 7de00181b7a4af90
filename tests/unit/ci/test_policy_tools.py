"""Go tools of policy: the folder of a build, and the copy from the engine."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

GO = '#!/bin/sh\nwhile [ "$1" != -o ]; do shift; done\necho built >"$2"\nchmod +x "$2"\n'


class Tools:
    """A copy of policy/tools with a single tool, with programs in place of go and uname."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "tools/tool").mkdir(parents=True)
        shutil.copy("policy/tools/build", root / "tools/build")
        for name, text in (("go.mod", "module tool\ntool example/tool\n"), ("go.sum", "")):
            (root / "tools/tool" / name).write_text(text)
        self.program("go", GO)
        self.program("uname", "#!/bin/sh\necho Linux x86_64\n")

    def program(self, name: str, text: str) -> None:
        """Put a program on PATH."""
        (self.root / "bin").mkdir(exist_ok=True)
        (self.root / "bin" / name).write_text(text)
        (self.root / "bin" / name).chmod(0o755)

    def build(self) -> str:
        """Build the tool; return its folder."""
        environment = {
            **os.environ,
            "PATH": f"{self.root / 'bin'}:{os.environ['PATH']}",
            "XDG_CACHE_HOME": str(self.root),
        }
        completed = subprocess.run(
            ["bash", str(self.root / "tools/build"), "tool"],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return completed.stdout


@pytest.fixture
def tools(tmp_path: Path) -> Tools:
    return Tools(tmp_path)


def test_equal_sources_are_built_once(tools: Tools) -> None:
    """A later call prints the same folder, and needs no Go."""
    folder = tools.build()
    tools.program("go", "#!/bin/sh\nexit 1\n")
    assert tools.build() == folder


def test_other_flags_and_another_platform_are_another_build(tools: Tools) -> None:
    """A program that was built with other flags, or for another processor, is not taken for this build."""
    first = tools.build()
    build = tools.root / "tools/build"
    build.write_text(build.read_text().replace("-dwarf=false -l", "-dwarf=false"))
    other_flags = tools.build()
    tools.program("uname", "#!/bin/sh\necho Linux aarch64\n")
    assert len({first, other_flags, tools.build()}) == 3


DAGGERW = """\
#!/bin/sh
[ "$*" = "call tools --output $4" ] || exit 3
mkdir -p "$4/tool-key"
echo half >"$4/tool-key/tool"
ls "$XDG_CACHE_HOME/dojangkok-policy" >"$SEEN"
[ -z "$FAIL" ] || exit 1
echo whole >"$4/tool-key/tool"
"""


def copy_tools(root: Path, fail: str = "") -> tuple[int, Path]:
    """Run `.ci/tools` beside a program in place of daggerw; return its exit code and the folder of the tools."""
    (root / ".ci").mkdir()
    shutil.copy(".ci/tools", root / ".ci/tools")
    (root / "daggerw").write_text(DAGGERW)
    (root / "daggerw").chmod(0o755)
    environment = {**os.environ, "XDG_CACHE_HOME": str(root), "SEEN": str(root / "seen"), "FAIL": fail}
    completed = subprocess.run([".ci/tools"], cwd=root, env=environment, stderr=sys.stderr, check=False)
    return completed.returncode, root / "dojangkok-policy"


def test_tools_from_the_engine_appear_complete(tmp_path: Path) -> None:
    """While they are exported, policy/tools/build finds none of them."""
    code, folder = copy_tools(tmp_path)
    assert (code, (folder / "tool-key/tool").read_text()) == (0, "whole\n")
    assert (tmp_path / "seen").read_text() == ""
    assert [path.name for path in folder.iterdir()] == ["tool-key"]


def test_export_that_fails_leaves_nothing(tmp_path: Path) -> None:
    """The exit code is that of the export."""
    code, folder = copy_tools(tmp_path, fail="yes")
    assert (code, list(folder.iterdir())) == (1, [])
