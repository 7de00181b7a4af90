"""Hostile callers of the AI server: rows 2, 4 and 9 of the table of limits, for bench/app.py."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench import app_probe
from bench.app_probe import Row, Watched, print_table
from bench.app_processes import fake, server
from bench.health_requests import PORT

HEADER_BYTES: Final = 150 * 2**20
PIPELINED: Final = 400_000
SILENT_UPLOADS: Final = 20
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
