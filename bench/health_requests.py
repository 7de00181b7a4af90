"""Requests for `/health` of the AI server: the highest rate, or the latency at a fixed rate."""

import asyncio
import multiprocessing
import re
import shutil
import socket
import statistics
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from typing import Final, cast

import uvloop

PORT: Final = 8000
_CONNECTIONS: Final = 16
_PERIOD_S: Final = 0.005
_REQUEST: Final = b"GET /health HTTP/1.1\r\nHost: bench\r\n\r\n"
_BODY: Final = b'{"status":"ok"}'


def rate(seconds: int) -> tuple[float, str]:
    """Return answers a second over kept-alive connections, and the client: wrk if it is installed, or this module."""
    if not shutil.which("wrk"):
        with multiprocessing.Pool(1) as pool:
            return pool.apply(_rate, (seconds,)), "bench/health_requests.py"
    command = ["wrk", "-t1", f"-c{_CONNECTIONS}", f"-d{seconds}s", f"http://127.0.0.1:{PORT}/health"]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in output or "Socket errors" in output:
        raise SystemExit(output)
    return float(re.findall(r"^Requests/sec: +(\S+)", output, re.MULTILINE)[0]), "wrk"


class _Requester(asyncio.Protocol):
    """A connection that sends the next request after each answer."""

    def __init__(self) -> None:
        self.count = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)
        self._transport.write(_REQUEST)

    def data_received(self, data: bytes) -> None:
        if data.endswith(_BODY):
            self.count += 1
            self._transport.write(_REQUEST)


def _rate(seconds: int) -> float:
    async def measure() -> float:
        loop = asyncio.get_running_loop()
        connections = [await loop.create_connection(_Requester, "127.0.0.1", PORT) for _ in range(_CONNECTIONS)]
        await asyncio.sleep(seconds)
        return sum(requester.count for _, requester in connections) / seconds

    uvloop.install()
    return asyncio.run(measure())


@contextmanager
def probe_latency() -> Iterator[list[float]]:
    """Send 200 requests a second during the block, in another process; afterwards the list has their milliseconds."""
    done = multiprocessing.Event()
    child_end, parent_end = multiprocessing.Pipe()
    probe = multiprocessing.Process(target=_probe, args=(done, child_end))
    probe.start()
    child_end.close()
    latencies_ms: list[float] = []
    try:
        yield latencies_ms
    finally:
        done.set()
        latencies_ms += parent_end.recv()
        probe.join()


def _probe(done: Event, results: "Connection[list[float], None]") -> None:
    latencies_ms = []
    with socket.create_connection(("127.0.0.1", PORT), timeout=30) as connection:
        while not done.wait(_PERIOD_S):
            started_s = time.perf_counter()
            connection.sendall(_REQUEST)
            answer = b""
            while not answer.endswith(_BODY):
                answer += connection.recv(4096)
            latencies_ms.append((time.perf_counter() - started_s) * 1000)
    results.send(latencies_ms)


def p99(values: list[float]) -> float:
    """Return the 99th percentile."""
    return statistics.quantiles(values, n=100)[98]
