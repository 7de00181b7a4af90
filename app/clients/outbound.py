"""
The way to every other service: one pool of connections, and for each destination its own patience.

A call that failed is repeated, after a wait with jitter, where that can't do harm: all that is asked here may be done
twice. A destination that keeps failing is left alone for a while. Every call is counted with its outcome.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, Final

import httpx
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt, wait_random_exponential

from app.clients.circuit import Circuit
from app.errors import RETRY_AFTER_S, OutboundError, UnavailableError
from app.metrics import OUTBOUND, OUTBOUND_SECONDS

_CONNECTIONS: Final = 200
_IDLE_CONNECTIONS: Final = 50
_CONNECT_S: Final = 5
_GROWING: Final = wait_random_exponential(multiplier=0.5, max=8)
_LONGEST_ASKED_S: Final = 30
_TIMEOUT: Final = "timeout"
_BUSY: Final = "status_429"
_AGAIN: Final = {
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
}
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Destination:
    """
    Another service.

    Args:
        name: Label of its metrics and word for it in errors.
        answer_s: Longest wait for a piece of its answer.
        attempts: How often a call is made in all.
        at_once: How many calls are open at a time.
        has_circuit: Whether it is left alone after failing; a callback is not given up for that of another one.
        repeats_slow: Whether a call that was not answered in time is made again.
    """

    name: str
    answer_s: float
    attempts: int = 3
    at_once: int = 64
    has_circuit: bool = True
    repeats_slow: bool = False


class _FailedCallError(Exception):
    """
    One call without a good answer.

    Args:
        outcome: Label of the metric.
        is_repeated: Whether it is made again.
        asked_s: What its answer asked to wait before.
    """

    def __init__(self, outcome: str, *, is_repeated: bool, asked_s: int = 0) -> None:
        super().__init__(outcome)
        self.outcome = outcome
        self.is_repeated = is_repeated
        self.asked_s = asked_s

    @property
    def retry_after_s(self) -> int | None:
        """When to ask the server itself again."""
        return max(self.asked_s, RETRY_AFTER_S) if self.is_repeated or self.outcome == _TIMEOUT else None


def shared_client(transport: httpx.AsyncBaseTransport | None = None) -> httpx.AsyncClient:
    """
    The one client of the server.

    Neither variables of its environment, such as a proxy's, nor cookies change what it asks for.
    """
    cookies = CookieJar(DefaultCookiePolicy(allowed_domains=()))
    limits = httpx.Limits(max_connections=_CONNECTIONS, max_keepalive_connections=_IDLE_CONNECTIONS)
    return httpx.AsyncClient(
        transport=transport, limits=limits, cookies=cookies, trust_env=False, follow_redirects=False
    )


class Outbound:
    """Calls of one destination over the shared client."""

    def __init__(self, client: httpx.AsyncClient, destination: Destination) -> None:
        self._client = client
        self._to = destination
        self._circuit = Circuit(destination.name) if destination.has_circuit else None
        self._places = asyncio.Semaphore(destination.at_once)
        timeout = httpx.Timeout(destination.answer_s, connect=min(_CONNECT_S, destination.answer_s), pool=None)
        self._timeout = timeout

    async def send(
        self, method: str, url: str, *, before: Callable[[], Awaitable[None]] | None = None, **request: Any
    ) -> httpx.Response:
        """
        Send a request, as `httpx.AsyncClient.request` takes it, and return its answer, which is read.

        Args:
            method: Such as POST.
            url: With scheme and host.
            before: What every attempt waits for, such as a limiter's turn.
            request: Content, headers and whatever else there is.

        Returns:
            An answer with 2xx, or another one with 4xx that says something of the request: 429 apart.

        Raises:
            OutboundError: There was none, after every attempt.
            UnavailableError: The destination is left alone at the moment.
        """
        retrying = AsyncRetrying(
            stop=stop_after_attempt(self._to.attempts),
            wait=_wait,
            retry=retry_if_exception(lambda raised: isinstance(raised, _FailedCallError) and raised.is_repeated),
            before_sleep=self._note,
            reraise=True,
        )
        try:
            async with self._places:
                return await retrying(self._call, method, url, before, **request)
        except _FailedCallError as error:
            _log.error("%s: %s", self._to.name, error.outcome)
            text = f"외부 서비스({self._to.name})가 응답하지 않습니다."
            raise OutboundError(text, retry_after_s=error.retry_after_s) from None

    def _note(self, state: RetryCallState) -> None:
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
        begun = time.monotonic()
        try:
            answer = await self._client.request(method, url, timeout=self._timeout, **request)
            failure = _bad_answer(answer)
        except httpx.RequestError as error:
            failure = _no_answer(error, repeats_slow=self._to.repeats_slow)
        OUTBOUND_SECONDS.labels(self._to.name).observe(time.monotonic() - begun)
        OUTBOUND.labels(self._to.name, failure.outcome if failure else f"status_{answer.status_code}").inc()
        if failure is None:
            if self._circuit:
                self._circuit.succeeded()
            return answer
        if self._circuit and failure.outcome != _BUSY:
            self._circuit.failed()
        raise failure


def _bad_answer(answer: httpx.Response) -> _FailedCallError | None:
    is_repeated = answer.status_code in _AGAIN
    if answer.is_success or (answer.is_client_error and not is_repeated):
        return None
    asked_s = _asked_s(answer.headers.get("retry-after", ""))
    return _FailedCallError(f"status_{answer.status_code}", is_repeated=is_repeated, asked_s=asked_s)


def _no_answer(error: httpx.RequestError, *, repeats_slow: bool) -> _FailedCallError:
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        return _FailedCallError("unreachable", is_repeated=True)
    if isinstance(error, httpx.TimeoutException):
        return _FailedCallError(_TIMEOUT, is_repeated=repeats_slow)
    return _FailedCallError("broken", is_repeated=True)


def _wait(state: RetryCallState) -> float:
    """A random time that grows, or what the answer asks for, if that is longer."""
    raised = state.outcome.exception() if state.outcome else None
    asked_s = raised.asked_s if isinstance(raised, _FailedCallError) else 0
    return max(_GROWING(state), min(asked_s, _LONGEST_ASKED_S))


def _asked_s(retry_after: str) -> int:
    """Seconds that a `Retry-After` means, in either of its forms; 0 if it means nothing."""
    try:
        if retry_after.isdecimal():
            return int(retry_after)
        return max(0, round(parsedate_to_datetime(retry_after).timestamp() - time.time()))
    except (ValueError, TypeError):
        return 0
