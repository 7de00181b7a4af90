"""
Calls of other services: one pool of connections, and limits for each destination.

A call has a deadline from its connection to the last byte of its answer, and its answer a largest size. A failed call
is repeated after a wait with jitter, because every call here may be executed twice. A destination that keeps failing is
not called for a while. Every call is counted with its outcome.

A failure is a value, because an exception keeps the frames that it passed, and their requests, in memory.
"""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from types import MappingProxyType
from typing import Final

import aiohttp
import httpx

from app.clients.answers import Answer, EncodingError, LargeBodyError, read_body
from app.clients.circuit import Circuit, CircuitPolicy
from app.clients.transport import ServiceClient
from app.errors import LONGEST_RETRY_AFTER_S, RETRY_AFTER_S, OutboundError, UnavailableError, clear_frames
from app.metrics import OUTBOUND, OUTBOUND_SECONDS

_READ_BYTES: Final = 2**16
_TIMEOUT: Final = "timeout"
_BUSY: Final = "status_429"
_REPEATED_STATUSES: Final = {
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
}
_NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})
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
        answer_s: longest time of an attempt, from its connection to the last byte of the answer.
        answer_bytes: largest size of an answer, decoded.
        attempts: largest number of attempts of a call.
        at_once: largest number of concurrent attempts; a call that waits for its next attempt is not counted.
        has_circuit: whether failures open a circuit; callbacks have none, so that each of them gets all its attempts.
        repeats_slow: whether a call without an answer in time is repeated.
    """

    name: str
    answer_s: float
    answer_bytes: int = 64 * 2**10
    attempts: int = 3
    at_once: int = 64
    has_circuit: bool = True
    repeats_slow: bool = False


@dataclass(frozen=True)
class _Failure:
    """
    A failed attempt.

    Args:
        outcome: label of the metric.
        is_repeated: whether the call is repeated.
        requested_wait_s: seconds that the answer asks to wait before the next call, at most 300.
    """

    outcome: str
    is_repeated: bool
    requested_wait_s: int = 0

    @property
    def retry_after_s(self) -> int | None:
        """Seconds until a new request may succeed; None if a retry does not help."""
        return max(self.requested_wait_s, RETRY_AFTER_S) if self.is_repeated or self.outcome == _TIMEOUT else None


def download_client(transport: httpx.AsyncBaseTransport | None = None) -> httpx.AsyncClient:
    """Return the HTTP client for downloads, which connects to an address and names another host in TLS."""
    return httpx.AsyncClient(transport=transport, trust_env=False, follow_redirects=False)


class Outbound:
    """Calls of one destination with the shared client."""

    def __init__(self, client: ServiceClient, destination: Destination, policy: OutboundPolicy) -> None:
        self._client = client
        self._to = destination
        self._policy = policy
        self._circuit = Circuit(destination.name, policy.circuit) if destination.has_circuit else None
        self._places = asyncio.Semaphore(destination.at_once)

    async def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] = _NO_HEADERS,
        body: bytes = b"",
        before: Callable[[], Awaitable[None]] | None = None,
    ) -> Answer:
        """
        Send a request and return its complete answer: 2xx, or 4xx except 429.

        Args:
            method: HTTP method.
            url: URL with scheme and host, percent-encoded.
            headers: headers in addition to those of every request.
            body: body of the request.
            before: function that each attempt awaits first, such as a rate limiter.

        Raises:
            OutboundError: all attempts failed.
            UnavailableError: the circuit of the destination is open.
        """
        for number in range(1, self._to.attempts + 1):
            if before:
                await before()
            result = await self._attempt(method, url, headers, body)
            if not isinstance(result, _Failure) or not result.is_repeated or number == self._to.attempts:
                break
            _log.warning("%s: %s, attempt %d", self._to.name, result.outcome, number)
            await asyncio.sleep(self._wait_s(number, result))
        if isinstance(result, Answer):
            return result
        if isinstance(result, UnavailableError):
            raise result
        _log.error("%s: %s", self._to.name, result.outcome)
        text = f"외부 서비스({self._to.name})가 응답하지 않습니다."
        raise OutboundError(text, retry_after_s=result.retry_after_s)

    def _wait_s(self, attempt: int, failure: _Failure) -> float:
        """Return a random growing wait, or the wait that the answer requests, if it is longer."""
        longest_s = min(self._policy.backoff_s * 2 ** (attempt - 1), self._policy.longest_backoff_s)
        requested_s = min(failure.requested_wait_s, self._policy.longest_requested_wait_s)
        return max(random.uniform(0, longest_s), requested_s)  # noqa: S311 - no secret

    async def _attempt(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> Answer | _Failure | UnavailableError:
        async with self._places:
            if self._circuit and (left_s := self._circuit.closed_in_s()):
                OUTBOUND.labels(self._to.name, "circuit_open").inc()
                text = f"외부 서비스({self._to.name})를 사용할 수 없습니다. 잠시 후 다시 시도해 주세요."
                return UnavailableError(text, retry_after_s=int(left_s) + 1)
            started = time.monotonic()
            result = await self._exchange(method, url, headers, body)
        OUTBOUND_SECONDS.labels(self._to.name).observe(time.monotonic() - started)
        outcome = result.outcome if isinstance(result, _Failure) else f"status_{result.status}"
        OUTBOUND.labels(self._to.name, outcome).inc()
        if self._circuit and isinstance(result, Answer):
            self._circuit.succeeded()
        elif self._circuit and outcome != _BUSY:
            self._circuit.failed()
        return result

    async def _exchange(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer | _Failure:
        response: aiohttp.ClientResponse | None = None
        try:
            response = await self._client.request(method, url, headers=headers, body=body, deadline_s=self._to.answer_s)
            if failure := _status_failure(response):
                return failure
            parts, encoding = response.content.iter_chunked(_READ_BYTES), response.headers.get("Content-Encoding", "")
            return Answer(response.status, await read_body(parts, encoding, self._to.answer_bytes))
        except (aiohttp.ClientError, EncodingError, OSError, asyncio.TimeoutError) as error:
            failure = _request_failure(error, repeats_slow=self._to.repeats_slow)
            # aiohttp's connection keeps the error, whose frames have the body until a full garbage collection.
            clear_frames(error)
            error.__traceback__ = None
            return failure
        except LargeBodyError:
            return _Failure("too_large", is_repeated=False)
        finally:
            if response is not None:
                response.release()  # closes the connection if the body is incomplete


def _status_failure(response: aiohttp.ClientResponse) -> _Failure | None:
    is_repeated = response.status in _REPEATED_STATUSES
    if httpx.codes.is_success(response.status) or (httpx.codes.is_client_error(response.status) and not is_repeated):
        return None
    requested_wait_s = _requested_wait_s(response.headers.get("Retry-After", ""))
    return _Failure(f"status_{response.status}", is_repeated=is_repeated, requested_wait_s=requested_wait_s)


def _request_failure(error: Exception, *, repeats_slow: bool) -> _Failure:
    if isinstance(error, aiohttp.ConnectionTimeoutError | aiohttp.ClientConnectorError):
        return _Failure("unreachable", is_repeated=True)
    if isinstance(error, asyncio.TimeoutError):
        return _Failure(_TIMEOUT, is_repeated=repeats_slow)
    return _Failure("broken", is_repeated=True)


def _requested_wait_s(retry_after: str) -> int:
    """Return the seconds of a `Retry-After` in either form, at most 300; 0 for an invalid value."""
    digits = retry_after.strip()
    if digits.isascii() and digits.isdecimal():
        significant = digits.lstrip("0") or "0"
        return LONGEST_RETRY_AFTER_S if len(significant) > 3 else min(int(significant), LONGEST_RETRY_AFTER_S)
    try:
        seconds = parsedate_to_datetime(digits).timestamp() - time.time()
    except (ValueError, TypeError, OverflowError):
        return 0
    return min(max(0, round(seconds)), LONGEST_RETRY_AFTER_S)
