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
from tests.unit.lib.dripping import Dripping, dripping
from tests.unit.lib.network import certificates

LIMIT_S = 0.6
# A loaded machine may wake a thread late; a byte every 0.1 s would go on for 4 s and more.
LATEST_S = 2.5
JSON = b'{"kind": "compute#instanceGroupManager"}'
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
WHOLE = HEAD + b"content-length: %d\r\n\r\n" % len(JSON)
GZIPPED = gzip.compress(JSON)
CHUNKED = b"".join(b"1\r\n" + bytes([byte]) + b"\r\n" for byte in JSON)
SLOW = {
    "headers": Dripping(dripped=WHOLE + JSON),
    "endless headers": Dripping(at_once=HEAD, dripped=b"x-drip: 1\r\n" * 20),
    "interim answers": Dripping(dripped=b"HTTP/1.1 100 Continue\r\n\r\n" * 9),
    "body": Dripping(at_once=WHOLE, dripped=JSON),
    "body without length": Dripping(at_once=HEAD + b"connection: close\r\n\r\n", dripped=JSON * 3),
    "chunks": Dripping(at_once=HEAD + b"transfer-encoding: chunked\r\n\r\n", dripped=CHUNKED),
    "gzip": Dripping(
        at_once=HEAD + b"content-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(GZIPPED), dripped=GZIPPED
    ),
    "silence": Dripping(dripped=b"H", pause_s=6.0),
}


def seconds_until_timeout(asking: httpx.Client, url: str, **options: object) -> float:
    began_s = time.monotonic()
    with pytest.raises(httpx.TimeoutException):
        asking.get(url, **options)  # type: ignore[arg-type]
    return time.monotonic() - began_s


@pytest.mark.parametrize("slow", SLOW)
def test_an_exchange_ends_at_its_deadline(slow: str) -> None:
    with dripping(SLOW[slow]) as server, client(LIMIT_S) as asking:
        assert LIMIT_S * 0.9 < seconds_until_timeout(asking, server.url) < LATEST_S


def test_the_error_has_the_limit() -> None:
    with (
        dripping(Dripping(at_once=WHOLE, dripped=JSON)) as server,
        client(LIMIT_S) as asking,
        pytest.raises(httpx.ReadTimeout, match=r"no whole answer within 0\.6 s"),
    ):
        asking.get(server.url)


def test_a_request_may_have_less_time() -> None:
    with dripping(Dripping(at_once=WHOLE, dripped=JSON)) as server, client(30) as asking:
        assert seconds_until_timeout(asking, server.url, extensions={REQUEST_S: LIMIT_S}) < LATEST_S


def test_a_request_never_has_more_time_than_its_client() -> None:
    with dripping(Dripping(at_once=WHOLE, dripped=JSON)) as server, client(LIMIT_S) as asking:
        assert seconds_until_timeout(asking, server.url, extensions={REQUEST_S: 30.0}) < LATEST_S


def test_a_tls_handshake_ends_at_the_deadline() -> None:
    half_a_record = b"\x16\x03\x03\x00\x7a" + b"\x02" * 60
    with dripping(Dripping(dripped=half_a_record, waits_for_request=False)) as server, client(LIMIT_S) as asking:
        assert seconds_until_timeout(asking, server.url.replace("http:", "https:")) < LATEST_S


def test_a_proxy_that_drips_ends_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    with dripping(Dripping(dripped=b"HTTP/1.1 200 Connection established\r\n\r\n")) as proxy, client(LIMIT_S) as asking:
        monkeypatch.setenv("https_proxy", proxy.url)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        assert seconds_until_timeout(asking, "https://compute.example/") < LATEST_S
        assert proxy.requests[0].startswith(b"CONNECT compute.example:443 ")


