"""Every command of deploy/README.md prints the documented output, on the emulator."""

import re
import shlex
from pathlib import Path
from typing import Any

from deploy import errors
from tests.support.deployer import Deployer
from tests.support.fake_registry import FakeRegistry
from tests.support.releases import REPOSITORY
from tests.support.transcripts import comparable

README = Path("deploy/README.md").read_text()
TYPED = "$ mig-deploy "


def blocks() -> list[tuple[list[str], str]]:
    """Return the arguments of each command, and its documented output."""
    pairs = [block.partition("\n") for block in re.findall(r"```console\n(.*?)```", README, re.DOTALL)]
    assert all(typed.startswith(TYPED) for typed, _, _ in pairs)
    return [(shlex.split(typed.removeprefix(TYPED)), printed) for typed, _, printed in pairs]


def test_every_command_of_the_readme_prints_the_documented_output(deployer: Deployer, registry: FakeRegistry) -> None:
    """Each command of deploy/README.md prints what the page shows, times and ids aside."""
    digest = re.search(r"--image \S+@(sha256:[0-9a-f]{64})", README)
    assert digest
    registry.manifests[f"{REPOSITORY.partition('/')[2]}/{digest[1]}"] = digest[1]
    assert [args[0] for args, _ in blocks()] == ["doctor", "status", "deploy", "history", "rollback", "reconcile"]
    deployer.variables = {"DEPLOY_COMMAND": "mig-deploy"}  # test_wheels.py calls the installed command itself
    for args, printed in blocks():
        assert args[-2:] == ["--env", "dev"] or "--env dev" in " ".join(args)
        code, stdout, stderr = deployer.run(*args)
        assert code == 0, stderr
        assert comparable(stdout) == comparable(printed)


def test_readme_has_every_exit_code_of_the_program() -> None:
    """The table of exit codes in deploy/README.md has every code of deploy's errors."""
    classes: list[Any] = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    kinds = [kind for kind in classes if issubclass(kind, errors.DeployError)]
    documented = {int(code) for code in re.findall(r"^\| (\d+) \|", README, re.MULTILINE)}
    assert documented == {0, 2, *(kind.exit_code for kind in kinds)}
