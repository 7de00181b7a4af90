"""Work that runs side by side."""

import asyncio
from collections.abc import Coroutine
from typing import Any


async def until_first_failure(*works: Coroutine[Any, Any, str]) -> list[str]:
    """
    Await works side by side; the first that fails cancels the others.

    Args:
        works: Each returns a text.

    Raises:
        Exception: The first failure, once all others have ended.
    """
    tasks = [asyncio.create_task(work) for work in works]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
