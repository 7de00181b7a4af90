"""Callers of the AI server who send half a request: a part of row 2 of the table of limits, for bench/app.py."""

import resource
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench.app_connections import watch
from bench.app_probe import Row, print_table
from bench.app_processes import server
from bench.health_requests import PORT

CALLERS: Final = 15_000
HEADER_BYTES: Final = 60_000
_OPEN_FILES: Final = 16_384  # as in compose/ai-server; the sockets of the callers are in this process
_TIMEOUT_S: Final = 20


def rows() -> Iterator[Row]:
    """Yield the row of this module."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (_OPEN_FILES, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    half = b"GET /health HTTP/1.1\r\nHost: bench\r\nX: " + b"x" * HEADER_BYTES
    with server() as pid, watch(pid) as watched, ExitStack() as callers:
        for _ in range(CALLERS):
            caller = callers.enter_context(socket.create_connection(("127.0.0.1", PORT), timeout=_TIMEOUT_S))
            with suppress(ConnectionError):
                caller.sendall(half)
        open_files = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    name = f"{CALLERS:,} half-sent requests of {HEADER_BYTES // 1000} KB"
    yield watched.row("2", name, f"{open_files:,} files open at the end")


if __name__ == "__main__":
    print_table(rows())
