"""Jobs: each ends with one outcome, whatever happens to it or to the server."""

import asyncio
import gc
import weakref
from collections.abc import Awaitable, Callable
from functools import partial

import pytest
from prometheus_client import REGISTRY

from app.errors import AppError, OutboundError, UnavailableError
from app.jobs import CHECKLIST, Done, Failed, Jobs

Outcome = Done[str] | Failed


async def never() -> str:
    await asyncio.Event().wait()
    raise AssertionError


async def at_once() -> str:
    return "done"


async def broken() -> str:
    raise OutboundError("외부")


async def bug() -> str:
    raise ZeroDivisionError


def delivered(work: Callable[[], Awaitable[str]], *, hand_back: bool = False) -> list[Outcome]:
    outcomes: list[Outcome] = []

    async def deliver(outcome: Outcome) -> None:
        await asyncio.sleep(0)
        outcomes.append(outcome)

    async def scenario() -> None:
        jobs = Jobs()
        jobs.accept(CHECKLIST, work, deliver)  # type: ignore[arg-type]
        await asyncio.sleep(0)
        if hand_back:
            jobs.hand_back()
        await jobs.join(5)

    asyncio.run(scenario())
    return outcomes


def test_a_result_is_delivered() -> None:
    assert delivered(at_once) == [Done("done")]


def test_a_failure_is_delivered() -> None:
    (outcome,) = delivered(broken)
    assert isinstance(outcome, Failed)
    assert outcome.error.message == "외부"


def test_a_bug_is_delivered_as_a_failure_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    (outcome,) = delivered(bug)
    assert isinstance(outcome, Failed)
    assert (type(outcome.error), outcome.error.retry_after_s) == (AppError, None)
    assert "ZeroDivisionError" in caplog.text


def test_what_is_handed_back_may_be_tried_again() -> None:
    (outcome,) = delivered(never, hand_back=True)
    assert isinstance(outcome, Failed)
    assert outcome.error.retry_after_s == 10


def test_work_that_swallows_a_cancellation_is_handed_back_all_the_same() -> None:
    async def stubborn() -> str:
        try:
            return await never()
        except asyncio.CancelledError:
            return await never()

    (outcome,) = delivered(stubborn, hand_back=True)
    assert isinstance(outcome, Failed)


def test_a_delivery_is_not_cut_off_by_handing_back() -> None:
    outcomes: list[Outcome] = []

    async def scenario() -> None:
        jobs, is_delivering, go_on = Jobs(), asyncio.Event(), asyncio.Event()

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


def test_work_goes_on_until_it_is_handed_back() -> None:
    outcomes: list[Outcome] = []

    async def scenario() -> None:
        jobs = Jobs()

        async def deliver(outcome: Outcome) -> None:
            outcomes.append(outcome)

        jobs.accept(CHECKLIST, lambda: asyncio.sleep(0.1, "done"), deliver)
        jobs.accept(CHECKLIST, never, deliver)  # type: ignore[arg-type]
        asyncio.get_running_loop().call_later(0.2, jobs.hand_back)
        await jobs.join(0.05)

    asyncio.run(scenario())
    assert [type(outcome) for outcome in outcomes] == [Done, Failed]


def test_after_handing_back_nothing_is_accepted() -> None:
    async def scenario() -> None:
        jobs = Jobs()
        jobs.hand_back()
        await jobs.wait_for(CHECKLIST, at_once)

    with pytest.raises(UnavailableError, match="종료"):
        asyncio.run(scenario())


def test_one_too_many_is_refused_and_the_next_one_is_not() -> None:
    async def scenario() -> str:
        jobs = Jobs({CHECKLIST: 1})
        first = asyncio.create_task(jobs.wait_for(CHECKLIST, lambda: asyncio.sleep(0.01, "first")))
        await asyncio.sleep(0)
        with pytest.raises(UnavailableError, match="너무 많습니다"):
            await jobs.wait_for(CHECKLIST, at_once)
        assert await first == "first"
        return await jobs.wait_for(CHECKLIST, at_once)

    assert asyncio.run(scenario()) == "done"


def test_a_caller_that_waits_is_told_that_its_work_was_handed_back() -> None:
    async def scenario() -> None:
        jobs = Jobs()
        waiting = asyncio.create_task(jobs.wait_for(CHECKLIST, never))
        await asyncio.sleep(0)
        jobs.hand_back()
        await waiting

    with pytest.raises(UnavailableError) as raised:
        asyncio.run(scenario())
    assert raised.value.retry_after_s == 10


def test_what_failed_work_had_in_memory_is_free_at_once() -> None:
    class Files:
        pass

    async def work(_: Files) -> str:
        raise OutboundError("외부")

    async def scenario() -> bool:
        files = Files()
        is_gone = weakref.ref(files)
        with pytest.raises(OutboundError):
            await Jobs().wait_for(CHECKLIST, partial(work, files))
        del files
        await asyncio.sleep(0)
        return is_gone() is None

    gc.disable()
    try:
        assert asyncio.run(scenario())
    finally:
        gc.enable()


def test_a_caller_that_is_gone_leaves_no_work_behind() -> None:
    async def scenario() -> int:
        waiting = asyncio.create_task(Jobs().wait_for(CHECKLIST, never))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait({waiting})
        await asyncio.sleep(0)
        return len(asyncio.all_tasks())

    assert asyncio.run(scenario()) == 1


def test_abandoned_work_is_counted() -> None:
    def counted() -> float:
        labels = {"product": CHECKLIST, "outcome": "abandoned"}
        return REGISTRY.get_sample_value("ai_jobs_ended_total", labels) or 0

    before = counted()
    test_a_caller_that_is_gone_leaves_no_work_behind()
    assert counted() == before + 1


def test_work_is_waited_for_however_short_the_time_for_its_callback_is() -> None:
    outcomes: list[Outcome] = []

    async def deliver(outcome: Outcome) -> None:
        outcomes.append(outcome)

    async def scenario() -> None:
        jobs = Jobs()
        jobs.accept(CHECKLIST, lambda: asyncio.sleep(0.05, "done"), deliver)
        await jobs.join(0.01)

    asyncio.run(scenario())
    assert outcomes == [Done("done")]


def test_a_callback_that_takes_too_long_is_said_to_be_lost(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        jobs = Jobs()

        async def deliver(_: Outcome) -> None:
            await asyncio.sleep(60)

        jobs.accept(CHECKLIST, at_once, deliver)
        await asyncio.sleep(0.01)
        jobs.hand_back()
        await jobs.join(0.01)

    asyncio.run(scenario())
    assert "1 jobs end without their callback" in caplog.text
