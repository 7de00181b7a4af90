"""HTTP exchanges end at their deadline, with any behaviour of the server."""

import gzip
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest

from lib.deadline import REQUEST_S, client
from tests.unit.lib.network import write_certificates
from tests.unit.lib.slow_server import SlowServer, serve_slowly

LIMIT_S = 0.6
PROXIED_S = 3.0  # two TLS handshakes on a loaded computer
AMPLE_S = 30.0
# A loaded computer may wake a thread late; an answer with a byte every 0.1 s would need 24 s and more.
LATEST_S = 20.0
JSON = b'{"kind": "compute#instanceGroupManager"}' + b" " * 200
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
WHOLE = HEAD + b"content-length: %d\r\n\r\n" % len(JSON)
GZIPPED = gzip.compress(JSON, compresslevel=0)
CHUNKED = b"".join(b"1\r\n" + bytes([byte]) + b"\r\n" for byte in JSON)
HALF_A_RECORD = b"\x16\x03\x03\x02\x00" + b"\x02" * 256
SLOW = {
    "headers": SlowServer(slowly=WHOLE + JSON),
    "endless headers": SlowServer(at_once=HEAD, slowly=b"x-drip: 1\r\n" * 30),
    "interim answers": SlowServer(slowly=b"HTTP/1.1 100 Continue\r\n\r\n" * 12),
    "body": SlowServer(at_once=WHOLE, slowly=JSON),
    "body without length": SlowServer(at_once=HEAD + b"connection: close\r\n\r\n", slowly=JSON),
    "chunks": SlowServer(at_once=HEAD + b"transfer-encoding: chunked\r\n\r\n", slowly=CHUNKED),
    "gzip": SlowServer(
        at_once=HEAD + b"content-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(GZIPPED), slowly=GZIPPED
    ),
    "silence": SlowServer(slowly=b"H", pause_s=30.0),
}


def seconds_until_timeout(http: httpx.Client, url: str, **options: object) -> float:
    """Return the seconds until a request ends with a timeout."""
    began_s = time.monotonic()
    with pytest.raises(httpx.TimeoutException):
        http.get(url, **options)  # type: ignore[arg-type]
    return time.monotonic() - began_s


@pytest.mark.parametrize("slow", SLOW)
def test_exchange_ends_at_its_deadline(slow: str) -> None:
    """A slow byte, header, chunk or silence does not extend the exchange."""
    with serve_slowly(SLOW[slow]) as server, client(LIMIT_S) as http:
        assert LIMIT_S * 0.9 < seconds_until_timeout(http, server.url) < LATEST_S


def test_error_contains_the_limit() -> None:
    """The timeout error has the seconds of the deadline."""
    with (
        serve_slowly(SlowServer(at_once=WHOLE, slowly=JSON)) as server,
        client(LIMIT_S) as http,
        pytest.raises(httpx.ReadTimeout, match=r"no complete response within 0\.6 s"),
    ):
        http.get(server.url)


def test_request_may_have_a_shorter_deadline() -> None:
    """An extension of the request shortens the deadline."""
    with serve_slowly(SlowServer(at_once=WHOLE, slowly=JSON)) as server, client(AMPLE_S) as http:
        assert seconds_until_timeout(http, server.url, extensions={REQUEST_S: LIMIT_S}) < LATEST_S


def test_request_cannot_extend_the_deadline_of_its_client() -> None:
    """An extension of the request cannot lengthen the deadline."""
    with serve_slowly(SlowServer(at_once=WHOLE, slowly=JSON)) as server, client(LIMIT_S) as http:
        assert seconds_until_timeout(http, server.url, extensions={REQUEST_S: 30.0}) < LATEST_S


def test_tls_handshake_ends_at_the_deadline() -> None:
    """The deadline includes the TLS handshake."""
    with serve_slowly(SlowServer(slowly=HALF_A_RECORD, waits_for_request=False)) as server, client(LIMIT_S) as http:
        assert seconds_until_timeout(http, server.url.replace("http:", "https:")) < LATEST_S


def test_slow_proxy_ends_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """The deadline includes the answer of a proxy."""
    with (
        serve_slowly(SlowServer(slowly=b"HTTP/1.1 200 Connection established\r\n" + b"x-drip: 1\r\n" * 30)) as proxy,
        client(PROXIED_S) as http,
    ):
        monkeypatch.setenv("https_proxy", proxy.url)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        assert seconds_until_timeout(http, "https://compute.example/") < LATEST_S
        assert proxy.requests[0].startswith(b"CONNECT compute.example:443 ")


def test_tls_in_tls_ends_at_the_deadline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """httpcore reads TLS in TLS record by record, with a timeout for each part of a record."""
    certificate = write_certificates(tmp_path, ["127.0.0.1"])
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    established = b"HTTP/1.1 200 Connection established\r\n\r\n"
    proxied = SlowServer(at_once=established, slowly=HALF_A_RECORD, tls=certificate)
    with serve_slowly(proxied) as proxy, client(PROXIED_S) as http:
        monkeypatch.setenv("https_proxy", proxy.url.replace("http:", "https:"))
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        assert seconds_until_timeout(http, "https://compute.example/") < LATEST_S
        assert proxy.requests[0].startswith(b"CONNECT compute.example:443 ")


