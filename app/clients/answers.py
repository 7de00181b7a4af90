"""
Answers of other services, read within limits.

A body is decoded while it is read, and counted decoded, so that a small compressed body never becomes a large one.
"""

import asyncio
import json
import zlib
from collections.abc import AsyncIterable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import httpx

_LARGE: Final = 8 * 2**10  # bytes or characters; a contract has up to 60 such texts at the same time
_ASIDE: Final = ThreadPoolExecutor(1, "aside")  # one thread, because several would leave the loop a smaller share
_STEP_BYTES: Final = 2**20
_GZIP_OR_ZLIB: Final = 32 + zlib.MAX_WBITS  # zlib detects the header
_COMPRESSED: Final = frozenset({"gzip", "x-gzip", "deflate"})
_JSON_VALUES: Final = 200_000

Value = TypeVar("Value", str, bytes)
Result = TypeVar("Result")


class LargeBodyError(Exception):
    """A body is larger than its limit."""


class EncodingError(Exception):
    """The encoding of a body is not supported, or the body does not fit it."""


async def read_body(parts: AsyncIterable[bytes], encoding: str, max_bytes: int) -> bytes:
    """
    Return the decoded body of a response.

    Args:
        parts: the body as it arrives.
        encoding: value of the header `Content-Encoding`; empty if it is absent.
        max_bytes: largest size of the body, as it is sent and decoded.

    Raises:
        LargeBodyError: the body is larger; the rest of it is not read.
        EncodingError: the encoding is not supported, or the body does not fit it.
    """
    encoding = encoding.strip().lower() or "identity"
    if encoding != "identity" and encoding not in _COMPRESSED:
        raise EncodingError(f"the encoding '{encoding}' is not supported")
    decoder = zlib.decompressobj(_GZIP_OR_ZLIB) if encoding in _COMPRESSED else None
    body, received_bytes = bytearray(), 0
    async for chunk in parts:
        received_bytes += len(chunk)
        if decoder:
            try:
                await _decode(decoder, chunk, body, max_bytes)
            except zlib.error as error:
                raise EncodingError(str(error)) from None
        else:
            body += chunk
        if len(body) > max_bytes or received_bytes > max_bytes:
            raise LargeBodyError
    if decoder and received_bytes and not decoder.eof:
        raise EncodingError("the compressed body is incomplete")
    return bytes(body)


async def _decode(decoder: "zlib._Decompress", chunk: bytes, body: bytearray, max_bytes: int) -> None:
    """Append the decoded chunk, at most one byte more than the limit, in steps that let other tasks run."""
    while True:
        step_bytes = min(_STEP_BYTES, max_bytes + 1 - len(body))
        part = decoder.decompress(chunk, step_bytes)
        body += part
        if len(part) < step_bytes or len(body) > max_bytes:
            return
        chunk = decoder.unconsumed_tail
        await asyncio.sleep(0)


async def run_aside(function: Callable[[Value], Result], value: Value) -> Result:
    """Return the function's result for a value; the call is in a thread if the value is larger than 8 KiB."""
    if len(value) <= _LARGE:
        return function(value)
    return await asyncio.get_running_loop().run_in_executor(_ASIDE, function, value)


@dataclass(frozen=True)
class Answer:
    """A complete answer."""

    status: int
    body: bytes

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return httpx.codes.is_success(self.status)

    async def json(self) -> Any:
        """Return the JSON value of an answer with status 2xx; None for any other answer."""
        try:
            return await run_aside(_parse_json, self.body) if self.is_success else None
        except (ValueError, RecursionError):
            return None


def _parse_json(body: bytes) -> Any:
    """
    Parse JSON with a limited number of values, because each needs 60 times the memory of its text.

    Raises:
        ValueError: the body is not JSON, or has more values.
    """
    if body.count(b",") + body.count(b"[") + body.count(b"{") > _JSON_VALUES:
        raise ValueError("too many values")
    return json.loads(body)
