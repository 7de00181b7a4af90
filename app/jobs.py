"""
Accepted work, and what becomes of it when the server has to end.

A machine of a group is replaced at any time, and gets SIGTERM first. Work that is done by then is delivered; work that
does not finish in time is handed back to whoever asked for it, as failed and worth another try. Nothing is dropped
silently, except by a machine that dies without a signal.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from app.errors import RETRY_AFTER_S, AppError, UnavailableError
from app.metrics import JOBS, JOBS_ENDED

CHECKLIST: Final = "checklist"
EASY_CONTRACT: Final = "easycontract"
_AT_ONCE: Final = {CHECKLIST: 500, EASY_CONTRACT: 4}  # a contract's files and pages are in memory
_AGAIN_S: Final = 0.1

Result = TypeVar("Result")
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Done(Generic[Result]):
    """Work that has its result."""

    result: Result


@dataclass(frozen=True)
class Failed:
    """Work that has none; `error.retry_after_s` says whether another try is of use."""

    error: AppError


class Jobs:
    """
    The work that goes on.

    Args:
        at_once: How many may, by product; another one is refused with UnavailableError.
    """

    def __init__(self, at_once: Mapping[str, int] = _AT_ONCE) -> None:
        self._at_once = at_once
        self._working: set[asyncio.Task[Any]] = set()  # what is handed back
        # What has a place: accepted work until it is delivered, other work until it is done.
        self._open: dict[str, set[asyncio.Task[Any]]] = {product: set() for product in at_once}
        self._handed_back = asyncio.Event()

    def accept(
        self,
        product: str,
        work: Callable[[], Coroutine[Any, Any, Result]],
        deliver: Callable[[Done[Result] | Failed], Awaitable[None]],
    ) -> None:
        """
        Begin work that nobody waits for; `deliver` is called once with its outcome, whatever that is.

        Raises:
            UnavailableError: The server ends, or has enough to do; nothing was begun.
        """
        task = self._begin(product, work)
        self._keep(self._open[product], asyncio.create_task(self._deliver(product, task, deliver)))

    async def wait_for(self, product: str, work: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
        """
        Do work whose caller waits for the result.

        Raises:
            UnavailableError: As for `accept`, or the work was handed back.
            AppError: The work failed.
        """
        task = self._begin(product, work)
        self._keep(self._open[product], task)
        try:
            outcome = await self._outcome(product, task)
        except asyncio.CancelledError:  # the caller has gone
            JOBS_ENDED.labels(product, "abandoned").inc()
            _end(task)
            raise
        if isinstance(outcome, Failed):
            try:
                raise outcome.error
            finally:  # The error knows this frame: if the frame knew it too, the files would wait for the collector.
                del outcome, task
        return outcome.result

    def hand_back(self) -> None:
        """Give up what is not done; from now on nothing is accepted."""
        self._handed_back.set()
        if self._working:
            _log.warning("handing back %d unfinished jobs", len(self._working))
        for task in self._working:
            _end(task)

    async def join(self, within_s: float) -> None:
        """Wait until every outcome is delivered; `within_s` after `hand_back`, say how many were not."""
        handed_back = asyncio.create_task(self._handed_back.wait())
        while (still_open := set[asyncio.Task[Any]]().union(*self._open.values())) and not handed_back.done():
            await asyncio.wait({handed_back, *still_open}, return_when=asyncio.FIRST_COMPLETED)
        handed_back.cancel()
        if still_open:
            _, still_open = await asyncio.wait(still_open, timeout=within_s)
        if still_open:
            _log.error("%d jobs end without their callback", len(still_open))

    def _begin(self, product: str, work: Callable[[], Coroutine[Any, Any, Result]]) -> "asyncio.Task[Result]":
        if self._handed_back.is_set():
            raise UnavailableError("서버가 종료되는 중입니다. 잠시 후 다시 시도해 주세요.", retry_after_s=RETRY_AFTER_S)
        if len(self._open[product]) >= self._at_once[product]:
            raise UnavailableError(
                "처리 중인 작업이 너무 많습니다. 잠시 후 다시 시도해 주세요.", retry_after_s=RETRY_AFTER_S
            )
        return self._keep(self._working, asyncio.create_task(work()))

    @staticmethod
    def _keep(tasks: "set[asyncio.Task[Any]]", task: "asyncio.Task[Result]") -> "asyncio.Task[Result]":
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        return task

    async def _outcome(self, product: str, task: "asyncio.Task[Result]") -> Done[Result] | Failed:
        outcome: Done[Result] | Failed
        with JOBS.labels(product, "working").track_inprogress():
            await asyncio.wait({task})
        if task.cancelled():
            how, error = "handed_back", "서버가 교체되어 작업을 마치지 못했습니다. 다시 시도해 주세요."
            outcome = Failed(UnavailableError(error, retry_after_s=RETRY_AFTER_S))
        elif (raised := task.exception()) is None:
            how, outcome = "done", Done(task.result())
        elif isinstance(raised, AppError):
            how, outcome = "failed", Failed(raised)
        else:
            _log.error("a job of %s failed by a bug", product, exc_info=raised)
            how, outcome = "failed", Failed(AppError("작업을 처리하지 못했습니다."))
        JOBS_ENDED.labels(product, how).inc()
        return outcome

    async def _deliver(
        self, product: str, task: "asyncio.Task[Result]", deliver: Callable[[Done[Result] | Failed], Awaitable[None]]
    ) -> None:
        outcome = await self._outcome(product, task)
        with JOBS.labels(product, "delivering").track_inprogress():
            await deliver(outcome)


def _end(task: "asyncio.Task[Any]") -> None:
    """Cancel a task until it ends: anyio swallows a cancellation that comes while it chooses among connections."""
    if not task.done():
        task.cancel()
        asyncio.get_running_loop().call_later(_AGAIN_S, _end, task)
