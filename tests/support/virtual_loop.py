"""An event loop whose time no other program of the computer makes longer."""

import asyncio
import selectors
from collections.abc import Coroutine
from types import SimpleNamespace
from typing import Any, TypeVar

import pytest

_T = TypeVar("_T")


class _Waits(selectors.DefaultSelector):
    """A selector that counts the seconds that it would wait, and does not wait for them."""

    waited_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.waited_s += timeout or 0.0
        return super().select(timeout and 0.0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock moves only while the loop waits for a timer or is blocked; it has no connections."""

    def __init__(self) -> None:
        self._waits = _Waits()
        self._blocked_s = 0.0
        super().__init__(self._waits)

    def time(self) -> float:
        """Return the seconds that the loop has waited or was blocked."""
        return self._waits.waited_s + self._blocked_s

    def block(self, seconds: float) -> None:
        """Let seconds pass in which the loop runs nothing."""
        self._blocked_s += seconds

    def run(self, coroutine: Coroutine[Any, Any, _T]) -> _T:
        """Run a coroutine to its end, and close the loop."""
        try:
            return self.run_until_complete(coroutine)
        finally:
            self.close()


def virtual_loop(monkeypatch: pytest.MonkeyPatch, module: str) -> VirtualLoop:
    """Return a loop, and let a module of the application read its clock."""
    loop = VirtualLoop()
    monkeypatch.setattr(f"{module}.time", SimpleNamespace(monotonic=loop.time))
    return loop
