"""The server on its socket: who may call it, how much it reads, and its answers to bytes that are no HTTP."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime

import pytest
import uvicorn

from emulator.server.configuration import configuration
from tests.integration.emulator.seeded import START_S, opened

PATH = "/compute/v1/projects/p/global/instanceTemplates"
LIMIT = 4096


@pytest.fixture
def port() -> Iterator[int]:
    """Return the port of an emulator that is reached as `emulator` too, and reads bodies of at most 4 KiB."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(configuration(opened(), ["Emulator"], max_body_bytes=LIMIT))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    yield listening.getsockname()[1]
    server.should_exit = True
    thread.join(10)
    listening.close()


def exchange(port: int, sent: bytes, *, half: bytes = b"", ends: bool = True) -> tuple[int, dict[str, str], bytes]:
    """Send bytes, and `half` a body without its end; return status, headers and body of the answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(sent + half)
        if ends and not half:
            connection.shutdown(socket.SHUT_WR)
        file = connection.makefile("rb")
        status = int(file.readline().split()[1])
        headers = {}
        while (line := file.readline().strip()) != b"":
            name, _, value = line.decode().partition(":")
            headers[name.lower()] = value.strip()
        return status, headers, file.read(int(headers["content-length"]))


def request(host: str, *lines: str, verb: str = "GET", path: str = PATH, body: bytes = b"") -> bytes:
    """Return the bytes of a request."""
    head = [f"{verb} {path} HTTP/1.1", *([f"Host: {host}"] if host else []), *lines]
    head += [f"Content-Length: {len(body)}"] if body else []
    return ("\r\n".join(head) + "\r\n\r\n").encode("latin-1") + body


def refusal(answer: tuple[int, dict[str, str], bytes]) -> tuple[int, str]:
    """Check that an answer is an error in Google's shape; return its status and reason."""
    status, headers, body = answer
    error = json.loads(body)["error"]
    assert error["code"] == status
    assert error["errors"][0]["message"] == error["message"]
    assert headers["content-type"].startswith("application/json")
    return status, error["errors"][0]["reason"]


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1:PORT", "127.0.0.1", "localhost:PORT", "LOCALHOST:9", "compute.localhost:PORT", "[::1]:PORT", "emulator",
     "emulator:8080", "10.1.2.3:8080", ""],
)  # fmt: skip
@pytest.mark.parametrize("path", [PATH, "/emulator/clock"])
def test_hosts_that_are_served(port: int, host: str, path: str) -> None:
    """Addresses, localhost, names below localhost and --allow-host are served."""
    protocol = b"HTTP/1.1" if host else b"HTTP/1.0"
    sent = request(host.replace("PORT", str(port)), path=path).replace(b"HTTP/1.1", protocol)
    assert exchange(port, sent)[0] == 200


@pytest.mark.parametrize(
    "host",
    ["evil.test", "evil.test:PORT", "localhost.evil.test", "127.0.0.1.evil.test", "emulator.evil.test", "notlocalhost",
     "xlocalhost:PORT", "evil.test:80:80", "[evil", "localhost@evil.test", "127.1.evil", "::1x"],
)  # fmt: skip
@pytest.mark.parametrize(
    ("verb", "path"),
    [("GET", PATH), ("POST", PATH), ("POST", "/emulator/clock"), ("POST", "/batch/compute/v1"), ("GET", "/")],
)
def test_foreign_hosts_are_refused(port: int, host: str, verb: str, path: str) -> None:
    """A name that a page resolves to a loopback address reaches nothing."""
    sent = request(host.replace("PORT", str(port)), verb=verb, path=path, body=b"{}" if verb == "POST" else b"")
    assert refusal(exchange(port, sent)) == (403, "forbidden")


