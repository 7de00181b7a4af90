"""
Compute Engine over REST: requests with retries, and the results of operations.

Reads are retried after every transient error. A retry of a write repeats its requestId, which the server answers with
the operation of the first attempt. Source: retries of google-cloud-compute and terraform-provider-google, measured.
"""

import random
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final

import httpx

from deploy.compute_engine.answers import answer_error, check_document, decode_document
from deploy.compute_engine.operations import OperationResult, operation_result, operation_scope
from deploy.compute_engine.request import WAIT_EXCHANGE_S, Request
from deploy.compute_engine.request_rate import RequestRate
from deploy.compute_engine.server_clock import ServerClock, own_time
from deploy.documents import validation
from deploy.documents.resource import Document
from deploy.documents.validation import Check
from deploy.errors import CloudError, NotAllowedError
from deploy.retry import Time, TransientError, call_with_retries

_TOKEN_REFUSED: Final = 401
_CONNECT_S: Final = 10.0
_DEADLINE_KEY: Final = "deadline_s"  # equals lib.deadline.REQUEST_S, whose slow import `report` does not need
_MOST_PAGES: Final = 1_000
_READ_AND_POLL: Final = 3  # requests of a read of a group's document, and of the poll that a change in it leads to


class Compute:
    """
    The API of one project.

    Args:
        client: transport of the requests; this class follows no redirects.
        base_url: URL up to `/compute/v1`.
        project: name of the project.
        headers: returns the headers of a request, with its token.
        time: clock of retries and waits.
        budget_s: seconds in which one request may be retried.
        dice: returns a number from 0 to 1, for the jitter.
        renew: replaces a token that the API refused.
        own_clock: returns the time of this computer's clock.

    Attributes:
        requests: number of requests that were sent.
        rate: times of the requests of the last minute.
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
        self.rate = RequestRate()
        self._client = client
        self._base_url = base_url.rstrip("/")
        self._base = f"{self._base_url}/projects/{project}"
        self._headers = headers
        self._budget_s = budget_s
        self._dice = dice
        self._renew = renew

    def of_project(self, project: str) -> "Compute":
        """Return the API of another project, by the same transport and login; it counts its own requests."""
        budget_s, dice, renew = self._budget_s, self._dice, self._renew
        return Compute(self._client, self._base_url, project, self._headers, self.time, budget_s, dice, renew)

    def get(
        self,
        path: str,
        params: dict[str, str] | None = None,
        within_s: float | None = None,
        check: Check = validation.check_object,
        *,
        is_retried: bool = True,
    ) -> Document:
        """
        Read a resource of the project; an answer that fails its check is read again, as a lost one.

        Args:
            path: path of the resource below the project.
            params: parameters of the query.
            within_s: seconds that the read may take, retries included; None for the budget of every request.
            check: check of the answer.
            is_retried: whether the read is repeated after a transient error.

        Raises:
            CloudError: the answer is an error, also after retries.
            NotAllowedError: the answer is 401 or 403.
        """
        return self._request(Request("GET", self.project, path, params, None, check, within_s, is_retried))

    def items(
        self, path: str, member: str = "items", verb: str = "GET", within_s: float | None = None
    ) -> Iterator[Document]:
        """
        Yield the rows of a list, page by page.

        Args:
            path: path of the list below the project.
            member: member of a page that has the rows.
            verb: HTTP method.
            within_s: seconds that a page may take, retries included; None for the budget of every request.

        Raises:
            CloudError: a page can't be read, so that the list would be incomplete.
        """
        for page in self.pages(path, validation.page_check(path.rpartition("/")[2], member), verb, within_s):
            yield from page.get(member, [])

    def pages(self, path: str, check: Check, verb: str = "GET", within_s: float | None = None) -> Iterator[Document]:
        """
        Yield the pages of a list.

        Args:
            path: path of the list below the project.
            check: check of a page.
            verb: HTTP method.
            within_s: seconds that a page may take, retries included; None for the budget of every request.

        Raises:
            CloudError: a page can't be read, a page token repeats, or the list has more than 1000 pages.
        """
        token, used_tokens = "", set[str]()
        while True:
            params = {"pageToken": token} if token else None
            page = self._request(Request(verb, self.project, path, params, None, check, within_s))
            yield page
            token = page.get("nextPageToken", "")
            if not token:
                return
            if token in used_tokens or len(used_tokens) >= _MOST_PAGES:
                fault = "the same nextPageToken again" if token in used_tokens else f"more than {_MOST_PAGES} pages"
                raise CloudError(f"{verb} {self.project}/{path}: {fault}")
            used_tokens.add(token)

    def write(self, verb: str, path: str, body: Document | None, params: dict[str, str] | None = None) -> Document:
        """
        Send a write with a requestId of its own, and return its operation.

        Args:
            verb: HTTP method.
            path: path of the resource below the project.
            body: document to send; None for no body.
            params: parameters of the query.

        Raises:
            CloudError: the answer is an error, also after retries.
            NotAllowedError: the answer is 401 or 403.
        """
        identified = {**(params or {}), "requestId": str(uuid.uuid4())}
        return self._request(Request(verb, self.project, path, identified, body, validation.operation_check()))

    def wait(self, operation: Document, budget_s: float = 180.0) -> OperationResult:
        """
        Wait until an operation is DONE.

        Args:
            operation: the operation, as the write returned it.
            budget_s: seconds after which the result is unknown.

        Returns:
            The result; unknown also if the operation has vanished, or the account may not read it.
        """
        path = f"{operation_scope(operation)}/operations/{operation['name']}/wait"
        check = validation.operation_check(operation["name"])
        until_s = self.time.now_s() + budget_s
        while operation.get("status") != "DONE":
            left_s = until_s - self.time.now_s()
            if left_s <= 0:
                text = f"operation '{operation['name']}' is still {operation.get('status')}"
                return OperationResult("unknown", text=text)
            request = Request(
                "POST", self.project, path, check=check, within_s=left_s, longest_exchange_s=WAIT_EXCHANGE_S
            )
            try:
                operation = self._request(request)
            except (CloudError, NotAllowedError) as error:
                return OperationResult("unknown", text=str(error))
            if operation.get("status") != "DONE":
                self.time.sleep(1.0)
        return operation_result(operation)

    def pause(self, seconds: float, most: int) -> None:
        """
        Sleep before a read of a group, and longer if the read and a poll after it were too many requests in a minute.

        Args:
            seconds: shortest pause.
            most: requests that any minute may have.
        """
        self.time.sleep(max(seconds, self.rate.wait_s(self.time.now_s(), _READ_AND_POLL, most)))

    def _request(self, request: Request) -> Document:
        budget_s = self._budget_s if request.within_s is None else request.within_s
        until_s = self.time.now_s() + budget_s
        if not request.is_retried:
            return self._send_authorized(request, until_s)
        return call_with_retries(lambda: self._send_authorized(request, until_s), self.time, budget_s, self._dice)

    def _send_authorized(self, request: Request, until_s: float) -> Document:
        answer = self._send(request, until_s)
        if answer.status_code == _TOKEN_REFUSED:
            self._renew()
            answer = self._send(request, until_s)
        where = request.where
        if answer.is_success:
            return check_document(decode_document(answer, where), request.check, where)
        raise answer_error(answer, where)

    def _send(self, request: Request, until_s: float) -> httpx.Response:
        self.requests += 1
        headers, sent_s = self._headers(), self.time.now_s()
        self.rate.add(sent_s)
        exchange_s = request.exchange_s(until_s - sent_s)
        try:
            answer = self._client.request(
                request.verb,
                f"{self._base}/{request.path}".rstrip("/"),
                params=request.params,
                json=request.body,
                headers=headers,
                timeout=httpx.Timeout(exchange_s, connect=_CONNECT_S),
                follow_redirects=False,
                extensions={_DEADLINE_KEY: exchange_s},
            )
        except httpx.RequestError as error:
            raise TransientError(f"{request.where}: {type(error).__name__}: {error}") from error
        self.server_clock.set_by(answer.headers.get("date", ""), sent_s)
        return answer