def test_proxy_of_the_environment_is_used_unless_excluded(monkeypatch: pytest.MonkeyPatch) -> None:
    """no_proxy and trust_env=False bypass the proxy."""
    with (
        serve_slowly(SlowServer(at_once=WHOLE + JSON)) as proxy,
        serve_slowly(SlowServer(at_once=WHOLE + JSON)) as server,
    ):
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        with client(AMPLE_S) as http:
            http.get("http://compute.example/a")
            assert proxy.requests[0].startswith(b"GET http://compute.example/a ")
            monkeypatch.setenv("no_proxy", "127.0.0.1")
            http.get(server.url)
        monkeypatch.delenv("no_proxy")
        with client(AMPLE_S, trust_env=False) as http:
            http.get(server.url)
        assert (len(proxy.requests), len(server.requests)) == (1, 2)


def test_endless_lookup_does_not_keep_the_process_alive() -> None:
    """A process exits although a lookup in its thread never ends."""
    program = (
        "import socket, time, httpx; from lib.deadline import client\n"
        "socket.getaddrinfo = lambda *_, **__: time.sleep(60)\n"
        "try: client(0.5).get('https://compute.example/')\n"
        "except httpx.ConnectTimeout as error: print(error)\n"
    )
    # it would last for 60 s
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=50)
    assert result.stdout == "no complete response within 0.5 s\n"


def test_failed_lookup_is_a_connect_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error contains the host and the reason."""

    def failing(*_: object, **__: object) -> list[object]:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", failing)
    with client(AMPLE_S) as http, pytest.raises(httpx.ConnectError, match=r"compute\.example.*Name or service"):
        http.get("https://compute.example/")


def test_each_exchange_of_a_connection_has_its_own_deadline() -> None:
    """A later exchange on the same connection starts with the whole time."""
    with serve_slowly(SlowServer(at_once=WHOLE + JSON)) as server, client(2.0) as http:
        for _ in range(2):
            assert http.get(server.url).json() == {"kind": "compute#instanceGroupManager"}
            time.sleep(1.2)
        server.at_once, server.slowly = b"", WHOLE + JSON
        assert seconds_until_timeout(http, server.url) < LATEST_S


def test_each_thread_has_its_own_deadline() -> None:
    """Exchanges of two threads with one client end at different deadlines."""
    seconds: dict[float, float] = {}
    with serve_slowly(SlowServer(at_once=WHOLE, slowly=JSON)) as server, client(AMPLE_S) as http:

        def ask(limit_s: float) -> None:
            seconds[limit_s] = seconds_until_timeout(http, server.url, extensions={REQUEST_S: limit_s})

        threads = [threading.Thread(target=ask, args=(limit_s,)) for limit_s in (0.3, 4.0)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert seconds[0.3] < 3.9 < seconds[4.0]


@pytest.mark.parametrize("coding", ["", "gzip"])
def test_response_is_decoded(coding: str) -> None:
    """A response with and without gzip has the decoded body and its length."""
    body = GZIPPED if coding else JSON
    head = HEAD + (b"content-encoding: gzip\r\n" if coding else b"") + b"content-length: %d\r\n\r\n" % len(body)
    with serve_slowly(SlowServer(at_once=head + body)) as server, client(AMPLE_S) as http:
        answer = http.get(server.url)
    assert (answer.status_code, answer.content, answer.headers["content-length"]) == (200, JSON, str(len(JSON)))


def test_headers_of_a_response_without_a_body_are_kept() -> None:
    """A response to HEAD keeps its content-length."""
    head = b"HTTP/1.1 200 OK\r\ncontent-length: 1234\r\ndocker-content-digest: sha256:1\r\n\r\n"
    with serve_slowly(SlowServer(at_once=head)) as server, client(AMPLE_S) as http:
        answer = http.head(server.url)
    assert (answer.content, answer.headers["content-length"]) == (b"", "1234")


def test_body_above_the_limit_is_refused() -> None:
    """A compressed body that exceeds 64 MiB raises an error."""
    bomb = gzip.compress(bytes(70 * 2**20))
    head = HEAD + b"content-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(bomb)
    with (
        serve_slowly(SlowServer(at_once=head + bomb)) as server,
        client(AMPLE_S) as http,
        pytest.raises(httpx.ReadError, match="larger than 64 MiB"),
    ):
        http.get(server.url)


def test_nested_encodings_are_refused() -> None:
    """A body with two encodings raises an error."""
    body = gzip.compress(GZIPPED)
    head = HEAD + b"content-encoding: gzip, gzip\r\ncontent-length: %d\r\n\r\n" % len(body)
    with (
        serve_slowly(SlowServer(at_once=head + body)) as server,
        client(AMPLE_S) as http,
        pytest.raises(httpx.DecodingError, match="more than once"),
    ):
        http.get(server.url)


def test_redirects_are_not_followed() -> None:
    """A redirect is returned to the caller."""
    head = b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n"
    with serve_slowly(SlowServer(at_once=head)) as server, client(AMPLE_S) as http:
        assert http.get(server.url).status_code == 302


def test_refused_connection_is_a_connect_error() -> None:
    """A closed port raises a ConnectError."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with client(AMPLE_S) as http, pytest.raises(httpx.ConnectError):
        http.get(f"http://127.0.0.1:{port}/")


def test_proxy_of_another_protocol_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A SOCKS proxy raises an error without its password."""
    monkeypatch.setenv("https_proxy", "socks5://u:hidden@127.0.0.1:1")
    with client(AMPLE_S) as http, pytest.raises(httpx.UnsupportedProtocol, match=r"^the proxy .* 'socks5'$"):
        http.get("https://compute.example/")
