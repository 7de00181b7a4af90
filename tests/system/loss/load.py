"""An open-loop load by vegeta: requests come at a constant rate, however slow the answers are; none is repeated."""

import json
import signal
import subprocess
import threading
from array import array
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from tests.system.loss.traffic import Kind, targets, wrong

_TIMEOUT_S: Final = 120
_END_S: Final = 180
_SAMPLES: Final = 50
_NS: Final = 1_000_000_000


@dataclass
class Results:
    """
    The results of a kind of requests.

    Args:
        times: time of each request, in seconds since the epoch.
        latencies: seconds until each answer.
        urls: URL of each request that was answered as it must be, for kinds whose requests differ.
        lost: time and reason of each request without the right answer; the reasons of the first 50 only.
        problem: why the load itself failed; empty if it did not.
    """

    kind: Kind
    times: "array[float]" = field(default_factory=lambda: array("d"))
    latencies: "array[float]" = field(default_factory=lambda: array("f"))
    urls: list[str] = field(default_factory=list)
    lost: list[tuple[float, str]] = field(default_factory=list)
    problem: str = ""

    def add(self, line: bytes) -> None:
        """Check a result of vegeta, and count it."""
        row = json.loads(line)
        at = datetime.fromisoformat(row["timestamp"]).timestamp()
        self.times.append(at)
        self.latencies.append(row["latency"] / _NS)
        reason = wrong(self.kind, row)
        if reason:
            self.lost.append((at, f"{row['url']}: {reason}" if len(self.lost) < _SAMPLES else ""))
        elif not self.kind.is_endless:
            self.urls.append(row["url"])


class _Attack:
    """A running vegeta, its source of requests, and the reader of its results."""

    def __init__(self, kind: Kind, vegeta: Path, folder: Path) -> None:
        self.results = Results(kind)
        pipe = subprocess.PIPE
        given: list[str | Path] = ["-lazy"]
        if kind.is_endless:
            file = folder / f"{kind.name.replace(' ', '-')}.json"
            file.write_bytes(b"".join(targets(kind)))
            given = ["-targets", file]
        self._log = folder / f"{kind.name.replace(' ', '-')}.log"
        with self._log.open("w") as log:
            self._attack = subprocess.Popen(
                [
                    vegeta, "attack", "-format=json", *given, "-rate", kind.rate, "-duration=0",
                    f"-keepalive={'true' if kind.keeps else 'false'}", f"-timeout={_TIMEOUT_S}s", "-redirects=-1",
                    "-http2=false",
                ],
                stdin=pipe, stdout=pipe, stderr=log,
            )  # fmt: skip
            self._encode = subprocess.Popen(
                [vegeta, "encode", "-to", "json"], stdin=self._attack.stdout, stdout=pipe, stderr=log
            )
        self._threads = [threading.Thread(target=self._read, daemon=True)]
        if not kind.is_endless:
            self._threads.append(threading.Thread(target=self._feed, daemon=True))
        for thread in self._threads:
            thread.start()

    def _feed(self) -> None:
        assert self._attack.stdin
        try:
            for line in targets(self.results.kind):
                self._attack.stdin.write(line)
                self._attack.stdin.flush()
        except (BrokenPipeError, ValueError):
            return

    def _read(self) -> None:
        assert self._encode.stdout
        for line in self._encode.stdout:
            self.results.add(line)

    def stop(self) -> None:
        """Send no more requests."""
        self._attack.send_signal(signal.SIGINT)

    def finish(self) -> None:
        """Wait for the answers to all requests."""
        code = self._attack.wait(_END_S)
        assert self._attack.stdin
        with suppress(BrokenPipeError):
            self._attack.stdin.close()
        self._encode.wait(_END_S)
        for thread in self._threads:
            thread.join(_END_S)
        if code or self._encode.returncode:
            self.results.problem = f"{self.results.kind.name}: {self._log.read_text()[-1000:]}"

    def kill(self) -> None:
        """End the processes, whatever they do."""
        self._attack.kill()
        self._encode.kill()


@contextmanager
def run_load(kinds: Sequence[Kind], vegeta: Path, folder: Path) -> Iterator[list[Results]]:
    """
    Send requests during the block; after it the results are complete.

    Args:
        kinds: kinds of requests.
        vegeta: program.
        folder: folder for its files.
    """
    folder.mkdir()
    with ExitStack() as stack:
        attacks = []
        for kind in kinds:
            attacks.append(_Attack(kind, vegeta, folder))
            stack.callback(attacks[-1].kill)
        yield [attack.results for attack in attacks]
        for attack in attacks:
            attack.stop()
        for attack in attacks:
            attack.finish()
