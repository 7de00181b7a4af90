"""
Hostile and many callers of the AI server: rows 2, 4, 6 and 9 of the table of limits, for bench/app.py.

A rate is open-loop: requests are sent at their time, also while the server is late, and a latency begins at that time.
"""

import asyncio
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parent.parent))

import aiohttp

from bench import app_probe
from bench.app_probe import Row, Watched, print_table
from bench.app_processes import SERVER, fake, processor_s, server
from bench.health_requests import PORT, p99

HEADER_BYTES: Final = 150 * 2**20
PIPELINED: Final = 400_000
SILENT_UPLOADS: Final = 20
RATES: Final = (50, 100, 200, 400)  # checklists a second
RATE_S: Final = 10
LLM_S: Final = 0.2  # the 64 places of vLLM serve 320 a second
CALLERS: Final = 100
_GET: Final = b"GET /health HTTP/1.1\r\nHost: bench\r\n\r\n"
_UPLOAD: Final = (
    b"POST /api/easycontract/sync HTTP/1.1\r\nHost: bench\r\nContent-Length: %d\r\n"
    b"Content-Type: multipart/form-data; boundary=x\r\n\r\n"
)
_TIMEOUT_S: Final = 60


@contextmanager
def watch(pid: int) -> Iterator[Watched]:
    """Measure a server during the block, with a second before and after it, in which `/health` is measured too."""
    with app_probe.watch(pid) as watched:
        time.sleep(1)
        yield watched
        time.sleep(1)


def rows() -> Iterator[Row]:
    """Yield the rows of this module."""
    yield row_2_header()
    yield row_2_pipelined()
    yield row_4()
    yield from row_6()
    yield row_9()


@contextmanager
def _connection() -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", PORT), timeout=_TIMEOUT_S) as connection:
        yield connection


def _received(connection: socket.socket) -> bytes:
    """Return what the server sends until it closes the connection, without the middle of a long answer."""
    received = b""
    with suppress(ConnectionResetError):
        while part := connection.recv(2**20):
            received = received[:100] + part
    return received


def row_2_header() -> Row:
    """Send a header of 150 MiB."""
    with server() as pid, watch(pid) as watched, _connection() as connection:
        started_s = time.perf_counter()
        connection.sendall(b"GET /health HTTP/1.1\r\nX: ")
        with suppress(ConnectionError):
            for _ in range(HEADER_BYTES // 2**20):
                connection.sendall(b"x" * 2**20)
        status = _received(connection)[9:12].decode() or "closed"
        duration_s = time.perf_counter() - started_s
    return watched.row("2", "a header of 150 MiB", f"{status} after {duration_s:.2f} s")


def row_2_pipelined() -> Row:
    """Send 400,000 requests without reading, until the server stops to read or closes the connection."""
    with server() as pid, watch(pid) as watched, _connection() as connection:
        started_s, sent = time.perf_counter(), 0
        connection.setblocking(False)
        data = memoryview(_GET * PIPELINED)
        with suppress(ConnectionError):
            while sent < len(data):
                with suppress(BlockingIOError):
                    sent += connection.send(data[sent : sent + 2**20])
                time.sleep(0.001)
        duration_s = time.perf_counter() - started_s
    result = f"{sent // len(_GET):,} sent, closed after {duration_s:.1f} s"
    return watched.row("2", f"{PIPELINED:,} pipelined GETs, answers unread", result)


def row_4() -> Row:
    """Announce uploads of 50 MiB that never come, and upload a file meanwhile."""
    with server() as pid, watch(pid) as watched:
        silent = [socket.create_connection(("127.0.0.1", PORT), timeout=_TIMEOUT_S) for _ in range(SILENT_UPLOADS)]
        for connection in silent:
            connection.sendall(_UPLOAD % (50 * 2**20))
        time.sleep(0.2)
        started_s = time.perf_counter()
        with _connection() as connection:
            connection.sendall(_UPLOAD % 2**20 + bytes(2**20))
            status = connection.recv(2**16)[9:12].decode()
        duration_s = time.perf_counter() - started_s
        ends = {_received(connection)[9:12].decode() for connection in silent}
        silent_s = time.perf_counter() - started_s
        for connection in silent:
            connection.close()
    result = f"an upload of 1 MiB: {status} after {duration_s:.2f} s; silent ones: {ends} after {silent_s:.1f} s"
    return watched.row("4", f"{SILENT_UPLOADS} uploads of 50 MiB that send nothing", result)


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


def row_6() -> Iterator[Row]:
    """Send checklists at rates that the server can and cannot serve; yield a row for each rate."""
    for rate in RATES:
        with _checklist_server() as pid, watch(pid) as watched:
            load = asyncio.run(_open_loop(rate, RATE_S))
            time.sleep(LLM_S + 1)
        cost = f"; {_processor_ms():.2f} ms of processor a checklist" if rate == RATES[0] else ""
        yield watched.row("6", f"{rate} checklists a second", f"{load}{cost}")


def _processor_ms() -> float:
    """Return the processor time of an accepted checklist with its callback, without the probes of `/health`."""
    with _checklist_server() as pid:
        before_s = processor_s(pid)
        load = asyncio.run(_open_loop(RATES[0], RATE_S))
        time.sleep(LLM_S + 1)
        return (processor_s(pid) - before_s) / len(load.accepted_ms) * 1000


@contextmanager
def _checklist_server() -> Iterator[int]:
    """Run the server and its fakes, after requests that open connections and fill caches."""
    with fake("vllm", "--latency-s", str(LLM_S)), fake("backend"), server() as pid:
        asyncio.run(_open_loop(20, 2))
        time.sleep(LLM_S + 1)
        yield pid


def _jobs(product: str, connection: socket.socket) -> float:
    connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n")
    received = b""
    while part := connection.recv(2**16):
        received += part
    lines = received.decode().splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith(f'ai_jobs{{product="{product}"'))


def _wait_for_jobs(product: str) -> float:
    """Wait until the server has no job of a product, and return the seconds."""
    started_s = time.perf_counter()
    while time.perf_counter() - started_s < _TIMEOUT_S:
        with _connection() as connection:
            if not _jobs(product, connection):
                break
        time.sleep(0.05)
    return time.perf_counter() - started_s


def row_9() -> Row:
    """Let a hundred callers of a checklist leave, and stop the server in half a body."""
    with fake("vllm", "--latency-s", str(_TIMEOUT_S)), fake("backend"), server() as pid, watch(pid) as watched:
        body = b'{"keywords": ["a"]}'
        post = b"POST /api/checklists/sync HTTP/1.1\r\nHost: bench\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        callers = [socket.create_connection(("127.0.0.1", PORT), timeout=_TIMEOUT_S) for _ in range(CALLERS)]
        for caller in callers:
            caller.sendall(post)
        time.sleep(1)
        for caller in callers:
            caller.close()
        left_s = _wait_for_jobs("checklist")
    status = _status_of_half_a_body()
    result = f"no job {left_s:.2f} s after the callers left; half a body at the end: {status}"
    return watched.row("9", f"{CALLERS} callers of /api/checklists/sync who leave", result)


def _status_of_half_a_body() -> str:
    with server(DRAIN_SEC="0", FINISH_SEC="0") as pid, _connection() as connection:
        connection.sendall(b"POST /api/checklists/7 HTTP/1.1\r\nHost: bench\r\nContent-Length: 100\r\n\r\n{")
        time.sleep(0.2)
        subprocess.run(["kill", f"-{signal.SIGTERM.value}", str(pid)], check=True)
        return _received(connection)[9:12].decode()


if __name__ == "__main__":
    print_table(rows())
