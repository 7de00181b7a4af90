"""Checkouts that tests may break, and `./daggerw` in them."""

import os
import re
import shutil
import signal
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.loopback import free_port
from tests.support.programs import ROOT
from tests.support.waiting import wait_until

_CALL_TIMEOUT_S = 900


@dataclass(frozen=True)
class Checkout:
    """A copy of this repository, with the variables that calls in it get, and the calls that were started in it."""

    path: Path
    environment: dict[str, str]
    calls: "list[subprocess.Popen[str]]" = field(default_factory=list)

    def daggerw(self, *args: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        """Run `./daggerw` to its end."""
        process = self.start_daggerw(*args, **environment)
        stdout, stderr = process.communicate(timeout=_CALL_TIMEOUT_S)
        return subprocess.CompletedProcess(args, process.returncode, stdout, stderr)

    def start_daggerw(self, *args: str, **environment: str) -> "subprocess.Popen[str]":
        """Start `./daggerw`, without a credential file of the person at this computer."""
        outside = {name: value for name, value in os.environ.items() if name != "GOOGLE_APPLICATION_CREDENTIALS"}
        process = subprocess.Popen(
            ["./daggerw", *args],
            cwd=self.path,
            env={**outside, **self.environment, **environment, "DAGGER_PROGRESS": "plain", "NO_COLOR": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.calls.append(process)
        return process

    def interrupt_calls(self) -> None:
        """End the calls that a failed test has left: each would hold the lock of the local environment."""
        for call in self.calls:
            if call.poll() is None:
                os.killpg(call.pid, signal.SIGINT)
                call.communicate(timeout=60)

    def replace(self, file: str, old: str, new: str) -> None:
        """Change a file, which must contain `old`."""
        path = self.path / file
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))


def copy_repository(target: Path) -> Checkout:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).exists():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    subprocess.run(["git", "init", "--quiet", "."], cwd=target, check=True)
    return Checkout(target, {})


@contextmanager
def embedded_registry(checkout: Checkout) -> Iterator[str]:
    port = free_port()
    process = checkout.start_daggerw("--silent", "call", "registry", "up", "--ports", f"{port}:5000")
    try:
        wait_until(lambda: answers(f"http://127.0.0.1:{port}/v2/"), 120)
        yield f"127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.communicate(timeout=60)


def pushed(stdout: str, image: str = "dojangkok-ai/ai-server") -> str:
    """Return the reference that a call has pushed."""
    reference = re.search(rf"^registry:5000/{image}@sha256:[0-9a-f]{{64}}$", stdout, re.MULTILINE)
    assert reference, stdout
    return reference[0]


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except OSError:
        return False
