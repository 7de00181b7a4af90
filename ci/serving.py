"""Services that run beside an exec."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import dagger

from ci import spans
from ci.concurrency import side_by_side


@asynccontextmanager
async def serving(*services: dagger.Service) -> AsyncIterator[None]:
    """
    Start services before the exec that is bound to them, and stop them after it.

    An exec that starts its services itself shows their logs among its own (v0.19.10, tried).

    Raises:
        ExecError: A service ended at its start.
    """
    with spans.part("services"):
        await side_by_side(*(service.start for service in services))
    try:
        yield
    finally:
        with anyio.CancelScope(shield=True):
            await side_by_side(*(service.stop for service in services))
