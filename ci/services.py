"""Services that run beside an exec."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial

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
        ExecError: a service ended at its start
    """
    try:
        with spans.part("services"):
            await side_by_side(*(service.start for service in services))
        yield
    finally:
        with anyio.CancelScope(shield=True):
            await side_by_side(*(partial(_stop, service) for service in services))


async def _stop(service: dagger.Service) -> None:
    """Stop a service; if that fails, the result of the exec still counts, and the engine ends it with the session."""
    with suppress(dagger.QueryError):
        await service.stop()
