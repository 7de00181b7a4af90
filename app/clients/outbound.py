"""
Calls of other services: one pool of connections, and limits for each destination.

A failed call is repeated after a wait with jitter, because every call here may be executed twice. A destination that
keeps failing is not called for a while. Every call is counted with its outcome.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, Final

import httpx
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt, wait_random_exponential

from app.clients.circuit import Circuit, CircuitPolicy
from app.errors import RETRY_AFTER_S, OutboundError, UnavailableError
from app.metrics import OUTBOUND, OUTBOUND_SECONDS

_CONNECTIONS: Final = 200
_IDLE_CONNECTIONS: Final = 50
_CONNECT_S: Final = 5
_TIMEOUT: Final = "timeout"
_BUSY: Final = "status_429"
_REPEATED_STATUSES: Final = {
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
}
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class OutboundPolicy:
    """
    What the calls of all destinations have in common.

    Args:
        backoff_s: upper bound of the random wait before the second attempt; it doubles with each attempt.
        longest_backoff_s: largest upper bound.
        longest_requested_wait_s: largest wait that an answer may request before the next attempt.
        circuit: when a circuit opens.
    """

    backoff_s: float = 0.5
    longest_backoff_s: float = 8
    longest_requested_wait_s: int = 30
    circuit: CircuitPolicy = field(default_factory=CircuitPolicy)


@dataclass(frozen=True)
class Destination:
    """
    Another service.

    Args:
        name: name in metrics and errors.
        answer_s: longest wait for a part of an answer.
        attempts: largest number of attempts of a call.
        at_once: largest number of concurrent calls.
        has_circuit: whether failures open a circuit; callbacks have none, so that each of them gets all its attempts.
        repeats_slow: whether a call without an answer in time is repeated.
    """

    name: str
    answer_s: float
    attempts: int = 3
    at_once: int = 64
    has_circuit: bool = True
    repeats_slow: bool = False


class _FailedCallError(Exception):
    """
    A failed call.

    Args:
        outcome: label of the metric.
        is_repeated: whether the call is repeated.
        requested_wait_s: What its answer asked to wait before.
    """

    def __init__(self, outcome: str, *, is_repeated: bool, requested_wait_s: int = 0) -> None:
        super().__init__(outcome)
        self.outcome = outcome
        self.is_repeated = is_repeated
        self.requested_wait_s = requested_wait_s

    @property
    def retry_after_s(self) -> int | None:
        """Seconds until a new request may succeed; None if a retry does not help."""
        return max(self.requested_wait_s, RETRY_AFTER_S) if self.is_repeated or self.outcome == _TIMEOUT else None


def shared_client(transport: httpx.AsyncBaseTransport | None = None) -> httpx.AsyncClient:
    """Return the HTTP client of the server, which ignores environment variables, such as a proxy, and cookies."""
    cookies = CookieJar(DefaultCookiePolicy(allowed_domains=()))
    limits = httpx.Limits(max_connections=_CONNECTIONS, max_keepalive_connections=_IDLE_CONNECTIONS)
    return httpx.AsyncClient(
        transport=transport, limits=limits, cookies=cookies, trust_env=False, follow_redirects=False
    )


class Outbound:
    """Calls of one destination with the shared client."""

    def __init__(self, client: httpx.AsyncClient, destination: Destination, policy: OutboundPolicy) -> None:
        self._client = client
        self._to = destination
        self._policy = policy
        self._backoff_s = wait_random_exponential(multiplier=policy.backoff_s, max=policy.longest_backoff_s)
        self._circuit = Circuit(destination.name, policy.circuit) if destination.has_circuit else None
        self._places = asyncio.Semaphore(destination.at_once)
        timeout = httpx.Timeout(destination.answer_s, connect=min(_CONNECT_S, destination.answer_s), pool=None)
        self._timeout = timeout

    async def send(
        self, method: str, url: str, *, before: Callable[[], Awaitable[None]] | None = None, **request: Any
    ) -> httpx.Response:
        """
        Send a request and return its complete answer: 2xx, or 4xx except 429.

        Args:
            method: HTTP method.
            url: URL with scheme and host.
            before: function that each attempt awaits first, such as a rate limiter.
            request: further arguments of `httpx.AsyncClient.request`.

        Raises:
            OutboundError: all attempts failed.
            UnavailableError: the circuit of the destination is open.
        """
        retrying = AsyncRetrying(
            stop=stop_after_attempt(self._to.attempts),
            wait=self._wait_s,
            retry=retry_if_exception(lambda raised: isinstance(raised, _FailedCallError) and raised.is_repeated),
            before_sleep=self._log_failure,
            reraise=True,
        )
        try:
            async with self._places:
                return await retrying(self._call, method, url, before, **request)
        except _FailedCallError as error:
            _log.error("%s: %s", self._to.name, error.outcome)
            text = f"외부 서비스({self._to.name})가 응답하지 않습니다."
            raise OutboundError(text, retry_after_s=error.retry_after_s) from None

    def _wait_s(self, state: RetryCallState) -> float:
        """Return a random growing wait, or the wait that the answer requests, if it is longer."""
        raised = state.outcome.exception() if state.outcome else None
        requested_wait_s = raised.requested_wait_s if isinstance(raised, _FailedCallError) else 0
        return max(self._backoff_s(state), min(requested_wait_s, self._policy.longest_requested_wait_s))

    def _log_failure(self, state: RetryCallState) -> None:
        raised = state.outcome.exception() if state.outcome else None
        _log.warning("%s: %s, attempt %d", self._to.name, raised, state.attempt_number)

    async def _call(
        self, method: str, url: str, before: Callable[[], Awaitable[None]] | None, **request: Any
    ) -> httpx.Response:
        if before:
            await before()
        if self._circuit and (left_s := self._circuit.closed_in_s()):
            OUTBOUND.labels(self._to.name, "circuit_open").inc()
            text = f"외부 서비스({self._to.name})를 사용할 수 없습니다. 잠시 후 다시 시도해 주세요."
            raise UnavailableError(text, retry_after_s=int(left_s) + 1)
        started = time.monotonic()
        try:
            answer = await self._client.request(method, url, timeout=self._timeout, **request)
            failure = _answer_failure(answer)
        except httpx.RequestError as error:
            failure = _request_failure(error, repeats_slow=self._to.repeats_slow)
        OUTBOUND_SECONDS.labels(self._to.name).observe(time.monotonic() - started)
        OUTBOUND.labels(self._to.name, failure.outcome if failure else f"status_{answer.status_code}").inc()
        if failure is None:
            if self._circuit:
                self._circuit.succeeded()
            return answer
        if self._circuit and failure.outcome != _BUSY:
            self._circuit.failed()
        raise failure


def _answer_failure(answer: httpx.Response) -> _FailedCallError | None:
    is_repeated = answer.status_code in _REPEATED_STATUSES
    if answer.is_success or (answer.is_client_error and not is_repeated):
        return None
    requested_wait_s = _requested_wait_s(answer.headers.get("retry-after", ""))
    return _FailedCallError(f"status_{answer.status_code}", is_repeated=is_repeated, requested_wait_s=requested_wait_s)


def _request_failure(error: httpx.RequestError, *, repeats_slow: bool) -> _FailedCallError:
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        return _FailedCallError("unreachable", is_repeated=True)
    if isinstance(error, httpx.TimeoutException):
        return _FailedCallError(_TIMEOUT, is_repeated=repeats_slow)
    return _FailedCallError("broken", is_repeated=True)


def _requested_wait_s(retry_after: str) -> int:
    """Return the seconds of a `Retry-After` in either form; 0 for an invalid value."""
    try:
        if retry_after.isdecimal():
            return int(retry_after)
        return max(0, round(parsedate_to_datetime(retry_after).timestamp() - time.time()))
    except (ValueError, TypeError):
        return 0
