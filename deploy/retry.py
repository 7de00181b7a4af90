"""Repeats an attempt after errors that may be transient: within a budget, with jitter, and as the server asks."""

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
_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Time:
    """
    A monotonic clock and its sleep.

    Args:
        now_s: returns seconds since any moment; the value never decreases.
        sleep: waits for a number of seconds.
    """

    now_s: Callable[[], float]
    sleep: Callable[[float], None]


class TransientError(CloudError):
    """
    An error that another attempt may not have.

    Attributes:
        retry_after_s: seconds that the server asks the client to wait.
    """

    retry_after_s: float = 0.0


def transient_error(text: str, answer: httpx.Response, reason: str = "") -> TransientError:
    """
    Return the error of an answer with a transient status.

    Args:
        text: message of the error.
        answer: the answer, with its status and header `Retry-After`.
        reason: Google's reason, such as `rateLimitExceeded`.
    """
    error = TransientError(text, answer.status_code, reason)
    after = answer.headers.get("retry-after", "")
    error.retry_after_s = float(after) if after.isascii() and after.isdigit() else 0.0
    return error


def call_with_retries(
    attempt: Callable[[], _Result], time: Time, budget_s: float, dice: Callable[[], float] = random.random
) -> _Result:
    """
    Call a function until it ends without a TransientError, or until the budget is spent.

    A wait that the server asks for and that is longer than the rest of the budget ends the retries at once.

    Args:
        attempt: makes one attempt.
        time: clock of the waits.
        budget_s: seconds after which no further attempt begins.
        dice: returns a number from 0 to 1, for the jitter.

    Raises:
        TransientError: the budget is spent; the error is the last attempt's.
    """
    began_s = time.now_s()

    def retry_after_s(state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        return error.retry_after_s if isinstance(error, TransientError) else 0.0

    def wait_s(state: tenacity.RetryCallState) -> float:
        return max(retry_after_s(state), dice() * min(_LONGEST_WAIT_S, 0.5 * 2.0**state.attempt_number))

    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(TransientError),
        stop=lambda state: time.now_s() - began_s + state.upcoming_sleep >= budget_s,
        wait=wait_s,
        sleep=time.sleep,
        reraise=True,
    )
    return retrying(attempt)


def read_despite_404(read: Callable[[], _Result], time: Time, budget_s: float) -> _Result:
    """
    Call a read again after a 404, as after a TransientError, because a single 404 does not prove an absence.

    Args:
        read: makes one attempt.
        time: clock of the waits.
        budget_s: seconds after which no further attempt begins, and a 404 counts.

    Raises:
        CloudError: the read failed; the error is the last attempt's.
    """

    def attempt() -> _Result:
        try:
            return read()
        except CloudError as error:
            if error.status == NOT_FOUND:
                raise TransientError(error.message, error.status, error.reason) from error
            raise

    return call_with_retries(attempt, time, budget_s)
