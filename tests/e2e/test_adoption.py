"""A new user adopts this by the lines of README.md, in their order: the rollout alone, then the whole pipeline."""

import os
import re
import shlex
import subprocess
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest

from tests.e2e.checkouts import Checkout, pushed
from tests.e2e.git_server import git_server
from tests.e2e.team_repository import commit_all, copy_example
from tests.support import fake_registry
from tests.support.emulator import run_emulator
from tests.support.fake_registry import FakeRegistry
from tests.support.programs import ROOT
from tests.support.releases import digest
from tests.support.wheels import locked_versions, pinned_uv

README: Final = (ROOT / "README.md").read_text()
INSTALL_EMULATOR: Final = "uv tool install ./emulator"  # of emulator/README.md
SHORT: Final = "rollout: {bake_s: 1, poll_s: [0.1, 0.5]}\n"


def lines(heading: str) -> list[str]:
    """Return the commands under a heading of README.md: those in blocks, and those that install a program."""
    [text] = re.findall(rf"^## {heading}$(.*?)^## ", README, re.MULTILINE | re.DOTALL)
    commands = re.findall(r"^```\n(.*?)^```|`(uv tool install [^`]+)`", text, re.MULTILINE | re.DOTALL)
    return [line for block, install in commands for line in (block or install).splitlines()]


@dataclass
class Newcomer:
    """
    A new user at a shell, with uv, git, a checkout of this repository and a folder for the application.

    Args:
        folder: folder of the application.
        checkout: checkout of this repository.
        programs: folder on PATH of the programs that the user installs.
        variables: variables of the shell, beside those of the test.
        seconds: seconds of each line.
    """

    folder: Path
    checkout: Path
    programs: Path
    variables: dict[str, str]
    seconds: dict[str, float] = field(default_factory=dict)

    def run(self, line: str, *, folder: Path | None = None, **variables: str) -> str:
        """Run a line that must succeed, in the folder of the application or in another one; return its stdout."""
        outside = {name: value for name, value in os.environ.items() if name != "GOOGLE_APPLICATION_CREDENTIALS"}
        path = f"{self.programs}:{os.environ['PATH']}"
        began = time.monotonic()
        ran = subprocess.run(
            ["sh", "-c", line], cwd=folder or self.folder, env={**outside, **self.variables, **variables, "PATH": path},
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip
        self.seconds[line] = time.monotonic() - began
        assert ran.returncode == 0, f"{line}: exit code {ran.returncode}: {ran.stderr[-5000:]}"
        return ran.stdout

    def install(self, line: str) -> None:
        """Install a program of the checkout by a line that ends in its folder, with the versions of its lock file."""
        versions = locked_versions(line.rpartition("./")[2], self.programs.parent)
        self.run(line, folder=self.checkout, UV_CONSTRAINT=str(versions))


@pytest.fixture
def newcomer(checkout: Checkout, tmp_path: Path) -> Newcomer:
    """The user, who has copied the Flask example to an empty folder; `dagger` is the CLI of the checkout."""
    folder, programs = tmp_path / "hello", tmp_path / "programs"
    folder.mkdir()
    programs.mkdir()
    (programs / "uv").symlink_to(pinned_uv())
    (programs / "dagger").write_text(f'#!/bin/sh\nexec {shlex.quote(str(checkout.path / "daggerw"))} "$@"\n')
    (programs / "dagger").chmod(0o755)
    copy_example(folder)
    tools = {"UV_TOOL_DIR": str(tmp_path / "tools"), "UV_TOOL_BIN_DIR": str(programs)}
    user = Newcomer(folder, checkout.path, programs, {**tools, "DAGGER_PROGRESS": "plain", "NO_COLOR": "1"})
    user.run("git init --quiet")
    return user


def ship_by_the_rollout_alone(newcomer: Newcomer) -> None:
    """
    Type the lines of "Only the rollout" for the group of the emulator's example, which is named as in README.md.

    The login at Google takes a person: the emulator, which `init` is told of, requires none. The bake is shortened.
    """
    install, login, export, init, plan, deploy = lines("Only the rollout")
    assert [login.split()[0], export.split()[0]] == ["gcloud", "export"]
    newcomer.install(install)
    newcomer.install(INSTALL_EMULATOR)
    [project] = re.findall(r"--project (\S+)", init)
    [(repository, tag)] = re.findall(r"--image [^/]+/(\S+):(\S+)", deploy)
    seed = newcomer.folder.parent / "seed.yaml"
    seed.write_text((ROOT / "emulator/seeds/example.yaml").read_text().replace("shop-dev", project))
    registry = FakeRegistry({f"{repository}/{reference}": digest("b") for reference in (tag, digest("b"))})
    program = [newcomer.programs / "mig-emulator"]
    with (
        run_emulator(seed=seed, program=program, folder=newcomer.folder) as emulator,
        fake_registry.served(registry) as url,
    ):
        printed = newcomer.run(f"{init} --compute-url {emulator.address}/compute/v1 --registry-url {url}")
        assert "wrote environments/prod.yaml" in printed
        with (newcomer.folder / "environments/prod.yaml").open("a") as settings:
            settings.write(SHORT)
        name = repository.rpartition("/")[2]
        assert name in newcomer.run(plan)
        assert newcomer.run(deploy).startswith(f"✓ {name} bbbbbbb serves ")


def ship_by_the_pipeline(newcomer: Newcomer) -> None:
    """Type the lines of "Your whole pipeline": the example from the checkout, then a changed one by a git URL."""
    shipped, own = lines("Your whole pipeline")
    example = newcomer.run(shipped, folder=newcomer.checkout)
    stages = re.findall(r"^(\w+) +[\d.]+ (?:s|MB)", example.partition("\n\n")[0], re.MULTILINE)
    assert stages == ["test", "vulnerabilities", "build", "smoke", "publish", "deploy", "image"]
    assert re.search(r"^test +[\d.]+ s  2 passed$", example, re.MULTILINE)

    with (newcomer.folder / "Dockerfile").open("a") as file:
        # Another image in each run, whose gate has passed before. The engine keeps the local environment of a module at
        # a URL apart from that of a module by path (v0.19.10, tried), so it serves the image of an earlier run.
        file.write(f'LABEL run="{uuid.uuid4()}"\n')
    bare = newcomer.folder.parent / "served/delivery.git"
    commit = commit_all(newcomer.checkout)
    subprocess.run(["git", "clone", "--quiet", "--bare", newcomer.checkout, bare], check=True)
    with git_server(bare.parent):  # the engine must reach loopback, as the local one does
        released = newcomer.run(own.replace("REF", f"http://127.0.0.1/delivery.git@{commit}"))
    reference = pushed(released, "example/hello")
    assert reference != pushed(example, "example/hello")
    short = reference.rpartition("@sha256:")[2][:7]
    assert re.search(rf"^✓ hello {short} serves \S+ · (\d+)/\1 · ", released, re.MULTILINE), released


def test_newcomer_ships_by_the_lines_of_the_readme(newcomer: Newcomer, capsys: pytest.CaptureFixture[str]) -> None:
    """From an empty folder to a rollout by the installed program, and to a release by the module at a git URL."""
    ship_by_the_rollout_alone(newcomer)
    ship_by_the_pipeline(newcomer)
    with capsys.disabled():
        print(f"\n{sum(newcomer.seconds.values()):6.1f} s  all lines")
        for line, seconds in newcomer.seconds.items():
            print(f"{seconds:6.1f} s  {line}")
