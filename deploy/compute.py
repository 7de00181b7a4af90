"""
Compute Engine over REST: one place that retries, and one that resolves what an operation came to.

Reads are retried on everything transient; writes only with the same requestId, which the server answers with the first
operation again. Source: what google-cloud-compute and terraform-provider-google do and do not retry, as measured.
"""

import random
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

import httpx

from deploy.errors import CloudError, NotAllowedError
from deploy.retry import TIMEOUT, TRANSIENT, Time, TransientError, retried, transient
from deploy.server_clock import ServerClock, own_time

Document = dict[str, Any]

QUOTA: Final = "quotaExceeded"  # the reason of a 403 that no permission mends
_TOKEN_REFUSED: Final = 401
_RATE_REASONS: Final = frozenset(
    {"rateLimitExceeded", "userRateLimitExceeded", "CONCURRENT_OPERATIONS_QUOTA_EXCEEDED", "resourceNotReady"}
)


@dataclass(frozen=True)
class Outcome:
    """
    What became of an operation.

    Args:
        state: done; failed; or unknown, when it can't be read any more and the resource itself must tell.
        code: Of the first error.
        text: All errors, each with its code.
        warnings: Of one that succeeded.
    """

    state: Literal["done", "failed", "unknown"]
    code: str = ""
    text: str = ""
    warnings: tuple[str, ...] = ()


class Compute:
    """
    The API of one project.

    Args:
        client: Its transport; redirects are not followed.
        base_url: Up to `/compute/v1`.
        project: Name.
        headers: Called for each request; has the token.
        time: Of retries and waits.
        budget_s: How long one request may be retried.
        dice: From 0 to 1, for the jitter.
        renew: Gets another token, after one was refused.
        own_clock: Returns the time of this computer's clock.
    """

    def __init__(
        self,
        client: httpx.Client,
        base_url: str,
        project: str,
        headers: Callable[[], dict[str, str]],
        time: Time,
        budget_s: float = 90.0,
        dice: Callable[[], float] = random.random,
        renew: Callable[[], object] = lambda: None,
        own_clock: Callable[[], datetime] = own_time,
    ) -> None:
        self.project = project
        self.time = time
        self.server_clock = ServerClock(time, own_clock)
        self.requests = 0
        self.warnings: list[str] = []
        self._client = client
        self._base = f"{base_url.rstrip('/')}/projects/{project}"
        self._headers = headers
        self._budget_s = budget_s
        self._dice = dice
        self._renew = renew

    def get(self, path: str, params: dict[str, str] | None = None, within_s: float | None = None) -> Document:
        """
        Read a resource below the project.

        Args:
            path: From the project's on.
            params: Of the query.
            within_s: How long the read may be retried; None for as long as every request.

        Raises:
            CloudError: What Google said, once retrying did not help.
            NotAllowedError: 401 or 403.
        """
        return self._retried("GET", f"{self._base}/{path}", params, None, within_s)

    def read(self, path: str) -> Document:
        """Make a POST that only reads, such as `listManagedInstances`."""
        return self._retried("POST", f"{self._base}/{path}", None, None)

    def items(self, path: str, member: str = "items", verb: str = "GET") -> Iterator[Document]:
        """Yield all of a list, page by page; a page that can't be read ends in an error, never in a shorter list."""
        token = ""
        while True:
            page = self._retried(verb, f"{self._base}/{path}", {"pageToken": token} if token else None, None)
            yield from page.get(member) or []
            token = page.get("nextPageToken", "")
            if not token:
                return

    def write(self, verb: str, path: str, body: Document | None, params: dict[str, str] | None = None) -> Document:
        """Make a write with a requestId of its own, which every retry repeats; returns its operation."""
        identified = {**(params or {}), "requestId": str(uuid.uuid4())}
        return self._retried(verb, f"{self._base}/{path}", identified, body)

    def wait(self, operation: Document, budget_s: float = 180.0) -> Outcome:
        """Wait until an operation is DONE; one that has vanished, is forbidden or never ends is unknown."""
        path = f"{_scope(operation)}/operations/{operation['name']}"
        until_s = self.time.now_s() + budget_s
        while operation.get("status") != "DONE":
            if self.time.now_s() >= until_s:
                return Outcome("unknown", text=f"operation '{operation['name']}' is still {operation.get('status')}")
            try:
                operation = self._retried("POST", f"{self._base}/{path}/wait", None, None)
            except (CloudError, NotAllowedError) as error:
                return Outcome("unknown", text=str(error))
            if operation.get("status") != "DONE":
                self.time.sleep(1.0)
        outcome = _outcome(operation)
        self.warnings.extend(outcome.warnings)
        return outcome

    def _retried(
        self, verb: str, url: str, params: dict[str, str] | None, body: Document | None, within_s: float | None = None
    ) -> Document:
        budget_s = self._budget_s if within_s is None else within_s
        return retried(lambda: self._once(verb, url, params, body), self.time, budget_s, self._dice)

    def _once(self, verb: str, url: str, params: dict[str, str] | None, body: Document | None) -> Document:
        where = f"{verb} {url.partition('/projects/')[2]}"
        answer = self._sent(where, verb, url, params, body)
        if answer.status_code == _TOKEN_REFUSED:
            self._renew()
            answer = self._sent(where, verb, url, params, body)
        if answer.is_success:
            return _decoded(answer, where)
        raise _error(answer, where)

    def _sent(
        self, where: str, verb: str, url: str, params: dict[str, str] | None, body: Document | None
    ) -> httpx.Response:
        self.requests += 1
        headers, sent_s = self._headers(), self.time.now_s()
        try:
            answer = self._client.request(
                verb, url, params=params, json=body, headers=headers, timeout=TIMEOUT, follow_redirects=False
            )
            self.server_clock.set_by(answer.headers.get("date", ""), sent_s)
            return answer
        except httpx.RequestError as error:
            raise TransientError(f"{where}: {type(error).__name__}: {error}") from error


