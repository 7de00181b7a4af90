"""Connections that wait for their first or next request, over sockets of this computer."""

import gc
import socket
import time
import tracemalloc
from contextlib import ExitStack

import pytest

from tests.unit.app.raw_connections import GET, KIB, LONG_S, SILENT_S, Echo, Hasty, answer_of, answers, connection


def test_idle_connection_is_kept_for_its_own_time() -> None:
    """A connection that had an answer waits longer for its next request than a new one for its first."""
    with connection(Echo(), keep_alive_s=5 * SILENT_S) as caller:
        for _ in range(2):
            assert answer_of(caller, GET).startswith(b"HTTP/1.1 200 OK")
            time.sleep(1.5 * SILENT_S)
        started = time.monotonic()
        assert answers(caller) == b""
        assert time.monotonic() - started >= SILENT_S


@pytest.mark.parametrize("started", [b"GET / HT", b"\r\n"], ids=["half", "blank line"])
def test_request_that_begins_on_a_kept_connection_has_the_limit(started: bytes) -> None:
    """From its first byte on, the next request of a kept connection has the time limit of the first request."""
    with connection(Echo(), keep_alive_s=LONG_S) as caller:
        assert answer_of(caller, GET).startswith(b"HTTP/1.1 200 OK")
        time.sleep(2 * SILENT_S)
        caller.sendall(started)
        began_s = time.monotonic()
        assert answers(caller) == b""
        assert SILENT_S * 0.9 <= time.monotonic() - began_s < LONG_S / 2


def test_body_after_the_answer_keeps_the_connection() -> None:
    """A caller whose request is answered before its body is complete keeps the connection once it has sent the body."""
    with connection(Hasty(), keep_alive_s=LONG_S) as caller:
        assert answer_of(caller, b"POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\nab").startswith(b"HTTP/1.1 413")
        caller.sendall(b"cd")
        time.sleep(3 * SILENT_S)
        assert answer_of(caller, GET).startswith(b"HTTP/1.1 413")


def test_idle_connections_hold_no_request() -> None:
    """Headers, body and received bytes of an answered request are free, while the caller keeps the connection."""
    post = (
        b"POST / HTTP/1.1\r\nX: " + b"x" * 60 * KIB + b"\r\nContent-Length: %d\r\n\r\n" % (900 * KIB) + b"x" * 900 * KIB
    )
    with connection(Echo(), silent_s=LONG_S, keep_alive_s=LONG_S) as first, ExitStack() as others:
        answer_of(first, post)
        tracemalloc.start()
        others.callback(tracemalloc.stop)
        for _ in range(10):
            other = others.enter_context(socket.create_connection(first.getpeername(), timeout=20))
            assert answer_of(other, post).endswith(b"921600")
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] < 10 * 32 * KIB


def test_oldest_connection_without_a_request_ends_for_a_new_one() -> None:
    """Above the limit the connection whose header block is incomplete for the longest time ends, and no other."""
    app = Echo(answer_s=SILENT_S)
    with connection(app, silent_s=LONG_S, keep_alive_s=LONG_S, waiting=3) as idle, ExitStack() as sockets:
        answer_of(idle, GET)
        busy = sockets.enter_context(socket.create_connection(idle.getpeername(), timeout=20))
        busy.sendall(GET)
        while app.requests < 2:
            time.sleep(0.01)
        half = [sockets.enter_context(socket.create_connection(idle.getpeername(), timeout=20)) for _ in range(5)]
        for caller in half:
            caller.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
        assert [answers(caller) for caller in half[:2]] == [b"", b""]
        for caller in half[2:]:
            caller.sendall(b"\r\n")
            assert caller.recv(2**16).startswith(b"HTTP/1.1 200 OK")
        assert busy.recv(2**16).startswith(b"HTTP/1.1 200 OK")
        assert answer_of(idle, GET).startswith(b"HTTP/1.1 200 OK")


def test_kept_connection_that_begins_a_request_counts_again() -> None:
    """Half a second request waits like half a first one."""
    with connection(Echo(), silent_s=LONG_S, keep_alive_s=LONG_S, waiting=1) as first:
        answer_of(first, GET)
        first.sendall(b"GET")
        with socket.create_connection(first.getpeername(), timeout=20) as second:
            assert answers(first) == b""
            assert answer_of(second, GET).startswith(b"HTTP/1.1 200 OK")
