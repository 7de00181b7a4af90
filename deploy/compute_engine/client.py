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
from typing import Final, Literal

import httpx

from deploy.compute_engine.answers import answer_error, check_document, decode_document
from deploy.compute_engine.server_clock import ServerClock, own_time
from deploy.documents import validation
from deploy.documents.group_state import Document
from deploy.documents.validation import Check
from deploy.errors import CloudError, NotAllowedError
from deploy.retry import TIMEOUT, Time, TransientError, call_with_retries

_TOKEN_REFUSED: Final = 401
_SHORTEST_S: Final = 0.5  # for an exchange of a read whose time is over
_REQUEST_S: Final = "deadline_s"  # lib.deadline.REQUEST_S, whose import costs what `report` does without
_MOST_PAGES: Final = 1_000


@dataclass(frozen=True)
class OperationResult:
    """
    How an operation ended.

    Args:
        state: done; failed; or unknown: the operation can't be read any more, and only the resource shows its effect.
        code: code of the first error.
        text: all errors, each with its code.
        warnings: warnings of an operation that succeeded.
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

    def get(
        self,
        path: str,
        params: dict[str, str] | None = None,
        within_s: float | None = None,
        check: Check = validation.any_object,
    ) -> Document:
        """
        Read a resource below the project; an answer that its check refuses is read again, as one that is lost.

        Args:
            path: From the project's on.
            params: Of the query.
            within_s: How long the read may last, retries included; None for as long as every request.
            check: Of the answer.

        Raises:
            CloudError: What Google said, once retrying did not help.
            NotAllowedError: 401 or 403.
        """
        return self._retried(_Request("GET", self.project, path, params, None, check, within_s))

    def items(
        self, path: str, member: str = "items", verb: str = "GET", within_s: float | None = None
    ) -> Iterator[Document]:
        """Yield all of a list, page by page; a page that can't be read ends in an error, never in a shorter list."""
        for page in self.pages(path, validation.page(path.rpartition("/")[2], member), verb, within_s):
            yield from page.get(member, [])

    def pages(self, path: str, check: Check, verb: str = "GET", within_s: float | None = None) -> Iterator[Document]:
        """
        Yield the pages of a list.

        Raises:
            CloudError: A page can't be read; a page token comes again, or there are more pages than any project has.
        """
        token, seen = "", set[str]()
        while True:
            params = {"pageToken": token} if token else None
            page = self._retried(_Request(verb, self.project, path, params, None, check, within_s))
            yield page
            token = page.get("nextPageToken", "")
            if not token:
                return
            if token in seen or len(seen) >= _MOST_PAGES:
                what = "the same nextPageToken again" if token in seen else f"more than {_MOST_PAGES} pages"
                raise CloudError(f"{verb} {self.project}/{path}: {what}")
            seen.add(token)

    def write(self, verb: str, path: str, body: Document | None, params: dict[str, str] | None = None) -> Document:
        """
        Make a write with a requestId of its own; returns its operation.

        Every retry repeats the requestId, also where the answer is no operation: the server then answers with the
        first one.
        """
        identified = {**(params or {}), "requestId": str(uuid.uuid4())}
        return self._retried(_Request(verb, self.project, path, identified, body, validation.operation()))

    def wait(self, operation: Document, budget_s: float = 180.0) -> OperationResult:
        """Wait until an operation is DONE; one that has vanished, is forbidden or never ends is unknown."""
        path = f"{_scope(operation)}/operations/{operation['name']}"
        until_s = self.time.now_s() + budget_s
        while operation.get("status") != "DONE":
            if self.time.now_s() >= until_s:
                text = f"operation '{operation['name']}' is still {operation.get('status')}"
                return OperationResult("unknown", text=text)
            try:
                check = validation.operation(operation["name"])
                operation = self._retried(_Request("POST", self.project, f"{path}/wait", check=check))
            except (CloudError, NotAllowedError) as error:
                return OperationResult("unknown", text=str(error))
            if operation.get("status") != "DONE":
                self.time.sleep(1.0)
        result = _result_of(operation)
        self.warnings.extend(result.warnings)
        return result

    def _retried(self, request: "_Request") -> Document:
        budget_s = self._budget_s if request.within_s is None else request.within_s
        until_s = self.time.now_s() + budget_s
        return call_with_retries(lambda: self._once(request, until_s), self.time, budget_s, self._dice)

    def _once(self, request: "_Request", until_s: float) -> Document:
        answer = self._sent(request, until_s)
        if answer.status_code == _TOKEN_REFUSED:
            self._renew()
            answer = self._sent(request, until_s)
        where = request.where
        if answer.is_success:
            return check_document(decode_document(answer, where), request.check, where)
        raise answer_error(answer, where)

    def _sent(self, request: "_Request", until_s: float) -> httpx.Response:
        self.requests += 1
        headers, sent_s = self._headers(), self.time.now_s()
        deadline = {_REQUEST_S: max(_SHORTEST_S, until_s - sent_s)}
        try:
            answer = self._client.request(
                request.verb,
                f"{self._base}/{request.path}",
                params=request.params,
                json=request.body,
                headers=headers,
                timeout=TIMEOUT,
                follow_redirects=False,
                extensions={} if request.within_s is None else deadline,
            )
        except httpx.RequestError as error:
            raise TransientError(f"{request.where}: {type(error).__name__}: {error}") from error
        self.server_clock.set_by(answer.headers.get("date", ""), sent_s)
        return answer


@dataclass(frozen=True)
class _Request:
    """
    A request below a project.

    Args:
        verb: GET and so on.
        project: Name.
        path: From the project's on.
        params: Of the query.
        body: JSON; None for none.
        check: Of the answer.
        within_s: How long it may last, retries included; None for the budget of every request.
    """

    verb: str
    project: str
    path: str
    params: dict[str, str] | None = None
    body: Document | None = None
    check: Check = validation.any_object
    within_s: float | None = None

    @property
    def where(self) -> str:
        """What messages call it."""
        return f"{self.verb} {self.project}/{self.path}"


def _result_of(operation: Document) -> OperationResult:
    """An operation may fail without an HTTP code: its own errors decide."""
    errors = (operation.get("error") or {}).get("errors") or []
    if errors:
        text = "; ".join(f"{one.get('code')}: {one.get('message')}" for one in errors)
        return OperationResult("failed", str(errors[0].get("code", "")), text)
    if operation.get("httpErrorStatusCode"):
        text = f"{operation['httpErrorStatusCode']} {operation.get('httpErrorMessage', '')}"
        return OperationResult("failed", str(operation["httpErrorStatusCode"]), text)
    return OperationResult("done", warnings=tuple(str(one.get("message")) for one in operation.get("warnings") or []))


def _scope(operation: Document) -> str:
    for kind in ("zone", "region"):
        if operation.get(kind):
            return f"{kind}s/{operation[kind].rpartition('/')[2]}"
    return "global"