def test_a_tunnel_through_a_proxy_over_tls_ends_at_the_deadline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TLS in TLS is read by httpcore record by record, with a timeout of its own for each part of one."""
    certificate = certificates(tmp_path, ["127.0.0.1"])
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    established = b"HTTP/1.1 200 Connection established\r\n\r\n"
    proxied = Dripping(at_once=established, dripped=b"\x16\x03\x03\x00\x7a" + b"\x02" * 60, tls=certificate)
    with dripping(proxied) as proxy, client(LIMIT_S) as asking:
        monkeypatch.setenv("https_proxy", proxy.url.replace("http:", "https:"))
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        assert seconds_until_timeout(asking, "https://compute.example/") < LATEST_S
        assert proxy.requests[0].startswith(b"CONNECT compute.example:443 ")


def test_a_proxy_of_the_environment_carries_a_request_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    with dripping(Dripping(at_once=WHOLE + JSON)) as proxy, dripping(Dripping(at_once=WHOLE + JSON)) as server:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        with client(LIMIT_S) as asking:
            asking.get("http://compute.example/a")
            assert proxy.requests[0].startswith(b"GET http://compute.example/a ")
            monkeypatch.setenv("no_proxy", "127.0.0.1")
            asking.get(server.url)
        monkeypatch.delenv("no_proxy")
        with client(LIMIT_S, trust_env=False) as asking:
            asking.get(server.url)
        assert (len(proxy.requests), len(server.requests)) == (1, 2)


def test_a_lookup_that_never_ends_keeps_no_process_alive() -> None:
    program = (
        "import socket, time, httpx; from lib.deadline import client\n"
        "socket.getaddrinfo = lambda *_, **__: time.sleep(60)\n"
        "try: client(0.5).get('https://compute.example/')\n"
        "except httpx.ConnectTimeout as error: print(error)\n"
    )
    began_s = time.monotonic()
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=30)
    assert ended.stdout == "no whole answer within 0.5 s\n"
    assert time.monotonic() - began_s < 15


def test_a_failed_lookup_is_a_failed_connect(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object, **__: object) -> list[object]:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", failing)
    with client(LIMIT_S) as asking, pytest.raises(httpx.ConnectError, match=r"compute\.example.*Name or service"):
        asking.get("https://compute.example/")


def test_a_second_exchange_on_the_same_connection_has_its_own_deadline() -> None:
    with dripping(Dripping(at_once=WHOLE + JSON)) as server, client(LIMIT_S) as asking:
        for _ in range(3):
            assert asking.get(server.url).json() == {"kind": "compute#instanceGroupManager"}
            time.sleep(LIMIT_S / 2)
        server.at_once, server.dripped = b"", WHOLE
        assert seconds_until_timeout(asking, server.url) < LATEST_S


def test_deadlines_of_threads_are_their_own() -> None:
    seconds: dict[float, float] = {}
    with dripping(Dripping(at_once=WHOLE, dripped=JSON)) as server, client(30) as asking:

        def ask(limit_s: float) -> None:
            seconds[limit_s] = seconds_until_timeout(asking, server.url, extensions={REQUEST_S: limit_s})

        threads = [threading.Thread(target=ask, args=(limit_s,)) for limit_s in (0.3, 1.8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert seconds[0.3] < 1.7 < seconds[1.8]


@pytest.mark.parametrize("coding", ["", "gzip"])
def test_a_whole_answer_is_decoded(coding: str) -> None:
    body = GZIPPED if coding else JSON
    head = HEAD + (b"content-encoding: gzip\r\n" if coding else b"") + b"content-length: %d\r\n\r\n" % len(body)
    with dripping(Dripping(at_once=head + body)) as server, client(LIMIT_S) as asking:
        answer = asking.get(server.url)
    assert (answer.status_code, answer.content, answer.headers["content-length"]) == (200, JSON, str(len(JSON)))


def test_headers_of_an_answer_without_a_body_are_kept() -> None:
    head = b"HTTP/1.1 200 OK\r\ncontent-length: 1234\r\ndocker-content-digest: sha256:1\r\n\r\n"
    with dripping(Dripping(at_once=head)) as server, client(LIMIT_S) as asking:
        answer = asking.head(server.url)
    assert (answer.content, answer.headers["content-length"]) == (b"", "1234")


def test_a_body_that_grows_without_end_is_refused() -> None:
    bomb = gzip.compress(bytes(70 * 2**20))
    head = HEAD + b"content-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(bomb)
    with (
        dripping(Dripping(at_once=head + bomb)) as server,
        client(30) as asking,
        pytest.raises(httpx.ReadError, match="larger than 64 MiB"),
    ):
        asking.get(server.url)


def test_codings_in_codings_are_refused() -> None:
    body = gzip.compress(GZIPPED)
    head = HEAD + b"content-encoding: gzip, gzip\r\ncontent-length: %d\r\n\r\n" % len(body)
    with (
        dripping(Dripping(at_once=head + body)) as server,
        client(30) as asking,
        pytest.raises(httpx.DecodingError, match="more than once"),
    ):
        asking.get(server.url)


def test_redirects_are_not_followed() -> None:
    head = b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n"
    with dripping(Dripping(at_once=head)) as server, client(LIMIT_S) as asking:
        assert asking.get(server.url).status_code == 302


def test_a_refused_connection_is_a_failed_connect() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with client(LIMIT_S) as asking, pytest.raises(httpx.ConnectError):
        asking.get(f"http://127.0.0.1:{port}/")


def test_a_proxy_of_another_protocol_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "socks5://u:hidden@127.0.0.1:1")
    with client(LIMIT_S) as asking, pytest.raises(httpx.UnsupportedProtocol, match=r"^a proxy .* 'socks5'$"):
        asking.get("https://compute.example/")
