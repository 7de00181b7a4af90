"""Answers of other services are limited while they are read, decoded, and parsed."""

import asyncio
import gzip
import json
import threading
import time
import tracemalloc
import zlib

import pytest

from app.clients.answers import Answer, EncodingError, LargeBodyError, read_body, run_aside
from tests.unit.app.bodies import Body

MEBIBYTE = 2**20


def read(body: Body, encoding: str = "identity", max_bytes: int = MEBIBYTE) -> bytes:
    """Read a body."""
    return asyncio.run(read_body(body, encoding, max_bytes))


def parts(body: bytes, size: int = 2**16) -> Body:
    """Return a body in parts of the size that a connection reads."""
    return Body(*(body[start : start + size] for start in range(0, len(body), size)))


@pytest.mark.parametrize("encoding", ["identity", "gzip", "x-gzip", "deflate", " GZip "])
@pytest.mark.parametrize("size_bytes", [0, 1, 3 * 2**16, MEBIBYTE, 3 * MEBIBYTE])
def test_body_is_decoded(encoding: str, size_bytes: int) -> None:
    """A body up to the limit, also of more than one step, is returned decoded."""
    content = bytes(range(256)) * (size_bytes // 256) or bytes(size_bytes)
    compressed = {"identity": content, "deflate": zlib.compress(content)}.get(encoding, gzip.compress(content))
    assert read(parts(compressed), encoding, 3 * MEBIBYTE) == content


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_body_above_the_limit_is_refused_before_its_end(encoding: str) -> None:
    """The rest of a large body is not read."""
    content = bytes(2 * MEBIBYTE)
    body = parts(content if encoding == "identity" else gzip.compress(content), 256)
    with pytest.raises(LargeBodyError):
        read(body, encoding)
    assert body.left


def test_gzip_bomb_needs_little_memory() -> None:
    """A part of 64 KiB that contains 64 MiB is not decoded beyond the limit."""
    bomb = parts(gzip.compress(bytes(64 * MEBIBYTE), 1))
    tracemalloc.start()
    with pytest.raises(LargeBodyError):
        read(bomb, "gzip")
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < 4 * MEBIBYTE


def test_compressed_body_without_content_is_limited() -> None:
    """Empty deflate blocks without an end count as they are sent."""
    compressor = zlib.compressobj()
    empty_blocks = compressor.flush(zlib.Z_FULL_FLUSH) + b"\0\0\0\xff\xff" * 2**20
    with pytest.raises(LargeBodyError):
        read(parts(empty_blocks), "deflate")


@pytest.mark.parametrize(
    ("encoding", "body"),
    [("br", b"x"), ("gzip, gzip", b"x"), ("gzip", b"no gzip"), ("gzip", gzip.compress(b"x" * 99)[:-9])],
    ids=["unknown", "twice", "other bytes", "cut"],
)
def test_invalid_encoding_is_an_encoding_error(encoding: str, body: bytes) -> None:
    """An unknown encoding, other bytes and an incomplete body are errors."""
    with pytest.raises(EncodingError):
        read(Body(body), encoding)


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, b'{"a": [1, "\xea\xb0\x80"]}', {"a": [1, "가"]}),
        (201, b"[]", []),
        (404, b"[]", None),
        (200, b"", None),
        (200, b"{", None),
        (200, b"\xff\xfe\xff", None),
        (200, b"[" * 100_000, None),
        (200, b"9" * 100_000, None),
        (200, b"[" + b"[]," * 200_000 + b"1]", None),
        (200, b'["' + b"x" * 2**20 + b'"]', ["x" * 2**20]),
    ],
    ids=["object", "array", "status", "empty", "cut", "bytes", "deep", "number", "values", "text"],
)
def test_only_json_of_a_success_is_returned(status: int, body: bytes, expected: object) -> None:
    """Other statuses, invalid JSON and JSON with too many values have no value."""
    assert asyncio.run(Answer(status, body).json()) == expected


def test_only_large_values_go_to_a_thread() -> None:
    """Values up to 8 KiB are handled at once, larger ones in another thread."""

    async def scenario() -> list[bool]:
        here = threading.get_ident()
        return [await run_aside(lambda _: threading.get_ident() == here, "x" * size) for size in (2**13, 2**13 + 1)]

    assert asyncio.run(scenario()) == [True, False]


def test_texts_of_many_pages_do_not_stop_the_loop() -> None:
    """Large values that come together are handled in one thread, so that they leave the event loop its time."""

    def thread_of(_: str) -> int:
        time.sleep(0.01)
        return threading.get_ident()

    async def scenario() -> set[int]:
        return set(await asyncio.gather(*(run_aside(thread_of, "x" * 10_000) for _ in range(5))))

    assert len(asyncio.run(scenario()) - {threading.get_ident()}) == 1


def test_large_answer_does_not_stop_the_loop() -> None:
    """The event loop runs while JSON of a mebibyte is parsed."""
    body = json.dumps(["가" * 1000] * 300, ensure_ascii=False).encode()

    async def scenario() -> int:
        turns = 0
        parsing = asyncio.ensure_future(Answer(200, body).json())
        while not parsing.done():
            turns += 1
            await asyncio.sleep(0)
        return turns

    assert asyncio.run(scenario()) > 1
