"""Every command of deploy/README.md prints the documented output, on the emulator."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from deploy import errors
from tests.support.deployer import Deployer
from tests.support.fake_registry import FakeRegistry
from tests.support.releases import REPOSITORY
from tests.support.transcripts import comparable

README = Path("deploy/README.md").read_text()
CANARY = README.partition("\n## A part of the group first\n")[2].partition("\n## ")[0]
TYPED = "$ mig-deploy "


def blocks(text: str) -> list[tuple[list[str], str]]:
    """Return the arguments of each command of a text, and its documented output."""
    pairs = [block.partition("\n") for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL)]
    assert all(typed.startswith(TYPED) for typed, _, _ in pairs)
    return [(shlex.split(typed.removeprefix(TYPED)), printed) for typed, _, printed in pairs]


@pytest.fixture
def page(deployer: Deployer, registry: FakeRegistry) -> Deployer:
    """The program as the page calls it, and a registry with the page's image."""
    digest = re.search(r"--image \S+@(sha256:[0-9a-f]{64})", README)
    assert digest
    registry.manifests[f"{REPOSITORY.partition('/')[2]}/{digest[1]}"] = digest[1]
    deployer.variables = {"DEPLOY_COMMAND": "mig-deploy"}  # test_wheels.py calls the installed command itself
    return deployer


def check(deployer: Deployer, args: list[str], printed: str) -> None:
    """Run a command, which must print what the page shows, times and ids aside."""
    assert args[-2:] == ["--env", "dev"] or "--env dev" in " ".join(args)
    code, stdout, stderr = deployer.run(*args)
    assert code == 0, stderr
    assert comparable(stdout) == comparable(printed)


def test_every_command_of_the_readme_prints_the_documented_output(page: Deployer) -> None:
    """Each command of deploy/README.md prints what the page shows; those of a canary are tested apart."""
    commands = blocks(README.replace(CANARY, ""))
    assert [args[0] for args, _ in commands] == ["doctor", "status", "deploy", "history", "rollback", "reconcile"]
    for args, printed in commands:
        check(page, args, printed)


def test_a_canary_of_the_readme_prints_the_documented_output(page: Deployer) -> None:
    """A canary pauses, has its step in the status, and is aborted; test_steps.py promotes one."""
    commands = blocks(CANARY)
    assert [args[0] for args, _ in commands] == ["deploy", "status", "abort"]
    page.rollout = "{bake_s: 0.2, poll_s: [0.1, 0.1], steps: [{instances: 1}, {pause: true}, {percent: 50}]}"
    for args, printed in commands:
        check(page, args, printed)


def test_readme_has_every_exit_code_of_the_program() -> None:
    """The table of exit codes in deploy/README.md has every code of deploy's errors."""
    classes: list[Any] = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    kinds = [kind for kind in classes if issubclass(kind, errors.DeployError)]
    documented = {int(code) for code in re.findall(r"^\| (\d+) \|", README, re.MULTILINE)}
    assert documented == {0, 2, *(kind.exit_code for kind in kinds)}
