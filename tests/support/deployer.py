"""`python -m deploy` as a process, with an environment file that names an emulator and a registry."""

import json
import os
import shlex
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

from tests.support.emulator import Emulator
from tests.support.programs import ROOT, python_of
from tests.support.waiting import wait_until

_SPY: Final = ROOT / "tests/support/spy"
_RUN_S: Final = 120


class Outcome(NamedTuple):
    """How a process ended."""

    exit_code: int
    stdout: str
    stderr: str


@dataclass
class Deployer:
    """
    The program with an environment and a working directory of its own.

    Args:
        emulator: emulator of the group.
        registry_url: URL of the registry that digests are looked up at.
        folder: working directory.
        rollout: the environment's section `rollout`, times in real seconds.
        compute_url: Compute Engine's URL in the environment file; empty names Google's.
        token_hosts: the environment's entry `token_hosts`.
        variables: environment variables of the process beside those of the test.
        longest_s: seconds after which a process has failed.
    """

    emulator: Emulator
    registry_url: str
    folder: Path
    rollout: str = "{bake_s: 0.2, poll_s: [0.05, 0.05]}"
    compute_url: str = field(init=False)
    token_hosts: list[str] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)
    longest_s: int = _RUN_S

    def __post_init__(self) -> None:
        self.compute_url = f"{self.emulator.address}/compute/v1"

    @property
    def typed(self) -> str:
        """What reports print before the verb of a command."""
        return shlex.join([python_of("deploy"), "-m", "deploy"])

    @property
    def results(self) -> Path:
        """Folder of the last runs' outcomes."""
        return self.folder / "results"

    def records(self) -> list[Path]:
        """Return the files of the last runs' outcomes."""
        return sorted(self.results.glob("*.json"))

    def environment(self) -> dict[str, str]:
        """Return the variables of a process, without a login of the person at this host."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith("GOOGLE_")}
        return {**kept, "PYTHONPATH": str(ROOT), "DEPLOY_RESULTS": str(self.results), **self.variables}

    def command(self, *args: str) -> list[str]:
        """Write the environment file, and return the command that reads it."""
        text = (ROOT / "environments/dev.yaml").read_text().partition("rollout:")[0]
        lines = [line for line in text.splitlines() if not line.startswith(("registry_url:", "token_hosts:"))]
        lines += [f"registry_url: {self.registry_url}", f"token_hosts: {self.token_hosts}", f"rollout: {self.rollout}"]
        lines += [f"compute_url: {self.compute_url}"] if self.compute_url else []
        (self.folder / "environments").mkdir(exist_ok=True)
        (self.folder / "environments/dev.yaml").write_text("\n".join(lines))
        return [python_of("deploy"), "-m", "deploy", *args, "--env", "dev"]

    def start(self, *args: str) -> "subprocess.Popen[str]":
        """Start the program."""
        return subprocess.Popen(
            self.command(*args), cwd=self.folder, env=self.environment(),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def run(self, *args: str) -> Outcome:
        """Run the program to its end."""
        process = self.start(*args)
        stdout, stderr = process.communicate(timeout=self.longest_s)
        return Outcome(process.returncode, stdout, stderr)

    def run_spied(self, *args: str, spy: dict[str, str] | None = None, is_deaf: bool = False) -> Outcome:
        """
        Run the program with the hooks of spy/sitecustomize.py.

        Args:
            args: arguments of the program.
            spy: variables of the hooks.
            is_deaf: whether stderr is closed.
        """
        python_path = os.pathsep.join([str(_SPY), str(ROOT)])
        closing = ["sh", "-c", 'exec "$@" 2>&-', "sh"] if is_deaf else []
        done = subprocess.run(
            [*closing, *self.command(*args)], cwd=self.folder,
            env=self.environment() | {"PYTHONPATH": python_path} | (spy or {}),
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=self.longest_s, check=False,
        )  # fmt: skip
        return Outcome(done.returncode, done.stdout, done.stderr)

    def json(self, *args: str) -> Any:
        """Run a verb that must succeed, and return its report."""
        outcome = self.run(*args, "--format", "json")
        assert outcome.exit_code == 0, outcome.stderr
        return json.loads(outcome.stdout)

    def versions(self) -> list[str]:
        """Return the templates of the group's target versions and of its instances, once the group is stable."""
        wait_until(lambda: self.emulator.group()["status"]["isStable"])
        versions = {version["instanceTemplate"].rpartition("/")[2] for version in self.emulator.group()["versions"]}
        return sorted(versions | self.emulator.templates_of_instances())
