"""Reads of Google's APIs beside Compute Engine: one request each, with retries after transient errors."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import httpx

from deploy.compute_engine.answers import answer_error, check_document, decode_document
from deploy.documents import project_shapes, validation
from deploy.documents.resource import Document
from deploy.documents.validation import Check
from deploy.errors import CloudError
from deploy.retry import Time, TransientError, call_with_retries

_BUDGET_S: Final = 15.0  # of a read with its retries; without an answer `doctor` prints that the value is unknown
_ATTEMPT_S: Final = 10.0
_MOST_PAGES: Final = 1_000
_RESOURCE_MANAGER: Final = "cloudresourcemanager"


@dataclass(frozen=True)
class GoogleApis:
    """
    Google's APIs beside Compute Engine.

    Args:
        client: transport of the requests.
        headers: returns the headers of a request, with its token.
        time: clock of the retries.
        emulator_url: scheme and host of the emulator, which serves all of them; empty for Google's own hosts.
        resource_manager_url: scheme and host of Cloud Resource Manager.
    """

    client: httpx.Client
    headers: Callable[[], dict[str, str]]
    time: Time
    emulator_url: str
    resource_manager_url: str

    def get(self, api: str, path: str, check: Check, query: Sequence[tuple[str, str]] = ()) -> Document:
        """
        Read a resource.

        Args:
            api: first label of the API's host, such as `secretmanager`.
            path: path of the resource below `/v1/`.
            check: check of the answer.
            query: parameters of the query; a name may occur several times.

        Raises:
            CloudError: the answer is an error, also after retries.
            NotAllowedError: the API is disabled, the account may not read the resource, or there is no token.
        """
        return self._send("GET", api, path, check, query)

    def items(self, api: str, path: str, member: str, check: Check, page_size: int) -> Iterator[Document]:
        """
        Yield the rows of a list, page by page.

        Args:
            api: first label of the API's host.
            path: path of the list below `/v1/`.
            member: member of a page that has the rows.
            check: check of a page.
            page_size: most rows of a page.

        Raises:
            CloudError: as of `get`, or the list never ends, so that it would be incomplete; NotAllowedError, too.
        """
        token, used_tokens = "", set[str]()
        while True:
            query = [("pageSize", str(page_size)), *([("pageToken", token)] if token else [])]
            page = self.get(api, path, check, query)
            yield from page.get(member) or []
            token = str(page.get("nextPageToken") or "")
            if not token:
                return
            if token in used_tokens or len(used_tokens) >= _MOST_PAGES:
                raise CloudError(f"GET {api} {path}: the list never ends")
            used_tokens.add(token)

    def granted(self, api: str, path: str, permissions: Sequence[str]) -> frozenset[str]:
        """
        Return which permissions the account has on a resource; a grant under a condition may be left out.

        Args:
            api: first label of the API's host, such as `iam`.
            path: path of the resource below `/v1/`.
            permissions: permissions to ask for.

        Raises:
            CloudError: as of `get`; NotAllowedError, too.
        """
        body = {"permissions": list(permissions)}
        check = validation.shape_check(project_shapes.Permissions)
        answer = self._send("POST", api, f"{path}:testIamPermissions", check, body=body)
        return frozenset(answer.get("permissions") or ())

    def _send(
        self,
        verb: str,
        api: str,
        path: str,
        check: Check,
        query: Sequence[tuple[str, str]] = (),
        body: Document | None = None,
    ) -> Document:
        where = f"{verb} {api} {path}"

        def attempt() -> Document:
            try:
                answer = self.client.request(
                    verb,
                    f"{self._host(api)}/v1/{path}",
                    params=list(query),
                    json=body,
                    headers=self.headers(),
                    timeout=_ATTEMPT_S,
                    follow_redirects=False,
                )
            except httpx.RequestError as error:
                raise TransientError(f"{where}: {type(error).__name__}: {error}") from error
            if answer.is_success:
                return check_document(decode_document(answer, where), check, where)
            raise answer_error(answer, where)

        return call_with_retries(attempt, self.time, _BUDGET_S)

    def _host(self, api: str) -> str:
        if self.emulator_url:
            return self.emulator_url.rstrip("/")
        if api == _RESOURCE_MANAGER:
            return self.resource_manager_url.rstrip("/")
        return f"https://{api}.googleapis.com"
