"""Downloads stay within limits, and the signature of a URL stays secret."""

import asyncio
import gzip
import logging
from collections.abc import AsyncIterator, Sequence

import pytest
import pytest_asyncio

from app.clients.downloads import file_name
from app.errors import AppError, DownloadError, TooLargeError
from tests.unit.app.internet import FILES, MEBIBYTE, PUBLIC, SECRET, URL, Internet, Names, Server, connect_all_to, fetch


@pytest.fixture
def server() -> Server:
    """A file server."""
    return Server()


@pytest_asyncio.fixture
async def internet(server: Server) -> AsyncIterator[Internet]:
    """A transport that connects every address to the server."""
    async with connect_all_to(server) as internet:
        yield internet


@pytest.mark.asyncio
async def test_redirect_is_not_followed(internet: Internet, server: Server) -> None:
    """A redirect raises DownloadError."""
    server.answer = b"HTTP/1.1 302 Found\r\nLocation: https://8.8.4.4/\r\nContent-Length: 0\r\n\r\n"
    with pytest.raises(DownloadError, match=r"HTTP 302"):
        await fetch(internet)
    assert internet.addresses == [PUBLIC]


@pytest.mark.asyncio
@pytest.mark.parametrize("status", [204, 206, 403, 404, 500])
async def test_only_200_is_a_file(internet: Internet, server: Server, status: int) -> None:
    """Every other status raises DownloadError."""
    server.answer = f"HTTP/1.1 {status} x\r\nContent-Length: 0\r\n\r\n".encode()
    with pytest.raises(DownloadError, match=f"HTTP {status}"):
        await fetch(internet)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"junk\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n%PD",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
async def test_broken_answer_is_a_download_error(internet: Internet, server: Server, answer: bytes) -> None:
    """An incomplete or invalid answer raises DownloadError."""
    server.answer = answer
    with pytest.raises(DownloadError):
        await fetch(internet)


@pytest.mark.asyncio
async def test_announced_size_above_the_limit_is_refused_at_once(internet: Internet, server: Server) -> None:
    """The download ends although the server never sends the file."""
    server.answer = f"HTTP/1.1 200 OK\r\nContent-Length: {MEBIBYTE + 1}\r\n\r\n".encode()
    server.more, server.pause_s = b"x", 60
    with pytest.raises(TooLargeError, match=r"최대 1MB"):
        await fetch(internet)


@pytest.mark.asyncio
async def test_file_that_exceeds_the_limit_is_refused(internet: Internet, server: Server) -> None:
    """The download ends shortly after the limit."""
    server.answer, server.more = b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 2**16
    with pytest.raises(TooLargeError):
        await fetch(internet)
    assert server.sent_bytes < 32 * MEBIBYTE


@pytest.mark.asyncio
@pytest.mark.parametrize("extra", [0, 1])
async def test_file_of_the_largest_size_is_allowed(internet: Internet, server: Server, extra: int) -> None:
    """A file of the limit is returned, and one more byte is refused."""
    content = b"x" * (MEBIBYTE + extra)
    server.answer = f"HTTP/1.1 200 OK\r\nContent-Length: {len(content)}\r\n\r\n".encode() + content
    if extra:
        with pytest.raises(TooLargeError):
            await fetch(internet)
    else:
        assert await fetch(internet) == content


@pytest.mark.asyncio
async def test_slow_download_ends_at_the_timeout(internet: Internet, server: Server) -> None:
    """The timeout limits the whole download, not the time between bytes."""
    server.answer, server.more, server.pause_s = b"HTTP/1.1 200 OK\r\n\r\n", b"x", 0.05
    with pytest.raises(DownloadError, match=rf"^{FILES}에서 파일을 제한 시간 안에 내려받지 못했습니다\.$"):
        await fetch(internet, timeout_s=0.4)
    assert server.sent_bytes > 1


@pytest.mark.asyncio
async def test_timeout_includes_the_lookup(internet: Internet) -> None:
    """A lookup without an end raises DownloadError."""

    class Slow(Names):
        async def __call__(self, host: str) -> Sequence[str]:
            await asyncio.sleep(60)
            return [PUBLIC]

    with pytest.raises(DownloadError, match="제한 시간"):
        await fetch(internet, names=Slow(), timeout_s=0.1)


@pytest.mark.asyncio
@pytest.mark.parametrize(("size_bytes", "is_allowed"), [(MEBIBYTE, True), (MEBIBYTE + 1, False), (2**26, False)])
async def test_compressed_file_is_limited_decoded(
    internet: Internet, server: Server, size_bytes: int, is_allowed: bool
) -> None:
    """The limit applies to the decoded file, although the compressed one is small."""
    server.answer = encoded(gzip.compress(bytes(size_bytes), 1))
    if is_allowed:
        assert await fetch(internet) == bytes(size_bytes)
    else:
        with pytest.raises(TooLargeError):
            await fetch(internet)


@pytest.mark.asyncio
@pytest.mark.parametrize("answer", [b"%PDF-", gzip.compress(b"%PDF-")[:-9]], ids=["plain", "cut"])
async def test_broken_gzip_is_a_download_error(internet: Internet, server: Server, answer: bytes) -> None:
    """A file that is no gzip, or only a part of one, raises DownloadError."""
    server.answer = encoded(answer)
    with pytest.raises(DownloadError):
        await fetch(internet)


def encoded(content: bytes) -> bytes:
    """Return the answer of a server for gzip-encoded content."""
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(content)}\r\n\r\n"
    return head.encode() + content


@pytest.mark.asyncio
@pytest.mark.parametrize("status", [200, 403])
async def test_signature_stays_secret(
    internet: Internet, server: Server, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    """Neither the log nor the error contains the path or the signature of the URL."""
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, "httpx")  # a test of the log may have set its own level
    server.answer = f"HTTP/1.1 {status} x\r\nContent-Length: 10\r\n\r\n".encode()
    with pytest.raises(AppError) as error:
        await fetch(internet)
    assert any(record.name == "httpx" for record in caplog.records)
    assert SECRET not in caplog.text
    assert "lease" not in caplog.text
    assert SECRET not in f"{error.value!r} {error.value.__cause__!r} {error.value.__context__!r}"


@pytest.mark.parametrize(
    ("url", "given", "name"),
    [
        (URL, None, "lease.pdf"),
        (URL, "계약서.PDF", "계약서.PDF"),
        (URL, "계약서", "계약서.pdf"),
        (URL, "../../etc/계약서", "계약서.pdf"),
        (URL, "  ", "lease.pdf"),
        ("https://files.example.com/%EA%B3%84%EC%95%BD%EC%84%9C.png?a=b.pdf", None, "계약서.png"),
        ("https://files.example.com/a/b", "계약서", "계약서"),
        ("https://files.example.com/", None, "file_3"),
        ("https://files.example.com", "", "file_3"),
        ("https://h\0/x.pdf", None, "file_3"),
        ("https://h/\ud800", "계약서.png", "계약서.png"),
    ],
)
def test_name_is_the_given_one_or_that_of_the_url(url: str, given: str | None, name: str) -> None:
    """The name comes from the caller, the URL or the number, with an extension if possible."""
    assert file_name(url, given, 3) == name
