"""AI servers of the real image on a machine of their own, with fakes of vLLM and the backend, under a load."""

import json
import re
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
GATEWAY = "172.30.0.1"
ADDRESSES = ("172.30.0.10", "172.30.0.11", "172.30.0.12")
_PER_SECOND = 20
_END_S = 60
_TOKEN_FILE = "/run/caller-token"


def variables() -> dict[str, str]:
    """Return the variables of a server, as the stack's example has them."""
    lines = (_STACK / "app.env.example").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if not line.startswith("#"))


NEW_TOKEN, OLD_TOKEN = variables()["AI_SERVER_TOKENS"].split(",")


def grace_s() -> int:
    """Return the seconds that the stack gives a server to stop."""
    stack = yaml.safe_load((_STACK / "docker-compose.yml").read_text())
    return int(stack["services"]["ai-server"]["stop_grace_period"].removesuffix("s"))


@dataclass
class Outcome:
    """
    The outcome of a load.

    Args:
        accepted: id, time and server of every request that was answered with 200.
        refused: number of refusals, after which a request tried again.
        unanswered: ids of requests whose connection was closed without an answer, so they may be accepted or not.
        lost: requests with any other end.
        callbacks: callbacks of this load that the backend has recorded.
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
        """The figures for a report."""
        return {
            "accepted": len(self.accepted),
            "refused": self.refused,
            "unanswered": len(self.unanswered),
            "callbacks": len(self.callbacks),
            "successes": sum("checklists" in callback["body"] for callback in self.callbacks),
            "longest_gap_s": round(self.gap_s, 2),
        }

    def not_called_back_once(self) -> dict[str, int]:
        """Return the number of callbacks of each id that has not exactly one callback, or that the load never sent."""
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
        given = variables() | {
            "AI_SERVER_IMAGE": IMAGE,
            "BACKEND_CALLBACK_BASE_URL": f"http://{GATEWAY}:{BACKEND}/api",
            "CHROMADB_URL": "",
            "VLLM_BASE_URL": f"http://{GATEWAY}:{VLLM}/v1",
        }
        address = ADDRESSES[number % len(ADDRESSES)]
        self.machine(
            "docker", "run", "--detach", "--name", f"server-{number}", "--network", "servers", "--ip", address,
            "--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--stop-timeout", str(grace_s()),
            *(f"--env={name}={value}" for name, value in (given | settings).items()), IMAGE,
        )  # fmt: skip
        self.machine.wait_for(8000, "/readyz", 60, address)

    def stop(self, number: int) -> None:
        """Stop a server, which must end by itself."""
        name = f"server-{number}"
        self.machine("docker", "stop", name)
        code = self.machine("docker", "inspect", "--format", "{{.State.ExitCode}}", name).strip()
        assert code == "0", f"{name}: exit code {code}\n{self.machine.run('docker', 'logs', name).stdout[-3000:]}"

    def memory_mib(self, number: int) -> float:
        """Return the resident memory of a server, which is one process while it makes checklists."""
        pid = self.machine("docker", "inspect", "--format", "{{.State.Pid}}", f"server-{number}").strip()
        lines = self.machine("cat", f"/proc/{pid}/status").splitlines()
        (kib,) = (line.split()[1] for line in lines if line.startswith("VmRSS:"))
        return int(kib) / 1024

    def use_token(self, token: str) -> None:
        """Let callers send this token from their next request on."""
        self.machine("sh", "-c", f"cat >{_TOKEN_FILE}.new; mv {_TOKEN_FILE}.new {_TOKEN_FILE}", stdin=token)

    def plan(self, port: int, *faults: dict[str, object]) -> None:
        """Plan faults of a fake; without faults the fake answers normally."""
        self.machine("curl", "--fail", "--silent", "--data", json.dumps(faults), f"http://127.0.0.1:{port}/fake/plan")

    def callbacks(self, prefix: str) -> list[dict[str, Any]]:
        """Return the callbacks of a load that the backend has recorded so far."""
        callbacks = json.loads(self.machine.wait_for(BACKEND, "/fake/callbacks"))
        return [callback for callback in callbacks if callback["id"].startswith(f"{prefix}-")]

    def working(self, number: int) -> int:
        """Return the number of checklists that a server is working on."""
        metrics = self.machine.wait_for(8000, "/metrics", host=ADDRESSES[number % len(ADDRESSES)]).decode()
        found = re.search(r'^ai_jobs\{product="checklist",state="working"\} (\S+)$', metrics, re.MULTILINE)
        return int(float(found[1])) if found else 0

    def attempts(self, prefix: str) -> list[tuple[str, str]]:
        """Return id and key of every attempt of a callback of a load, including failed attempts."""
        calls = json.loads(self.machine.wait_for(BACKEND, "/fake/calls"))
        attempts = [(call["path"].split("/")[-2], call["headers"]["idempotency-key"]) for call in calls]
        return [(name, key) for name, key in attempts if name.startswith(f"{prefix}-")]

    @contextmanager
    def load(self, prefix: str) -> Iterator[Outcome]:
        """Send requests during the block; after it the outcome has everything except the callbacks."""
        outcome, pipe = Outcome(), subprocess.PIPE
        program = Path(__file__).with_name("load.py")
        command = (sys.executable, program, str(_PER_SECOND), prefix, _TOKEN_FILE, *ADDRESSES)
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
        """Begin to stop Docker, as systemd does when a VM is deleted."""
        self.machine("sh", "-c", "kill -TERM $(cat /run/docker.pid)")


@contextmanager
def run_fleet(archive: Path, latency_s: float) -> Iterator[Fleet]:
    """
    Run a machine with the fakes on it, and no server yet, until the end of the block.

    Args:
        archive: the AI server's image for `docker load`; the fakes run in this image too.
        latency_s: seconds until an answer of vLLM.
    """
    given = variables()
    fakes = {
        "vllm": ["--port", str(VLLM), "--key", given["VLLM_API_KEY"], "--latency-s", str(latency_s)],
        "backend": ["--port", str(BACKEND), "--token", given["BACKEND_INTERNAL_TOKEN"]],
    }
    package = "tests/support/app_fakes"
    with dockerd() as machine:
        loaded = machine("docker", "load", "--quiet", "--input", archive).split()[-1]
        machine("docker", "tag", loaded, IMAGE)
        # The bridge connects the servers and the machine, and needs no further function.
        machine("docker", "network", "create", "--subnet", "172.30.0.0/24", "--gateway", GATEWAY, "servers")
        for name, arguments in fakes.items():
            # The stop signal of the fakes has no effect on them, so that they run until the machine ends.
            machine(
                "docker", "run", "--detach", "--name", name, "--network", "host", "--stop-signal", "URG",
                "--stop-timeout", str(grace_s()), "--volume", f"{ROOT}/{package}:/app/{package}:ro", IMAGE,
                "python", "-m", f"tests.support.app_fakes.{name}", *arguments,
            )  # fmt: skip
        machine.wait_for(VLLM, "/health", 30)
        machine.wait_for(BACKEND, "/fake/callbacks", 30)
        running = Fleet(machine)
        running.use_token(OLD_TOKEN)
        yield running