def _decoded(answer: httpx.Response, where: str) -> Document:
    try:
        document = answer.json()
    except ValueError as error:
        raise TransientError(f"{where}: the answer is no JSON, but '{answer.text[:60]}'", answer.status_code) from error
    if not isinstance(document, dict):
        raise TransientError(f"{where}: the answer is no object", answer.status_code)
    return document


def _error(answer: httpx.Response, where: str) -> CloudError | NotAllowedError:
    """Return what an answer means: transient by status or by Google's reason, forbidden, or final."""
    try:
        found = answer.json()["error"]
        message, details = str(found.get("message", "")), found.get("details") or []
        reasons = {str(one.get("reason")) for one in [*(found.get("errors") or []), *details] if one.get("reason")}
    except (ValueError, KeyError, TypeError, AttributeError):
        message, reasons = answer.text[:200], set()
    text = f"{where}: {answer.status_code} {message}"
    if answer.status_code in TRANSIENT or reasons & _RATE_REASONS:
        return transient(text, answer, next(iter(sorted(reasons)), ""))
    if answer.status_code in (401, 403) and QUOTA not in reasons:
        return NotAllowedError(text, "give the deployer's account that permission, or other credentials")
    return CloudError(text, answer.status_code, next(iter(sorted(reasons)), ""))


def _outcome(operation: Document) -> Outcome:
    """An operation may fail without an HTTP code: its own errors decide."""
    errors = (operation.get("error") or {}).get("errors") or []
    if errors:
        text = "; ".join(f"{one.get('code')}: {one.get('message')}" for one in errors)
        return Outcome("failed", str(errors[0].get("code", "")), text)
    if operation.get("httpErrorStatusCode"):
        text = f"{operation['httpErrorStatusCode']} {operation.get('httpErrorMessage', '')}"
        return Outcome("failed", str(operation["httpErrorStatusCode"]), text)
    return Outcome("done", warnings=tuple(str(one.get("message")) for one in operation.get("warnings") or []))


def _scope(operation: Document) -> str:
    for kind in ("zone", "region"):
        if operation.get(kind):
            return f"{kind}s/{operation[kind].rpartition('/')[2]}"
    return "global"
