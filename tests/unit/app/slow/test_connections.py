"""Connections of hostile and of silent callers, over sockets of this computer."""

import json
import logging
import re
import socket
import struct
import time
from contextlib import suppress

import pytest

from tests.unit.app.raw_connections import GET, KIB, LONG_S, SILENT_S, Echo, Hasty, answer_of, answers, connection

CLOSE = b"\r\nConnection: close\r\n"  # in place of the end of the first line of a caller's last request


def send_while_open(caller: socket.socket, data: bytes, times: int) -> None:
    with suppress(BrokenPipeError, ConnectionResetError):
        for _ in range(times):
            caller.sendall(data)


def send_for(caller: socket.socket, data: bytes, longest_s: float, pause_s: float = 0.001) -> tuple[int, bool]:
    """Send the same bytes repeatedly without a wait; return the number of sent bytes, and whether the server reads."""
    caller.setblocking(False)
    sent, deadline = 0, time.monotonic() + longest_s
    while time.monotonic() < deadline:
        try:
            sent += caller.send(data)
        except BlockingIOError:
            pass
        except (BrokenPipeError, ConnectionResetError):
            return sent, False
        time.sleep(pause_s)
    return sent, True


def code(answer: bytes) -> tuple[bytes, str]:
    """Return status line and code of an answer in the envelope of errors."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"connection: close" in head
    return head.partition(b"\r\n")[0], json.loads(body)["detail"]["error"]["code"]


@pytest.mark.parametrize(
    "start",
    [
        b"GET / HTTP/1.1\r\nX: ",
        b"GET /",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX: ",
        GET + b"GET / HTTP/1.1\r\nX: ",
    ],
    ids=["header", "path", "chunk", "trailer", "second request"],
)
def test_endless_header_is_refused(start: bytes) -> None:
    """The server answers 431 after 64 KiB, and closes the connection."""
    app = Echo()
    with connection(app, silent_s=20) as caller:
        caller.sendall(start)
        send_while_open(caller, b"x" * 4 * KIB, 17)
        assert b"431 Request Header Fields Too Large" in (answer := answers(caller))
        assert code(answer[answer.rindex(b"HTTP/1.1") :])[1] == "HEADERS_TOO_LARGE"


def test_header_below_the_limit_is_accepted() -> None:
    """A header block of 63 KiB is accepted, in one part and in many."""
    with connection(Echo(), silent_s=LONG_S, keep_alive_s=LONG_S) as caller:
        head = b"GET / HTTP/1.1\r\nX: " + b"x" * 63 * KIB + b"\r\n\r\n"
        assert answer_of(caller, head).startswith(b"HTTP/1.1 200 OK")
        head = head.replace(b"\r\n", CLOSE, 1)
        for start in range(0, len(head), 1000):
            caller.sendall(head[start : start + 1000])
        assert answers(caller).startswith(b"HTTP/1.1 200 OK")


def test_body_may_be_larger_than_a_header() -> None:
    """The limit of a header does not apply to bodies, also not to many bodies of one connection."""
    with connection(Echo(), silent_s=LONG_S) as caller:
        body = b"x" * 300 * KIB
        post = b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(body) + body
        chunked = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
        caller.sendall(post * 3 + chunked * 2 + chunked.replace(b"\r\n", CLOSE, 1))
        assert answers(caller).count(b"307200") == 6


def test_pipelined_requests_are_answered_in_order() -> None:
    """All requests of a caller who sends them at once have their answer."""
    app = Echo()
    posts = [b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size for size in range(400)]
    with connection(app, silent_s=LONG_S) as caller:
        caller.sendall(b"".join(posts[:-1]) + posts[-1].replace(b"\r\n", CLOSE, 1))
        received = answers(caller).decode()
    assert [int(part.partition("HTTP/")[0]) for part in received.split("\r\n\r\n")[1:]] == list(range(400))


def test_unread_answers_stop_the_reading() -> None:
    """The server reads no more requests of a caller who reads no answers, and ends the connection."""
    app = Echo(answer_bytes=100 * KIB)
    with connection(app, keep_alive_s=LONG_S) as caller:
        sent, is_open = send_for(caller, GET * 1000, LONG_S / 2)
    assert not is_open
    assert app.requests < 100
    assert sent < 10_000_000


def test_pipelined_requests_wait_unparsed() -> None:
    """While the server works on a request, the next ones wait outside of the parser, and few are read."""
    app = Echo(answer_s=LONG_S)
    with connection(app, silent_s=LONG_S) as caller:
        sent, is_open = send_for(caller, GET * 1000, 0.25)
    assert is_open
    assert app.requests <= 1
    assert sent < 10_000_000


@pytest.mark.parametrize(
    "sent",
    [b"", b"GET / HTTP/1.1\r\nHo", GET, GET + b"GET / HT", b"\r\n"],
    ids=["nothing", "half", "idle", "half second", "blank line"],
)
def test_silent_connection_ends(sent: bytes) -> None:
    """A connection without a complete request ends after the time limit, however long idle connections are kept."""
    with connection(Echo(), keep_alive_s=SILENT_S if sent == GET else LONG_S) as caller:
        caller.sendall(sent)
        started = time.monotonic()
        assert answers(caller).count(b"200 OK") == sent.count(GET)
        assert time.monotonic() - started >= SILENT_S * 0.9


def test_dripping_header_ends() -> None:
    """Single bytes of a header do not extend the time limit."""
    with connection(Echo()) as caller:
        caller.sendall(b"GET / HTTP/1.1\r\nX: ")
        assert send_for(caller, b"x", 20, pause_s=0.05)[1] is False


def test_dripping_body_after_the_answer_ends() -> None:
    """A caller whose request is answered before its body is complete has the time limit too."""
    with connection(Hasty(), keep_alive_s=LONG_S) as caller:
        caller.sendall(b"POST / HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n")
        assert send_for(caller, b"x", 20, pause_s=0.05)[1] is False


def test_slow_answer_is_not_silence() -> None:
    """The time limit does not apply while the server works."""
    with connection(Echo(answer_s=3 * SILENT_S)) as caller:
        caller.sendall(GET)
        assert answers(caller).count(b"200 OK") == 1


def test_request_that_is_not_http_has_the_envelope() -> None:
    """Bytes that are not HTTP get 400 in the envelope of errors."""
    with connection(Echo(), silent_s=LONG_S) as caller:
        caller.sendall(b"nonsense\r\n\r\n")
        assert code(answers(caller)) == (b"HTTP/1.1 400 Bad Request", "INVALID_INPUT")


@pytest.mark.parametrize(
    ("sent", "status"),
    [(b"nonsense\r\n\r\n", b"400"), (b"GET / HTTP/1.1\r\nX-Request-ID: a7\r\nX: " + b"x" * 64 * KIB, b"431")],
    ids=["400", "431"],
)
def test_refused_connection_has_an_id_that_its_log_line_has(
    sent: bytes, status: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """The id is that of the caller if its header was complete, else a new one."""
    caplog.set_level(logging.INFO)
    with connection(Echo(), silent_s=LONG_S) as caller:
        caller.sendall(sent)
        answer = answers(caller)
    assert answer.startswith(b"HTTP/1.1 " + status)
    (request_id,) = re.findall(rb"(?i)\r\nx-request-id: ([0-9a-f]+)\r\n", answer)
    assert len(request_id) == 32 if status == b"400" else request_id == b"a7"
    assert request_id.decode() in [getattr(record, "request_id", "") for record in caplog.records]


@pytest.mark.parametrize("requests", [1, 3], ids=["one request", "pipelined requests"])
def test_caller_that_aborts_with_an_unread_answer_is_no_error(requests: int, caplog: pytest.LogCaptureFixture) -> None:
    """No request writes to a connection that is lost, also not the first one of several."""
    app = Echo(answer_bytes=8000 * KIB)
    with connection(app, silent_s=LONG_S) as caller:
        caller.sendall(GET * requests)
        caller.recv(1)
        caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        caller.close()
        time.sleep(SILENT_S)
    assert app.requests >= 1
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []


def test_trailer_is_no_header() -> None:
    """The fields after a chunked body are no headers of the request, such as its token."""
    app = Echo()
    with connection(app, silent_s=LONG_S) as caller:
        post = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nAuthorization: a\r\n\r\n"
        assert b"200 OK" in answer_of(caller, post)
    assert app.headers == [(b"transfer-encoding", b"chunked")]


def test_running_request_gets_no_error_of_the_next_one() -> None:
    """Bytes that are not HTTP end the connection, without an answer that the caller would take for the first one."""
    with connection(Echo(answer_s=1), silent_s=LONG_S) as caller:
        caller.sendall(GET + b"nonsense\r\n\r\n")
        assert answers(caller) == b""


def test_broken_body_gets_the_error() -> None:
    """A request whose own body is broken gets 400."""
    with connection(Echo(), silent_s=LONG_S) as caller:
        caller.sendall(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n")
        assert code(answers(caller)) == (b"HTTP/1.1 400 Bad Request", "INVALID_INPUT")
