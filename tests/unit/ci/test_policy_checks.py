"""The container that builds policy's Go tools, and the script in it; no engine runs."""

import subprocess
from pathlib import Path

import pytest

from ci.steps import policy_checks
from ci.steps.environment import Project
from ci.steps.policy_checks import PolicyInputs
from tests.unit.ci.doubles import SOURCE, executed


def _script(folder: Path, build: str) -> "subprocess.CompletedProcess[str]":
    """Run the script that builds all tools, with another `build`, in a folder that takes the results."""
    (folder / "build").write_text(f"#!/bin/bash -eu\n{build}")
    (folder / "build").chmod(0o755)
    ((_, _, script, *names),) = executed(policy_checks.tools(SOURCE))
    command = ["bash", "-euc", script.replace(policy_checks._BUILT, str(folder / "built")), *names]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=30, check=False)


def test_a_tool_for_other_tests_is_no_key_of_the_build() -> None:
    """A change of such a tool builds no tool of policy again."""
    assert [path for path in policy_checks.TOOL_SOURCES if "promtail" in path or path == "policy/tools"] == []
    assert all(Path(path).exists() for path in policy_checks.TOOL_SOURCES)


def test_every_tool_that_policy_needs_has_a_folder() -> None:
    """The rest is built on the host, by `make system-tools`."""
    folders = {path.parent.name for path in Path("policy/tools").glob("*/go.mod")}
    on_the_host = {"compose", "node-exporter", "promtail", "vegeta"}
    assert folders - set(policy_checks.GO_TOOLS) == on_the_host, "these are for tests/system"


def test_script_keeps_what_was_built_of_every_tool(tmp_path: Path) -> None:
    """Each tool is copied with the folder that names its key."""
    done = _script(tmp_path, 'mkdir -p "cache/$1-key"; echo "$1" >"cache/$1-key/$1"; echo "$PWD/cache/$1-key"')
    assert done.returncode == 0, done.stderr
    built = {path.parent.name: path.read_text().strip() for path in (tmp_path / "built").glob("*/*")}
    assert built == {f"{name}-key": name for name in policy_checks.GO_TOOLS}


@pytest.mark.parametrize("broken", policy_checks.GO_TOOLS)
def test_script_fails_with_any_tool(tmp_path: Path, broken: str) -> None:
    """A tool that does not build in the background fails the script too."""
    done = _script(tmp_path, f'[ "$1" != {broken} ]; mkdir -p "$1-key"; echo "$PWD/$1-key"')
    assert done.returncode != 0


def test_tests_of_policy_have_every_tool_on_path(tmp_path: Path) -> None:
    """Each tool stands in a folder of its own."""
    for name in ("first-key", "second-key"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).write_text("#!/bin/sh\necho $0")
        (tmp_path / name / name).chmod(0o755)
    command = executed(policy_checks.policy(PolicyInputs(SOURCE, SOURCE), Project("policy", "", "")))[-1]
    *shell, script = command[:3]
    assert command[3] == "pytest"
    script = script.replace(policy_checks._TOOLS, str(tmp_path))
    done = subprocess.run([*shell, script, "second-key"], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout.strip() == str(tmp_path / "second-key/second-key")
