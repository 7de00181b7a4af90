"""A stage of a release: its name, its time, its results."""

import time
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import TypeVar

import dagger

from ci import spans
from ci.errors import NotRunError, PipelineError

R = TypeVar("R")


@dataclass(frozen=True)
class Stage:
    """
    A stage that has ended.

    Args:
        name: name of the stage, such as `lint`
        seconds: time from its start to its end
        results: parts of its line in the summary, such as `app 487 passed`
        failure: reason of a failure, with the tool's own output; empty where the stage passed
    """

    name: str
    seconds: float
    results: tuple[str, ...] = ()
    failure: str = ""


async def run_stage(name: str, work: Awaitable[R]) -> tuple[R, float]:
    """Await the work of a stage; return its result and its seconds. A failure of it ends the release."""
    started_at = time.monotonic()
    with spans.stage(name):
        result = await work
    return result, time.monotonic() - started_at


async def run_gate(name: str, work: Awaitable[tuple[str, ...]]) -> Stage:
    """Await the work of a gate beside others; a failure becomes part of the stage, so that the others go on."""
    started_at = time.monotonic()
    try:
        results, seconds = await run_stage(name, work)
    except NotRunError as error:
        return Stage(name, time.monotonic() - started_at, (f"not run: {error}",))
    except (PipelineError, dagger.QueryError) as error:
        text = str(error) if isinstance(error, PipelineError) else f"{name}: could not run\n{error}"
        return Stage(name, time.monotonic() - started_at, failure=text)
    return Stage(name, seconds, results)
