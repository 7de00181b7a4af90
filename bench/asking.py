"""Asks the AI server for `/health`: as often as it answers, or now and then with a clock."""

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
_EVERY_S: Final = 0.005
_REQUEST: Final = b"GET /health HTTP/1.1\r\nHost: bench\r\n\r\n"
_BODY: Final = b'{"status":"ok"}'


def rate(seconds: int) -> tuple[float, str]:
    """Answers a second over kept-alive connections, and what asked, in a process of its own: Debian's wrk if it can."""
    if not shutil.which("wrk"):
        with multiprocessing.Pool(1) as pool:
            return pool.apply(_asked, (seconds,)), "bench/asking.py"
    command = ["wrk", "-t1", f"-c{_CONNECTIONS}", f"-d{seconds}s", f"http://127.0.0.1:{PORT}/health"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in said or "Socket errors" in said:
        raise SystemExit(said)
    return float(re.findall(r"^Requests/sec: +(\S+)", said, re.MULTILINE)[0]), "wrk"


class _Asking(asyncio.Protocol):
    """A connection that asks again as soon as it was answered."""

    def __init__(self) -> None:
        self.count = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)
        self._transport.write(_REQUEST)

    def data_received(self, data: bytes) -> None:
        if data.endswith(_BODY):
            self.count += 1
            self._transport.write(_REQUEST)


def _asked(seconds: int) -> float:
    async def ask() -> float:
        loop = asyncio.get_running_loop()
        made = [await loop.create_connection(_Asking, "127.0.0.1", PORT) for _ in range(_CONNECTIONS)]
        await asyncio.sleep(seconds)
        return sum(asking.count for _, asking in made) / seconds

    uvloop.install()
    return asyncio.run(ask())


@contextmanager
def probed() -> Iterator[list[float]]:
    """Ask 200 times a second meanwhile, in another process; afterwards the list has the milliseconds of all answers."""
    done = multiprocessing.Event()
    there, here = multiprocessing.Pipe()
    probe = multiprocessing.Process(target=_probe, args=(done, there))
    probe.start()
    there.close()
    latencies_ms: list[float] = []
    try:
        yield latencies_ms
    finally:
        done.set()
        latencies_ms += here.recv()
        probe.join()


def _probe(done: Event, results: "Connection[list[float], None]") -> None:
    latencies_ms = []
    with socket.create_connection(("127.0.0.1", PORT), timeout=30) as connection:
        while not done.wait(_EVERY_S):
            began_s = time.perf_counter()
            connection.sendall(_REQUEST)
            answer = b""
            while not answer.endswith(_BODY):
                answer += connection.recv(4096)
            latencies_ms.append((time.perf_counter() - began_s) * 1000)
    results.send(latencies_ms)


def p99(values: list[float]) -> float:
    """What one of a hundred is above."""
    return statistics.quantiles(values, n=100)[98]
