"""
An open-loop load by vegeta: requests come at a constant rate, however slow the answers are; none is repeated.

vegeta writes its results to a file, which is read after the load, so that the reading takes no processor time from the
servers.
"""

import json
import signal
import subprocess
import threading
from array import array
from collections.abc import Iterable, Iterator, Sequence
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
        numbers: vegeta's number of each request; the first has 0.
        times: time of each request, in seconds since the epoch.
        latencies: seconds until each answer.
        urls: URL of each request that was answered as it must be, for kinds whose requests differ.
        lost: time and reason of each request without the right answer; the reasons of the first 50 only.
        problem: why the load itself failed, or was not counted as a whole; empty if it was.
    """

    kind: Kind
    numbers: "array[int]" = field(default_factory=lambda: array("Q"))
    times: "array[float]" = field(default_factory=lambda: array("d"))
    latencies: "array[float]" = field(default_factory=lambda: array("f"))
    urls: list[str] = field(default_factory=list)
    lost: list[tuple[float, str]] = field(default_factory=list)
    problem: str = ""

    def add_all(self, lines: Iterable[bytes]) -> None:
        """Check and count the results of vegeta; the problem says whether one is missing or unreadable."""
        try:
            for line in lines:
                self._add(line)
        except (KeyError, TypeError, ValueError) as error:
            self.problem = f"{self.kind.name}: result {len(self.times)} of vegeta is unreadable: {error!r}"
        if not self.problem and sorted(self.numbers) != list(range(len(self.numbers))):
            highest = max(self.numbers)
            self.problem = f"{self.kind.name}: {len(self.numbers)} results of requests 0 to {highest}"

    def _add(self, line: bytes) -> None:
        row = json.loads(line)
        at = datetime.fromisoformat(row["timestamp"]).timestamp()
        self.numbers.append(row["seq"])
        self.times.append(at)
        self.latencies.append(row["latency"] / _NS)
        reason = wrong(self.kind, row)
        if reason:
            self.lost.append((at, f"{row['url']}: {reason}" if len(self.lost) < _SAMPLES else ""))
        elif not self.kind.is_endless:
            self.urls.append(row["url"])


class _Attack:
    """A running vegeta, and the source of its requests."""

    def __init__(self, kind: Kind, vegeta: Path, folder: Path) -> None:
        self.results = Results(kind)
        name = kind.name.replace(" ", "-")
        self._vegeta, self._file, self._log = vegeta, folder / f"{name}.gob", folder / f"{name}.log"
        given: list[str | Path] = ["-lazy"]
        if kind.is_endless:
            file = folder / f"{name}.json"
            file.write_bytes(b"".join(targets(kind)))
            given = ["-targets", file]
        with self._log.open("w") as log:
            self._attack = subprocess.Popen(
                [
                    vegeta, "attack", "-format=json", *given, "-rate", kind.rate, "-duration=0",
                    f"-keepalive={'true' if kind.keeps else 'false'}", f"-timeout={_TIMEOUT_S}s", "-redirects=-1",
                    "-http2=false", f"-output={self._file}",
                ],
                stdin=subprocess.DEVNULL if kind.is_endless else subprocess.PIPE, stderr=log, bufsize=0,
            )  # fmt: skip
        self._feeder = threading.Thread(target=self._feed, daemon=True)
        self._feeder.start()

    def _feed(self) -> None:
        """Send vegeta the requests that differ, until it ends."""
        if self._attack.stdin is None:
            return
        with suppress(BrokenPipeError), self._attack.stdin as stdin:
            for line in targets(self.results.kind):
                stdin.write(line)

    def stop(self) -> None:
        """Send no more requests."""
        self._attack.send_signal(signal.SIGINT)

    def finish(self) -> None:
        """Wait for the answers to all requests, and count them."""
        code = self._attack.wait(_END_S)
        self._feeder.join(_END_S)
        with self._log.open("a") as log:
            command: list[str | Path] = [self._vegeta, "encode", "-to=json", self._file]
            with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log) as encoder:
                assert encoder.stdout
                self.results.add_all(encoder.stdout)
        if (code or encoder.returncode) and not self.results.problem:
            self.results.problem = f"{self.results.kind.name}: {self._log.read_text()[-1000:]}"
        self._file.unlink()

    def kill(self) -> None:
        """End the process, whatever it does."""
        self._attack.kill()


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
