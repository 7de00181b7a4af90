"""
Checklists at open-loop rates: row 6 of the table of limits, for bench/app.py, and the processor time of a checklist.

    .venv/bin/python bench/app_checklists.py

A checklist is a POST with keywords, a call of vLLM, a callback to the backend, and all log lines. Its processor time is
that of the server process during a load, without that of the same server during an equally long time without
checklists; `/health` is read 200 times a second in both. The log file is part of it where /var/log/dojangkok exists.

A rate is open-loop: requests are sent at their time, also while the server is late, and a latency begins at that time.
"""

import asyncio
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parent.parent))

import aiohttp

from bench.app_probe import Row, print_table, watch
from bench.app_processes import SERVER, fake, processor_s, server
from bench.health_requests import p99

RATES: Final = (50, 100, 200, 400)  # checklists a second
LOAD_S: Final = 10
LLM_S: Final = 0.2  # the 64 places of vLLM serve 320 a second
_AFTER_S: Final = LLM_S + 1  # until the last callback
_TIMEOUT_S: Final = 60


@dataclass
class _Load:
    """Latencies of accepted requests, and the number of other answers by status."""

    accepted_ms: list[float] = field(default_factory=list)
    refused_ms: list[float] = field(default_factory=list)
    failed: int = 0

    def __str__(self) -> str:
        accepted = f"p50 {statistics.median(self.accepted_ms):.0f} ms, p99 {p99(self.accepted_ms):.0f} ms"
        refused = f", p99 {p99(self.refused_ms):.0f} ms" if len(self.refused_ms) > 1 else ""
        failed = f", {self.failed} failed" if self.failed else ""
        return f"{len(self.accepted_ms)} accepted: {accepted}; {len(self.refused_ms)} refused{refused}{failed}"


async def _open_loop(rate: int, seconds: int) -> _Load:
    load = _Load()

    async def post(session: aiohttp.ClientSession, number: int, due_s: float) -> None:
        body = {"keywords": ["전세", "반려동물", "근저당"]}
        try:
            async with session.post(f"{SERVER}/api/checklists/bench-{rate}-{number}", json=body) as answer:
                await answer.read()
                latency_ms = (time.perf_counter() - due_s) * 1000
                latencies = {200: load.accepted_ms, 503: load.refused_ms}.get(answer.status)
                if latencies is None:
                    load.failed += 1
                else:
                    latencies.append(latency_ms)
        except (aiohttp.ClientError, asyncio.TimeoutError):
            load.failed += 1

    connector, timeout = aiohttp.TCPConnector(limit=0), aiohttp.ClientTimeout(total=_TIMEOUT_S)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        started_s, posts = time.perf_counter(), []
        for number in range(rate * seconds):
            due_s = started_s + number / rate
            await asyncio.sleep(max(0, due_s - time.perf_counter()))
            posts.append(asyncio.create_task(post(session, number, due_s)))
        await asyncio.gather(*posts)
    return load


def rows() -> Iterator[Row]:
    """Send checklists at rates that the server can and cannot serve; yield a row for each rate."""
    for rate in RATES:
        with _warm_server() as pid, watch(pid) as watched:
            idle_s = _idle_s(pid)
            before_s = processor_s(pid)
            load = asyncio.run(_open_loop(rate, LOAD_S))
            time.sleep(_AFTER_S)
            checklist_ms = (processor_s(pid) - before_s - idle_s) / len(load.accepted_ms) * 1000
        cost = f"; {checklist_ms:.2f} ms of processor a checklist" if not load.refused_ms else ""
        yield watched.row("6", f"{rate} checklists a second", f"{load}{cost}")


def _idle_s(pid: int) -> float:
    """Return the processor time of the server during the length of a load without checklists."""
    before_s = processor_s(pid)
    time.sleep(LOAD_S + _AFTER_S)
    return processor_s(pid) - before_s


@contextmanager
def _warm_server() -> Iterator[int]:
    """Run the server and its fakes, after requests that open connections and fill caches."""
    with fake("vllm", "--latency-s", str(LLM_S)), fake("backend"), server() as pid:
        asyncio.run(_open_loop(20, 2))
        time.sleep(_AFTER_S)
        yield pid


if __name__ == "__main__":
    print_table(rows())
