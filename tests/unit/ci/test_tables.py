"""The tables of ci/programs.py and the files that repeat a part of them."""

import re
from pathlib import Path

import yaml

from ci.benches import BENCHES
from ci.checked_programs import programs, projects

MAKEFILE = Path("Makefile").read_text()


def test_every_test_and_proof_of_a_program_is_a_file_of_its_inputs() -> None:
    """A deep proof of a test that was moved fails here, and not at night."""
    for program in programs(Path()):
        for test in (test for proof in program.proofs for test in proof.tests):
            assert any(test.startswith(f"{path}/") for path in program.paths), test


def test_every_target_is_explained_or_used_by_the_runner() -> None:
    """`make help` prints what follows `##`."""
    targets = set(re.findall(r"^([a-z0-9-]+):", MAKEFILE, re.MULTILINE))
    explained = set(re.findall(r"^([a-z0-9-]+):.*## \S", MAKEFILE, re.MULTILINE))
    assert targets - explained == {"suite", "system-tools"}
    assert targets == set(re.sub(r"\\\n", " ", MAKEFILE).partition(".PHONY:")[2].partition("\n")[0].split())


def test_dependabot_looks_at_every_project_and_every_go_module() -> None:
    """A new project would otherwise keep its versions for ever."""
    updates = yaml.safe_load(Path(".github/dependabot.yml").read_text())["updates"]
    folders = {update["package-ecosystem"]: update.get("directories") for update in updates}
    assert set(folders["uv"]) == {"/" if project == "." else f"/{project}" for project in projects(Path())}
    modules = {f"/{path.parent}" for folder in ("engine", "policy/tools") for path in Path(folder).rglob("go.mod")}
    matched = {module for module in modules if any(Path(module).match(pattern) for pattern in folders["gomod"])}
    assert modules - matched == {"/engine/distconsts"}, "a module without dependencies"


def test_hooks_of_a_commit_use_programs_of_this_checkout_alone() -> None:
    """A hook from elsewhere would be downloaded from a host that is no package registry."""
    repositories = yaml.safe_load(Path(".pre-commit-config.yaml").read_text())["repos"]
    assert [repository["repo"] for repository in repositories] == ["local"]
    hooks = repositories[0]["hooks"]
    assert {hook["language"] for hook in hooks} == {"system"}
    assert {hook["entry"].split()[0] for hook in hooks} == {"python3", "policy/.venv/bin/zizmor"}


def test_benches_have_a_project_with_an_environment() -> None:
    """`make setup` makes it."""
    assert set(BENCHES.values()) <= set(projects(Path()))
