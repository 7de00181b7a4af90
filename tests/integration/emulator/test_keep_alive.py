"""Idle connections: the server keeps them longer than its clients do."""

import socket
import threading
import time
from collections.abc import Callable, Iterator

import httpx
import pytest
import uvicorn

from emulator.server.configuration import KEEP_ALIVE_S, configuration
from tests.integration.emulator.seeded import opened

REQUEST = b"GET /emulator/clock HTTP/1.1\r\nHost: localhost\r\n\r\n"
Serve = Callable[[int], int]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Return a function that serves an emulator with a keep-alive time and returns the port."""
    stops: list[Callable[[], None]] = []

    def serve_emulator(keep_alive_s: int) -> int:
        listening = socket.create_server(("127.0.0.1", 0))
        server = uvicorn.Server(configuration(opened(), keep_alive_s=keep_alive_s))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()

        def stop() -> None:
            server.should_exit = True
            thread.join(20)
            listening.close()

        stops.append(stop)
        return int(listening.getsockname()[1])

    yield serve_emulator
    for stop in stops:
        stop()


def exchange(connection: socket.socket) -> bytes:
    """Send a request; return the first bytes of its answer, empty if the server has closed the connection."""
    connection.sendall(REQUEST)
    return connection.recv(65_536)


def test_an_idle_connection_within_its_time_is_served(serve: Serve) -> None:
    """A connection that was idle for a second of its minute is served again."""
    with socket.create_connection(("127.0.0.1", serve(60)), timeout=20) as connection:
        assert exchange(connection).startswith(b"HTTP/1.1 200 ")
        time.sleep(1.5)
        assert exchange(connection).startswith(b"HTTP/1.1 200 ")


def test_an_idle_connection_ends_after_its_time(serve: Serve) -> None:
    """A connection with a keep-alive time of one second is closed by the server after that second."""
    with socket.create_connection(("127.0.0.1", serve(1)), timeout=20) as connection:
        assert exchange(connection).startswith(b"HTTP/1.1 200 ")
        assert connection.recv(65_536) == b""


def test_the_server_keeps_idle_connections_longer_than_httpx() -> None:
    """The keep-alive time is a multiple of the time after which httpx gives up an idle connection."""
    expiry_s = httpx.Limits(max_connections=1).keepalive_expiry
    assert expiry_s is not None
    assert configuration(opened()).timeout_keep_alive == KEEP_ALIVE_S >= 10 * expiry_s
