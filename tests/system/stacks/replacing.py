"""AI servers of the real image on a machine of their own, beside fakes of vLLM and the backend; and a load on them."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

from tests.support.dockerd import Machine, dockerd
from tests.support.programs import ROOT
from tests.system.stacks.stacks import IMAGE

VLLM, BACKEND = 8001, 8003
_STACK = ROOT / "compose/ai-server"
_GATEWAY = "172.30.0.1"
ADDRESSES = ("172.30.0.10", "172.30.0.11", "172.30.0.12")
_PER_SECOND = 20
_END_S = 60


def _variables() -> dict[str, str]:
    lines = (_STACK / "app.env.example").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if not line.startswith("#"))


def grace_s() -> int:
    """How long the stack gives a server to stop."""
    stack = yaml.safe_load((_STACK / "docker-compose.yml").read_text())
    return int(stack["services"]["ai-server"]["stop_grace_period"].removesuffix("s"))


@dataclass
class Outcome:
    """
    What became of a load.

    Args:
        accepted: Id, time and server of every request that was answered with 200.
        refused: How many answers were a refusal, after which a request tried again.
        unanswered: Ids of requests whose connection was closed without an answer; nobody told them that they count.
        lost: Requests that ended otherwise.
        callbacks: What the backend was told of this load.
    """

    accepted: list[tuple[str, float, str]] = field(default_factory=list)
    refused: int = 0
    unanswered: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    callbacks: list[dict[str, Any]] = field(default_factory=list)

    @property
    def gap_s(self) -> float:
        """The longest time in which no request was accepted."""
        times = sorted(at for _, at, _ in self.accepted)
        return max(later - earlier for earlier, later in pairwise(times))

    @property
    def figures(self) -> dict[str, float]:
        """What a report shows."""
        return {
            "accepted": len(self.accepted),
            "refused": self.refused,
            "unanswered": len(self.unanswered),
            "callbacks": len(self.callbacks),
            "successes": sum("checklists" in callback["body"] for callback in self.callbacks),
            "longest_gap_s": round(self.gap_s, 2),
        }

    def not_called_back_once(self) -> dict[str, int]:
        """How many callbacks there were for every id that has not exactly one, or that nobody can account for."""
        accepted = {name for name, _, _ in self.accepted}
        called = Counter(callback["id"] for callback in self.callbacks)
        strange = called.keys() - accepted - set(self.unanswered)
        return {name: called[name] for name in accepted | called.keys() if called[name] != 1 or name in strange}


@dataclass(frozen=True)
class Fleet:
    """Servers by number, each with an address of its own; two that follow each other can run at once."""

    machine: Machine

    def start(self, number: int, **settings: object) -> None:
        """Start a server, as the stack does but for its network, and wait until it is ready."""
        given = _variables() | {
            "AI_SERVER_IMAGE": IMAGE,
            "BACKEND_CALLBACK_BASE_URL": f"http://{_GATEWAY}:{BACKEND}/api",
            "CHROMADB_URL": "",
            "VLLM_BASE_URL": f"http://{_GATEWAY}:{VLLM}/v1",
        }
        address = ADDRESSES[number % len(ADDRESSES)]
        self.machine(
            "docker", "run", "--detach", "--name", f"server-{number}", "--network", "servers", "--ip", address,
            "--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--stop-timeout", str(grace_s()),
            *(f"--env={name}={value}" for name, value in (given | settings).items()), IMAGE,
        )  # fmt: skip
        self.machine.wait_for(8000, "/readyz", 60, address)

    def stop(self, number: int) -> None:
        """Stop a server; nobody has to kill it."""
        name = f"server-{number}"
        self.machine("docker", "stop", name)
        code = self.machine("docker", "inspect", "--format", "{{.State.ExitCode}}", name).strip()
        assert code == "0", f"{name}: exit code {code}\n{self.machine.run('docker', 'logs', name).stdout[-3000:]}"

    def plan(self, port: int, *faults: dict[str, object]) -> None:
        """Tell a fake what to do with the next requests; nothing ends it."""
        self.machine("curl", "--fail", "--silent", "--data", json.dumps(faults), f"http://127.0.0.1:{port}/fake/plan")

    def callbacks(self, prefix: str) -> list[dict[str, Any]]:
        """What the backend was told of a load so far."""
        callbacks = json.loads(self.machine.wait_for(BACKEND, "/fake/callbacks"))
        return [callback for callback in callbacks if callback["id"].startswith(f"{prefix}-")]

    def attempts(self, prefix: str) -> list[tuple[str, str]]:
        """Id and key of every callback of a load that the backend was called with, also where it failed."""
        calls = json.loads(self.machine.wait_for(BACKEND, "/fake/calls"))
        attempts = [(call["path"].split("/")[-2], call["headers"]["idempotency-key"]) for call in calls]
        return [(name, key) for name, key in attempts if name.startswith(f"{prefix}-")]

    @contextmanager
    def load(self, prefix: str) -> Iterator[Outcome]:
        """Send requests during the block; when it is over, the outcome has everything but the callbacks."""
        outcome, pipe = Outcome(), subprocess.PIPE
        program = Path(__file__).with_name("load.py")
        command = (sys.executable, program, str(_PER_SECOND), prefix, *ADDRESSES)
        process = self.machine.start(*command, stdin=pipe, stdout=pipe)
        try:
            yield outcome
            counts = json.loads(process.communicate(timeout=_END_S)[0])
        finally:
            process.kill()
        outcome.accepted = counts["accepted"]
        outcome.refused = counts["refused"]
        outcome.unanswered = counts["unanswered"]
        outcome.lost = counts["lost"]

    def switch_off(self) -> None:
        """Begin to stop Docker, as systemd does when the machine is deleted."""
        self.machine("sh", "-c", "kill -TERM $(cat /run/docker.pid)")


@contextmanager
def run_fleet(archive: Path, latency_s: float) -> Iterator[Fleet]:
    """
    Run a machine with the fakes on it, and no server yet, until the end of the block.

    Args:
        archive: The AI server's image, as `docker load` takes it. The fakes run in it too: it has what they need.
        latency_s: How long vLLM takes.
    """
    given = _variables()
    fakes = {
        "vllm": ["--port", str(VLLM), "--key", given["VLLM_API_KEY"], "--latency-s", str(latency_s)],
        "backend": ["--port", str(BACKEND), "--token", given["BACKEND_INTERNAL_TOKEN"]],
    }
    package = "tests/support/app_fakes"
    with dockerd() as machine:
        loaded = machine("docker", "load", "--quiet", "--input", archive).split()[-1]
        machine("docker", "tag", loaded, IMAGE)
        # Of a bridge the servers need no more than that they and the machine are neighbours.
        machine("docker", "network", "create", "--subnet", "172.30.0.0/24", "--gateway", _GATEWAY, "servers")
        for name, arguments in fakes.items():
            # A machine that is switched off is not what they end by: a signal that means nothing to them.
            machine(
                "docker", "run", "--detach", "--name", name, "--network", "host", "--stop-signal", "URG",
                "--stop-timeout", str(grace_s()), "--volume", f"{ROOT}/{package}:/app/{package}:ro", IMAGE,
                "python", "-m", f"tests.support.app_fakes.{name}", *arguments,
            )  # fmt: skip
        machine.wait_for(VLLM, "/health", 30)
        machine.wait_for(BACKEND, "/fake/callbacks", 30)
        yield Fleet(machine)
