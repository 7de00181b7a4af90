"""
Jobs, and their end when the server shuts down.

The group may replace an instance at any time, and sends SIGTERM first. Jobs that finish in time are delivered; others
are handed back to their caller as failed with a retry. No job is lost silently, unless the instance ends without a
signal.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from app.errors import RETRY_AFTER_S, AppError, UnavailableError, clear_frames
from app.metrics import JOBS, JOBS_ENDED

CHECKLIST: Final = "checklist"
EASY_CONTRACT: Final = "easycontract"
_REPEAT_S: Final = 0.1

Result = TypeVar("Result")
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Done(Generic[Result]):
    """A finished job with its result."""

    result: Result


@dataclass(frozen=True)
class Failed:
    """A failed job; `error.retry_after_s` is set if a retry can help."""

    error: AppError


@dataclass(frozen=True)
class JobPolicy:
    """
    Largest numbers of concurrent jobs; more are refused with UnavailableError.

    Args:
        checklists: checklists.
        easy_contracts: easy contracts, whose files and pages are in memory.
    """

    checklists: int = 500
    easy_contracts: int = 4


class Jobs:
    """The jobs of the server."""

    def __init__(self, policy: JobPolicy) -> None:
        self._at_once = {CHECKLIST: policy.checklists, EASY_CONTRACT: policy.easy_contracts}
        self._working: set[asyncio.Task[Any]] = set()  # jobs that hand_back ends
        # Jobs that count against the limit: accepted jobs until their delivery, other jobs until their end.
        self._open: dict[str, set[asyncio.Task[Any]]] = {product: set() for product in self._at_once}
        self._handed_back = asyncio.Event()

    def accept(
        self,
        product: str,
        work: Callable[[], Coroutine[Any, Any, Result]],
        deliver: Callable[[Done[Result] | Failed], Awaitable[None]],
    ) -> None:
        """
        Start a job without a waiting caller; `deliver` gets its outcome once, also after a failure.

        Raises:
            UnavailableError: the server shuts down or is busy; the job was not started.
        """
        task = self._start(product, work)
        self._keep(self._open[product], asyncio.create_task(self._deliver(product, task, deliver)))

    async def wait_for(self, product: str, work: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
        """
        Run a job for a waiting caller, and return its result.

        Raises:
            UnavailableError: the server shuts down or is busy, or the job was handed back.
            AppError: the job failed.
        """
        task = self._start(product, work)
        self._keep(self._open[product], task)
        try:
            outcome = await self._outcome(product, task)
        except asyncio.CancelledError:  # the caller closed the connection
            JOBS_ENDED.labels(product, "abandoned").inc()
            _end(task)
            raise
        if isinstance(outcome, Failed):
            try:
                raise outcome.error
            finally:  # The error refers to this frame; a reference back would keep the files in memory.
                del outcome, task
        return outcome.result

    def hand_back(self) -> None:
        """End unfinished jobs, and accept no more jobs."""
        self._handed_back.set()
        if self._working:
            _log.warning("handing back %d unfinished jobs", len(self._working))
        for task in self._working:
            _end(task)

    async def join(self, within_s: float) -> None:
        """Wait until every outcome is delivered; `within_s` after `hand_back`, log the number of missing ones."""
        handed_back = asyncio.create_task(self._handed_back.wait())
        while (open_tasks := set[asyncio.Task[Any]]().union(*self._open.values())) and not handed_back.done():
            await asyncio.wait({handed_back, *open_tasks}, return_when=asyncio.FIRST_COMPLETED)
        handed_back.cancel()
        if open_tasks:
            _, open_tasks = await asyncio.wait(open_tasks, timeout=within_s)
        if open_tasks:
            _log.error("%d jobs end without their callback", len(open_tasks))

    def _start(self, product: str, work: Callable[[], Coroutine[Any, Any, Result]]) -> "asyncio.Task[Result]":
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
            result, error = "handed_back", "서버가 교체되어 작업을 마치지 못했습니다. 다시 시도해 주세요."
            outcome = Failed(UnavailableError(error, retry_after_s=RETRY_AFTER_S))
        elif (raised := task.exception()) is None:
            result, outcome = "done", Done(task.result())
        else:
            result, outcome = "failed", Failed(_failure(product, raised))
        JOBS_ENDED.labels(product, result).inc()
        return outcome

    async def _deliver(
        self, product: str, task: "asyncio.Task[Result]", deliver: Callable[[Done[Result] | Failed], Awaitable[None]]
    ) -> None:
        outcome = await self._outcome(product, task)
        with JOBS.labels(product, "delivering").track_inprogress():
            await deliver(outcome)


def _failure(product: str, raised: BaseException) -> AppError:
    """Return the error of a failed job, which keeps no file of the job in memory."""
    error = raised if isinstance(raised, AppError) else AppError("작업을 처리하지 못했습니다.")
    if error is not raised:
        _log.error("a job of %s failed because of a bug", product, exc_info=raised)
    clear_frames(raised)
    return error


def _end(task: "asyncio.Task[Any]") -> None:
    """Cancel a task repeatedly until it ends: anyio drops a cancellation while it chooses a connection."""
    if not task.done():
        task.cancel()
        asyncio.get_running_loop().call_later(_REPEAT_S, _end, task)
