"""Bodies of responses that are read as a stream, as those of a connection are."""

import asyncio
from collections.abc import AsyncIterator

import httpx


class Body(httpx.AsyncByteStream):
    """
    A body in parts.

    Args:
        parts: the parts.
        pause_s: time before each part.
    """

    def __init__(self, *parts: bytes, pause_s: float = 0) -> None:
        self.left = list(parts)
        self._pause_s = pause_s

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while self.left:
            await asyncio.sleep(self._pause_s)
            yield self.left.pop(0)
