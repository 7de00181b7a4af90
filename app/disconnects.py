"""Work for a caller who waits for its result."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from fastapi import Request

Result = TypeVar("Result")


class CallerLeftError(Exception):
    """The caller closed the connection, so no answer is sent."""


async def while_connected(caller: Request, work: Coroutine[Any, Any, Result]) -> Result:
    """
    Return the result of the work, and cancel it if the caller closes the connection, because this ends no request.

    Raises:
        CallerLeftError: the caller closed the connection.
    """
    running, disconnect = asyncio.ensure_future(work), asyncio.create_task(_disconnected(caller))
    try:
        await asyncio.wait({running, disconnect}, return_when=asyncio.FIRST_COMPLETED)
        if not running.done():
            raise CallerLeftError
        return running.result()
    finally:
        running.cancel()
        disconnect.cancel()
        del running, disconnect  # an error refers to this frame, which would refer to the error


async def _disconnected(caller: Request) -> None:
    while (await caller.receive())["type"] != "http.disconnect":
        pass
