"""Asking again for what time alone may mend: within a budget, with full jitter, never before the server's own wish."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

import httpx
import tenacity

from deploy.errors import CloudError

TRANSIENT_STATUSES: Final = frozenset({408, 429, 500, 502, 503, 504})
NOT_FOUND: Final = 404
TIMEOUT: Final = httpx.Timeout(30.0, connect=10.0)
_LONGEST_WAIT_S: Final = 10.0
_T = TypeVar("_T")


@dataclass(frozen=True)
class Time:
    """
    Seconds that go by, and how to let them.

    Args:
        now_s: Of any origin, never backwards.
        sleep: Waits.
    """

    now_s: Callable[[], float]
    sleep: Callable[[float], None]


class TransientError(CloudError):
    """Something that asking again may mend."""

    retry_after_s: float = 0.0


def transient_error(text: str, answer: httpx.Response, reason: str = "") -> TransientError:
    """Return the error of an answer that asking again may mend."""
    error = TransientError(text, answer.status_code, reason)
    after = answer.headers.get("retry-after", "")
    error.retry_after_s = float(after) if after.isascii() and after.isdigit() else 0.0
    return error


def call_with_retries(
    call: Callable[[], _T], time: Time, budget_s: float, dice: Callable[[], float] = random.random
) -> _T:
    """
    Call until it ends in anything but a TransientError, or the budget is spent; that error is then raised.

    A server that wants to be left alone for longer than is left of the budget is not waited for.

    Args:
        call: One attempt.
        time: Of the waits.
        budget_s: After which no further attempt begins.
        dice: From 0 to 1, for the jitter.
    """
    began_s = time.now_s()

    def asked_s(state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        return error.retry_after_s if isinstance(error, TransientError) else 0.0

    def backoff_s(state: tenacity.RetryCallState) -> float:
        return max(asked_s(state), dice() * min(_LONGEST_WAIT_S, 0.5 * 2.0**state.attempt_number))

    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(TransientError),
        stop=lambda state: time.now_s() - began_s + state.upcoming_sleep >= budget_s,
        wait=backoff_s,
        sleep=time.sleep,
        reraise=True,
    )
    return retrying(call)


def read_despite_404(read: Callable[[], _T], time: Time, budget_s: float) -> _T:
    """
    Call a read again while it ends in a 404, as after other failed reads: a single 404 does not prove an absence.

    Args:
        read: One attempt.
        time: Of the waits.
        budget_s: After which no further attempt begins, and a 404 is believed.

    Raises:
        CloudError: The last failure.
    """

    def attempt() -> _T:
        try:
            return read()
        except CloudError as error:
            if error.status == NOT_FOUND:
                raise TransientError(error.message, error.status, error.reason) from error
            raise

    return call_with_retries(attempt, time, budget_s)
