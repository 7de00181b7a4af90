"""
A row of the table of limits: resident memory of the server with its renderers, and the slowest `/health`.

    with server() as pid, watch(pid) as watched:
        ...                                  # requests
    row = watched.row("1", "50 failing contracts", "50 answered 400")
"""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bench.health_requests import probe_latency

_PERIOD_S: Final = 0.05
_MIB: Final = 2**20
_PAGE_BYTES: Final = 4096
_HEADER: Final = (
    "| row | what | RSS before, MiB | after | peak | worst /health, ms | result |\n|---|---|---|---|---|---|---|"
)


@dataclass(frozen=True)
class Row:
    """
    The figures of one row of the table of limits.

    Args:
        number: number of the row.
        subject: what the server had to do.
        before_mib: resident memory before, without renderers.
        after_mib: resident memory afterwards.
        peak_mib: largest resident memory meanwhile, with renderers.
        worst_health_ms: slowest answer of `/health` meanwhile.
        result: what the callers got.
    """

    number: str
    subject: str
    before_mib: float
    after_mib: float
    peak_mib: float
    worst_health_ms: float
    result: str

    def __str__(self) -> str:
        """Return the row of the table."""
        memory = f"{self.before_mib:.0f} | {self.after_mib:.0f} | {self.peak_mib:.0f}"
        return f"| {self.number} | {self.subject} | {memory} | {self.worst_health_ms:.0f} | {self.result} |"


@dataclass
class Watched:
    """The figures of a server during a block, complete after the block."""

    pid: int
    before_mib: float
    peak_mib: float = 0
    after_mib: float = 0
    latencies_ms: list[float] = field(default_factory=list)

    def row(self, number: str, subject: str, result: str) -> Row:
        """Return the row with these figures."""
        worst_ms = max(self.latencies_ms)
        return Row(number, subject, self.before_mib, self.after_mib, self.peak_mib, worst_ms, result)


@contextmanager
def watch(pid: int) -> Iterator[Watched]:
    """Measure a server during the block: its memory 20 times a second, and `/health` 200 times a second."""
    watched = Watched(pid, rss_mib(pid))
    done = threading.Event()

    def sample() -> None:
        while not done.wait(_PERIOD_S):
            watched.peak_mib = max(watched.peak_mib, rss_mib(pid))

    sampler = threading.Thread(target=sample)
    sampler.start()
    try:
        with probe_latency() as latencies_ms:
            yield watched
            watched.after_mib = rss_mib(pid)
    finally:
        done.set()
        sampler.join()
    watched.latencies_ms = latencies_ms


def print_table(rows: Iterable[Row]) -> None:
    """Print the table, each row as soon as it is measured."""
    print(_HEADER, flush=True)
    for row in rows:
        print(row, flush=True)


def rss_mib(pid: int) -> float:
    """Return the resident memory of a process and its child processes."""
    total_bytes = 0
    for process in (pid, *_children(pid)):
        with suppress(FileNotFoundError, ProcessLookupError):  # a child may end meanwhile
            total_bytes += int(Path(f"/proc/{process}/statm").read_text().split()[1]) * _PAGE_BYTES
    return total_bytes / _MIB


def _children(pid: int) -> list[int]:
    children: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):
            children += map(int, (task / "children").read_text().split())
    return children
