"""Each job has exactly one outcome."""

import asyncio
import gc
import weakref
from functools import partial

import pytest
from prometheus_client import REGISTRY

from app.errors import AppError, OutboundError, UnavailableError
from app.jobs import CHECKLIST, Done, Failed, JobPolicy, Jobs
from tests.unit.app.job_outcomes import Outcome, at_once, broken, bug, never, outcomes_of


def test_result_is_delivered() -> None:
    """A finished job is delivered with its result."""
    assert outcomes_of(at_once) == [Done("done")]


def test_failure_is_delivered() -> None:
    """A failed job is delivered with its error."""
    (outcome,) = outcomes_of(broken)
    assert isinstance(outcome, Failed)
    assert outcome.error.message == "외부"


def test_bug_is_delivered_as_a_failure_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    """An unexpected error becomes a failure, and the log has its traceback."""
    (outcome,) = outcomes_of(bug)
    assert isinstance(outcome, Failed)
    assert (type(outcome.error), outcome.error.retry_after_s) == (AppError, None)
    assert "ZeroDivisionError" in caplog.text


def test_job_that_is_handed_back_has_a_retry_hint() -> None:
    """A job that is handed back fails with a wait for a retry."""
    (outcome,) = outcomes_of(never, hand_back=True)
    assert isinstance(outcome, Failed)
    assert outcome.error.retry_after_s == 10


def test_job_that_ignores_a_cancellation_is_handed_back() -> None:
    """The cancellation is repeated until the job ends."""

    async def stubborn() -> str:
        try:
            return await never()
        except asyncio.CancelledError:
            return await never()

    (outcome,) = outcomes_of(stubborn, hand_back=True)
    assert isinstance(outcome, Failed)


def test_handing_back_does_not_end_a_delivery() -> None:
    """A delivery in progress continues."""
    outcomes: list[Outcome] = []

    async def scenario() -> None:
        jobs, is_delivering, go_on = Jobs(JobPolicy()), asyncio.Event(), asyncio.Event()

        async def deliver(outcome: Outcome) -> None:
            is_delivering.set()
            await go_on.wait()
            outcomes.append(outcome)

        jobs.accept(CHECKLIST, at_once, deliver)
        await is_delivering.wait()
        jobs.hand_back()
        go_on.set()
        await jobs.join(5)

    asyncio.run(scenario())
    assert outcomes == [Done("done")]


def test_jobs_continue_until_they_are_handed_back() -> None:
    """Jobs that finish before are delivered with their result."""
    outcomes: list[Outcome] = []

    async def scenario() -> None:
        jobs = Jobs(JobPolicy())

        async def deliver(outcome: Outcome) -> None:
            outcomes.append(outcome)

        jobs.accept(CHECKLIST, lambda: asyncio.sleep(0.1, "done"), deliver)
        jobs.accept(CHECKLIST, never, deliver)
        asyncio.get_running_loop().call_later(0.2, jobs.hand_back)
        await jobs.join(0.05)

    asyncio.run(scenario())
    assert [type(outcome) for outcome in outcomes] == [Done, Failed]


def test_no_job_is_accepted_after_handing_back() -> None:
    """A new job is refused."""

    async def scenario() -> None:
        jobs = Jobs(JobPolicy())
        jobs.hand_back()
        await jobs.wait_for(CHECKLIST, at_once)

    with pytest.raises(UnavailableError, match="종료"):
        asyncio.run(scenario())


def test_job_above_the_limit_is_refused() -> None:
    """After the end of a job the next one is accepted."""

    async def scenario() -> str:
        jobs = Jobs(JobPolicy(checklists=1))
        first = asyncio.create_task(jobs.wait_for(CHECKLIST, lambda: asyncio.sleep(0.01, "first")))
        await asyncio.sleep(0)
        with pytest.raises(UnavailableError, match="너무 많습니다"):
            await jobs.wait_for(CHECKLIST, at_once)
        assert await first == "first"
        return await jobs.wait_for(CHECKLIST, at_once)

    assert asyncio.run(scenario()) == "done"


def test_waiting_caller_gets_the_retry_hint() -> None:
    """wait_for raises UnavailableError for a job that is handed back."""

    async def scenario() -> None:
        jobs = Jobs(JobPolicy())
        waiting = asyncio.create_task(jobs.wait_for(CHECKLIST, never))
        await asyncio.sleep(0)
        jobs.hand_back()
        await waiting

    with pytest.raises(UnavailableError) as raised:
        asyncio.run(scenario())
    assert raised.value.retry_after_s == 10


def test_failed_job_frees_its_memory_at_once() -> None:
    """The files of a failed job need no garbage collection."""

    class Files:
        pass

    async def work(_: Files) -> str:
        raise OutboundError("외부")

    async def scenario() -> bool:
        files = Files()
        reference = weakref.ref(files)
        with pytest.raises(OutboundError):
            await Jobs(JobPolicy()).wait_for(CHECKLIST, partial(work, files))
        del files
        await asyncio.sleep(0)
        return reference() is None

    gc.disable()
    try:
        assert asyncio.run(scenario())
    finally:
        gc.enable()


def test_job_of_a_cancelled_caller_ends() -> None:
    """No task remains after the caller was cancelled."""

    async def scenario() -> int:
        waiting = asyncio.create_task(Jobs(JobPolicy()).wait_for(CHECKLIST, never))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait({waiting})
        await asyncio.sleep(0)
        return len(asyncio.all_tasks())

    assert asyncio.run(scenario()) == 1


def test_abandoned_job_is_counted() -> None:
    """The metric counts a job whose caller was cancelled."""

    def counted() -> float:
        labels = {"product": CHECKLIST, "outcome": "abandoned"}
        return REGISTRY.get_sample_value("ai_jobs_ended_total", labels) or 0

    before = counted()
    test_job_of_a_cancelled_caller_ends()
    assert counted() == before + 1


def test_time_for_callbacks_does_not_limit_jobs() -> None:
    """join waits for running jobs without a limit."""
    outcomes: list[Outcome] = []

    async def deliver(outcome: Outcome) -> None:
        outcomes.append(outcome)

    async def scenario() -> None:
        jobs = Jobs(JobPolicy())
        jobs.accept(CHECKLIST, lambda: asyncio.sleep(0.05, "done"), deliver)
        await jobs.join(0.01)

    asyncio.run(scenario())
    assert outcomes == [Done("done")]


def test_missing_callback_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """join logs the number of undelivered outcomes."""

    async def scenario() -> None:
        jobs = Jobs(JobPolicy())

        async def deliver(_: Outcome) -> None:
            await asyncio.sleep(60)

        jobs.accept(CHECKLIST, at_once, deliver)
        await asyncio.sleep(0.01)
        jobs.hand_back()
        await jobs.join(0.01)

    asyncio.run(scenario())
    assert "1 jobs end without their callback" in caplog.text
