"""The lag of the event loop, and the refusal of requests while the lag is long."""

import asyncio
import math
import time
from dataclasses import dataclass
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from app.errors import RETRY_AFTER_S, UnavailableError, error_response
from app.metrics import LOOP_LAG

_API: Final = "/api/"  # health routes and metrics are answered always


@dataclass(frozen=True)
class LagPolicy:
    """
    When requests are refused.

    Args:
        longest_s: longest lag with which requests are accepted. A single longer one is a pause of the process, such as
            another process's turn on a busy computer, after which the server has time again; two in a row are a load.
        period_s: seconds between two samples.
    """

    longest_s: float = 0.1
    period_s: float = 0.02


class LoopLag:
    """The lag of the running event loop: how late it ran the last callback that was due at a known time."""

    def __init__(self, policy: LagPolicy) -> None:
        self.seconds = 0.0
        self._before_s = 0.0  # the sample before
        self._policy = policy
        self._due_s = math.inf
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_long(self) -> bool:
        """Whether requests are refused: the last two samples were late, or the last one was and the next already is."""
        other_s = max(self._before_s, time.monotonic() - self._due_s)
        return min(self.seconds, other_s) > self._policy.longest_s

    def start(self) -> None:
        """Sample the lag of the running loop, until `stop`."""
        self._due_s = time.monotonic() + self._policy.period_s
        self._timer = asyncio.get_running_loop().call_later(self._policy.period_s, self._sample)

    def stop(self) -> None:
        """Take no more samples."""
        if self._timer:
            self._timer.cancel()
        self._due_s = math.inf

    def _sample(self) -> None:
        self._before_s = self.seconds
        self.seconds = max(0.0, time.monotonic() - self._due_s)
        LOOP_LAG.set(self.seconds)
        self.start()


class LagLimit:
    """ASGI middleware: 503 for a request of the API while the lag is long, before anything else is done for it."""

    def __init__(self, app: ASGIApp, lag: LoopLag) -> None:
        self._app = app
        self._lag = lag

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request to the application, or refuse it."""
        if self._lag.is_long and scope["type"] == "http" and scope["path"].startswith(_API):
            text = "요청이 너무 많습니다. 잠시 후 다시 시도해 주세요."
            await error_response(UnavailableError(text, retry_after_s=RETRY_AFTER_S))(scope, receive, send)
        else:
            await self._app(scope, receive, send)
