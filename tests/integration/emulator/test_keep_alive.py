"""Idle connections: the server keeps them longer than its clients do."""

import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator

import httpx
import pytest
import uvicorn

from emulator.server.configuration import KEEP_ALIVE_S, configuration
from tests.integration.emulator.seeded import opened

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


def connect(port: int) -> http.client.HTTPConnection:
    """Return an open connection, which is never opened again."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.connect()
    connection.auto_open = 0
    return connection


def exchange(connection: http.client.HTTPConnection) -> int:
    """Send a request, and read its answer to the end; return the status."""
    connection.request("GET", "/emulator/clock")
    with connection.getresponse() as answer:
        answer.read()
        return answer.status


def test_an_idle_connection_within_its_time_is_served(serve: Serve) -> None:
    """A connection that was idle for a second of its minute is served again."""
    connection = connect(serve(60))
    assert exchange(connection) == 200
    time.sleep(1.5)
    assert exchange(connection) == 200
    connection.close()


def test_an_idle_connection_ends_after_its_time(serve: Serve) -> None:
    """A connection with a keep-alive time of one second is closed by the server after that second."""
    connection = connect(serve(1))
    assert exchange(connection) == 200
    assert connection.sock.recv(65_536) == b""
    connection.close()


def test_the_server_keeps_idle_connections_longer_than_httpx() -> None:
    """The keep-alive time is a multiple of the time after which httpx gives up an idle connection."""
    expiry_s = httpx.Limits(max_connections=1).keepalive_expiry
    assert expiry_s is not None
    assert configuration(opened()).timeout_keep_alive == KEEP_ALIVE_S >= 10 * expiry_s
