"""The installed programs: built as wheels, and run from a folder that has nothing to do with the repository."""

import os
import shlex
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support import fake_registry
from tests.support.emulator import SEED_TEMPLATE, Emulator, run_emulator
from tests.support.fake_registry import FakeRegistry
from tests.support.releases import REPOSITORY, digest, reference
from tests.support.reports import unwrapped
from tests.support.wheels import Wheel, install, tracked_files

FOUR_LINES = f"""\
project: dojangkok-dev
zone: asia-northeast3-a
group: dojangkok-dev-ai-server-mig
repository: {REPOSITORY}
"""


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Wheel]:
    """Both programs, each installed into an empty environment."""
    folders = {program: tmp_path_factory.mktemp(program) for program in ("deploy", "emulator")}
    with ThreadPoolExecutor() as pool:
        return dict(zip(folders, pool.map(install, folders, folders.values()), strict=True))


@dataclass
class Installed:
    """
    The installed `mig-deploy` in a folder of a team, with the installed emulator and a registry.

    Args:
        wheel: the installed program.
        folder: working directory.
        emulator: emulator of the group.
        endpoints: flags that name the emulator and the registry.
    """

    wheel: Wheel
    folder: Path
    emulator: Emulator
    endpoints: list[str]

    def shell(self, line: str, *, is_on_path: bool = True) -> "subprocess.CompletedProcess[str]":
        """Run a command line as a person types it, with the program on PATH or not."""
        path = f"{self.wheel.command.parent}:{os.defpath}" if is_on_path else os.defpath
        return subprocess.run(
            ["sh", "-c", line], cwd=self.folder, env={"PATH": path, "HOME": str(self.folder)},
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip


@pytest.fixture(scope="module")
def installed(wheels: dict[str, Wheel], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    """The program with a file of four lines, and in another folder the same file with short times."""
    team = tmp_path_factory.mktemp("team")
    for folder, lines in (("environments", ""), ("ops/my settings", "rollout: {bake_s: 0.2, poll_s: [0.1, 0.1]}\n")):
        (team / folder).mkdir(parents=True)
        (team / folder / "prod.yaml").write_text(FOUR_LINES + lines)
    emulated = run_emulator(program=[wheels["emulator"].command], folder=team)
    with emulated as emulator, fake_registry.served(FakeRegistry()) as url:
        emulator.wait_for_stable_group()
        endpoints = ["--compute-url", f"{emulator.address}/compute/v1", "--registry-url", url]
        yield Installed(wheels["deploy"], team, emulator, endpoints)


@pytest.mark.parametrize(("program", "folders"), [("deploy", ("deploy", "lib")), ("emulator", ("emulator",))])
def test_wheel_has_every_file_of_the_program_below_one_name(
    wheels: dict[str, Wheel], program: str, folders: tuple[str, ...]
) -> None:
    """A wheel has all that its program reads, and adds one top-level name to an environment."""
    files = wheels[program].files()
    assert {name.split("/")[0] for name in files if ".dist-info/" not in name} == {f"mig_{program}"}
    assert tracked_files(*folders) <= {name.removeprefix(f"mig_{program}/programs/") for name in files}


def test_installed_programs_plan_deploy_and_roll_back_by_the_command_of_the_report(installed: Installed) -> None:
    """A file of four lines is enough for a plan; the printed commands work as they are, in a shell."""
    same = shlex.join(installed.endpoints)
    planned = installed.shell(f"mig-deploy plan --env prod --image {reference('b')} {same}")
    assert (planned.returncode, digest("b") in planned.stdout) == (0, True), planned.stderr
    deployed = installed.shell(
        f"mig-deploy deploy --env prod --settings 'ops/my settings' --image {reference('b')} {same}"
    )
    assert deployed.returncode == 0, deployed.stderr
    lines = unwrapped(deployed.stdout).splitlines()
    [undo] = [line.split(maxsplit=1)[1] for line in lines if line.startswith("  undo ")]
    assert undo == f"mig-deploy rollback --env prod --settings 'ops/my settings' {same}"
    rolled_back = installed.shell(undo)
    assert rolled_back.returncode == 0, rolled_back.stderr
    assert installed.emulator.templates_of_instances() == {SEED_TEMPLATE}


def test_hint_of_a_program_outside_of_path_is_a_command_that_works(installed: Installed) -> None:
    """The command in a hint has the path by which the program was called."""
    same = shlex.join(installed.endpoints)
    refused = installed.shell(f"{installed.wheel.command} rollback --env prod --to x {same}", is_on_path=False)
    hint = unwrapped(refused.stderr).partition("Fix: see `")[2].partition("`")[0]
    assert (refused.returncode, hint) == (3, f"{installed.wheel.command} history --env prod {same}")
    shown = installed.shell(hint, is_on_path=False)
    assert (shown.returncode, shown.stderr) == (0, "")


def test_installed_emulator_serves_its_console(installed: Installed) -> None:
    """The page has its styles and scripts inside, which the wheel holds as files."""
    page = installed.emulator.http.get("/").text
    assert "/* page.js */" not in page
    assert "function" in page