@pytest.mark.parametrize("path", [PATH, "/emulator/clock", "/batch/compute/v1"])
@pytest.mark.parametrize(
    "origin",
    ["http://evil.test", "https://evil.test", "null", "", "http://127.0.0.1", "http://127.0.0.1:1", "http://localhost:PORT",
     "file://", "http://[", "127.0.0.1:PORT", "javascript://127.0.0.1:PORT"],
)  # fmt: skip
def test_foreign_origins_are_refused(port: int, origin: str, path: str) -> None:
    """A page of another origin may not call any route."""
    origin = origin.replace("PORT", str(port))
    body = b'{"name": "t", "properties": {}}'
    sent = request(f"127.0.0.1:{port}", f"Origin: {origin}", verb="POST", path=path, body=body)
    assert refusal(exchange(port, sent)) == (403, "forbidden")
    assert b"items" not in exchange(port, request("localhost"))[2]


@pytest.mark.parametrize("origin", ["http://127.0.0.1:PORT", "HTTP://127.0.0.1:PORT"])
def test_the_own_origin_is_served(port: int, origin: str) -> None:
    """The page of the emulator itself may call it."""
    lines = [f"Origin: {origin}".replace("PORT", str(port))]
    assert exchange(port, request(f"127.0.0.1:{port}", *lines))[0] == 200


@pytest.mark.parametrize("line", ["Host: localhost", "Host: evil.test"])
def test_two_hosts_are_refused(port: int, line: str) -> None:
    """A request with two Host headers is refused with 400."""
    assert refusal(exchange(port, request("localhost", line)))[0] == 400


def test_a_body_announced_too_large_is_refused_before_it_comes(port: int) -> None:
    """The answer comes although no byte of the body was sent."""
    sent = request("localhost", f"Content-Length: {LIMIT + 1}", verb="POST")
    status, headers, body = exchange(port, sent, ends=False)
    assert refusal((status, headers, body)) == (413, "uploadTooLarge")
    assert headers["connection"] == "close"


def test_a_chunked_body_is_refused_as_soon_as_it_is_too_large(port: int) -> None:
    """The answer comes although the body has no end."""
    chunk = b"400\r\n" + b"x" * 0x400 + b"\r\n"
    sent = request("localhost", "Transfer-Encoding: chunked", verb="POST")
    assert refusal(exchange(port, sent, half=chunk * 5)) == (413, "uploadTooLarge")


def test_a_body_of_the_limit_is_read(port: int) -> None:
    """The largest allowed body is served."""
    body = json.dumps({"name": "t", "properties": {}, "description": ""}).encode()
    assert exchange(port, request("localhost", verb="POST", body=body + b" " * (LIMIT - len(body))))[0] == 200


def test_a_request_with_half_a_body_is_not_performed(port: int) -> None:
    """A body that ends before its announced length is no request, with any beginning."""
    body = b'{"name": "t", "properties": {}}'
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(request("localhost", f"Content-Length: {len(body) + 5}", verb="POST") + body)
    time.sleep(0.3)
    assert b"items" not in exchange(port, request("localhost"))[2]


@pytest.mark.parametrize(
    "sent",
    [
        b"GARBAGE\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        request("localhost", "Content-Length: many", verb="POST"),
        request("localhost", "Content-Length: -1", verb="POST"),
        request("localhost", "Content-Length: " + "9" * 5_000, verb="POST"),
        request("localhost", "Content-Length: 1", "Content-Length: 2", verb="POST"),
        request("localhost", "Content-Length: 1", "Transfer-Encoding: chunked", verb="POST"),
        request("localhost", "Transfer-Encoding: chunked", verb="POST") + b"zz\r\n",
    ],
)
def test_bytes_that_are_no_http_get_an_error_in_googles_shape(port: int, sent: bytes) -> None:
    """Bytes that are no HTTP are answered with 400, and the connection ends."""
    status, headers, body = exchange(port, sent, ends=False)
    assert refusal((status, headers, body))[0] == 400
    assert headers["connection"] == "close"


@pytest.mark.parametrize("path", [PATH, "/", "/x", "/emulator/x"])
def test_every_answer_has_one_date(port: int, path: str) -> None:
    """Every answer, refusals included, has a Date: the virtual time on a clock that is moved by hand."""
    for host in ("localhost", "evil.test"):
        assert parsedate_to_datetime(exchange(port, request(host, path=path))[1]["date"]).timestamp() == START_S
