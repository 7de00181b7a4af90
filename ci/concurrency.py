"""Work that runs side by side, in anyio's task groups."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import anyio
from anyio.abc import TaskGroup

from ci.errors import unwrapped

R = TypeVar("R")


@asynccontextmanager
async def task_group() -> AsyncIterator[TaskGroup]:
    """
    Open a task group of anyio that raises an error instead of an exception group, which would leave with code 1.

    Raises:
        Exception: a task or the body failed, which cancels the rest; `errors.unwrapped` merges several failures
    """
    try:
        async with anyio.create_task_group() as group:
            yield group
    except BaseExceptionGroup as failures:
        raise unwrapped(failures) from None


async def side_by_side(*works: Callable[[], Awaitable[R]]) -> list[R]:
    """
    Run works side by side.

    Args:
        works: functions without arguments

    Returns:
        The results, in the order of the works.

    Raises:
        Exception: a work failed; the others are cancelled
    """
    results: dict[int, R] = {}

    async def run(index: int, work: Callable[[], Awaitable[R]]) -> None:
        results[index] = await work()

    async with task_group() as group:
        for index, work in enumerate(works):
            group.start_soon(run, index, work)
    return [results[index] for index in range(len(works))]
