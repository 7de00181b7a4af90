"""
Answers of other services, read within limits.

A body is decoded while it is read, and counted decoded, so that a small compressed body never becomes a large one.
"""

import asyncio
import json
import zlib
from collections.abc import Callable
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


async def read_body(response: httpx.Response, max_bytes: int) -> bytes:
    """
    Return the decoded body of a streamed response.

    Args:
        response: response whose body is not read yet.
        max_bytes: largest size of the body, as it is sent and decoded.

    Raises:
        LargeBodyError: the body is larger; the rest of it is not read.
        httpx.DecodingError: the encoding is not supported, or the body does not fit it.
    """
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding != "identity" and encoding not in _COMPRESSED:
        raise httpx.DecodingError(f"the encoding '{encoding}' is not supported", request=response.request)
    decoder = zlib.decompressobj(_GZIP_OR_ZLIB) if encoding in _COMPRESSED else None
    body = bytearray()
    async for chunk in response.aiter_raw():
        if decoder:
            try:
                await _decode(decoder, chunk, body, max_bytes)
            except zlib.error as error:
                raise httpx.DecodingError(str(error), request=response.request) from None
        else:
            body += chunk
        if len(body) > max_bytes or response.num_bytes_downloaded > max_bytes:
            raise LargeBodyError
    if decoder and response.num_bytes_downloaded and not decoder.eof:
        raise httpx.DecodingError("the compressed body is incomplete", request=response.request)
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
