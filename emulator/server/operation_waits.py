"""Requests that wait for operations: each sleeps until its operation is done, without another call of its method."""

import asyncio
from collections import defaultdict
from contextlib import suppress
from typing import Final

from emulator.environment.environment import Environment
from emulator.environment.operations import OperationWait, wait_left_s

_SHORTEST_SLEEP_S: Final = 0.001


class OperationWaits:
    """
    The waits of an event loop.

    Args:
        environment: environment of the operations, with a clock that runs
    """

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._changes: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        environment.operation_watchers.append(self._wake)

    async def until_done(self, wait: OperationWait) -> None:
        """Sleep until an operation is done or removed, or until the end of the wait."""
        change = asyncio.Event()
        self._changes[wait.path].add(change)
        try:
            while (left_s := self._left_s(wait)) > 0:
                change.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(max(left_s, _SHORTEST_SLEEP_S)):
                        await change.wait()
        finally:
            self._changes[wait.path].discard(change)
            if not self._changes[wait.path]:
                del self._changes[wait.path]

    def _left_s(self, wait: OperationWait) -> float:
        """Return the real seconds until the operation ends by itself, or until the end of the wait."""
        clock = self._environment.clock
        return clock.real_s(wait_left_s(wait, self._environment.operation(wait.path), clock.now_s()))

    def _wake(self, path: str) -> None:
        """Wake the waits for an operation that has changed."""
        for change in self._changes.get(path, ()):
            change.set()
