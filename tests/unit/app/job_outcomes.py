"""Work for jobs, and the outcomes that jobs deliver."""

import asyncio
from collections.abc import Awaitable, Callable

from app.errors import OutboundError
from app.jobs import CHECKLIST, Done, Failed, JobPolicy, Jobs

Outcome = Done[str] | Failed


async def never() -> str:
    """Wait without an end."""
    await asyncio.Event().wait()
    raise AssertionError


async def at_once() -> str:
    """Return a result."""
    return "done"


async def broken() -> str:
    """Raise an error of another service."""
    raise OutboundError("외부")


async def bug() -> str:
    """Raise an unexpected error."""
    raise ZeroDivisionError


def outcomes_of(work: Callable[[], Awaitable[str]], *, hand_back: bool = False) -> list[Outcome]:
    """Run a job, and return its delivered outcomes."""
    outcomes: list[Outcome] = []

    async def deliver(outcome: Outcome) -> None:
        await asyncio.sleep(0)
        outcomes.append(outcome)

    async def scenario() -> None:
        jobs = Jobs(JobPolicy())
        jobs.accept(CHECKLIST, work, deliver)  # type: ignore[arg-type]
        await asyncio.sleep(0)
        if hand_back:
            jobs.hand_back()
        await jobs.join(5)

    asyncio.run(scenario())
    return outcomes
