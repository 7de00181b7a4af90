"""Requests to one registry: login, redirects, and the largest answer."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

import httpx

from deploy.errors import ConfigError, NotAllowedError, RefusedError
from deploy.registry.credentials import RegistryCredentials
from deploy.registry.hosts import AddressError, Hosts, look_up_addresses, takes_google_token
from deploy.registry.login import Challenge, challenge, token
from deploy.release.registry_names import api_path, login_name
from deploy.retry import TIMEOUT, TRANSIENT_STATUSES, TransientError, transient_error
from lib.credential_urls import is_local

_MANIFESTS: Final = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS: Final = 5
_CORRECT_URL: Final = "correct `registry_url` (--registry-url)"
_NEXT: Final = re.compile(r"<([^>]*)>\s*;\s*rel=\"?next\b")
_LARGEST_BODY: Final = 4 * 2**20  # bytes; the distribution specification lets registries refuse larger manifests


@dataclass(frozen=True)
class Logins:
    """
    The logins that a registry may receive.

    Args:
        google: returns the header with the Google access token; called for each request that may carry it.
        google_registries: hosts beside Google's own that may receive this token.
        credentials: logins by registry; an entry for a registry of Google takes precedence over the token.
        addresses: returns the addresses of a host that a registry sends its client to.
    """

    google: Callable[[], dict[str, str]] = dict
    google_registries: tuple[str, ...] = ()
    credentials: RegistryCredentials = field(default_factory=RegistryCredentials)
    addresses: Callable[[str], list[str]] = look_up_addresses


@dataclass(frozen=True)
class Answer:
    """
    The last answer to a request.

    Args:
        status: HTTP status.
        headers: headers of the answer.
        body: body of the answer, at most 4 MiB.
        url: URL that answered.
        is_own: whether the registry itself answered, and not a host that it redirected to.
        login: login that the registry required, for an error; empty if it required none.
    """

    status: int
    headers: httpx.Headers
    body: bytes
    url: httpx.URL
    is_own: bool
    login: str = ""


class RegistryHttp:
    """
    Requests to one registry.

    Only a registry that may receive the Google token gets it. A login goes to its own registry, and to the realm that
    this registry names.

    Args:
        client: transport of the requests; it follows no redirects.
        url: scheme and host of the registry.
        logins: logins that the registry may receive.
    """

    def __init__(self, client: httpx.Client, url: str, logins: Logins) -> None:
        self.url = url
        self._client = client
        try:
            self._own = httpx.URL(url)
        except httpx.InvalidURL as error:
            raise ConfigError(f"registry_url: got '{url}', which is not a URL.", "write https://HOST") from error
        self._host = self._own.netloc.decode("ascii")
        self._hosts = Hosts(self._own, logins.addresses)
        self._logins = logins
        self._authorization: dict[str, dict[str, str]] = {}
        self._required_logins: dict[str, str] = {}

    def takes_google_token(self, repository: str) -> bool:
        """Return whether requests for a repository carry the Google access token."""
        is_google = takes_google_token(self.url, self._logins.google_registries)
        return is_google and not self._basic(api_path(repository))

    def manifest(self, method: str, repository: str, reference: str) -> Answer:
        """
        Request a manifest, and log in if the registry requires it.

        Raises:
            TransientError: the answer is incomplete, or has a transient status.
            NotAllowedError: the registry, or its realm, does not accept the login.
            RefusedError: the registry names a redirect or a realm that is not allowed, or the answer is too large.
        """
        return self._authorized(method, repository, f"manifests/{reference}", ", ".join(_MANIFESTS))

    def tags(self, repository: str, query: str) -> Answer:
        """
        Request a page of the tags of a repository; errors as of `manifest`.

        Args:
            repository: host and path.
            query: query of the page, `KEY=VALUE&…`; empty for the first page.
        """
        return self._authorized("GET", repository, "tags/list" + (f"?{query}" if query else ""), "application/json")

    def next_query(self, answer: Answer) -> str:
        """
        Return the query of the page after an answer; empty if it is the last one.

        Source: the OCI distribution specification 1.1, "Listing Tags" (`Link: <URL>; rel="next"`), read on 2026-11-27.

        Raises:
            RefusedError: the registry names another host, or no URL.
        """
        following = _NEXT.search(answer.headers.get("link", ""))
        if not following:
            return ""
        try:
            url = self._hosts.location(following[1], answer.url)
        except AddressError as error:
            raise self._refused(f"the page of tags at {_shown(following[1])} is not read: {error}") from error
        if not self._hosts.is_own(url):
            raise self._refused(f"the page of tags at {_shown(following[1])} is not read: it is on another host")
        return url.query.decode("ascii")

    def _authorized(self, method: str, repository: str, resource: str, accept: str) -> Answer:
        path = api_path(repository)
        where = httpx.URL(f"{self.url}/v2/{path}/{resource}")
        if self.takes_google_token(repository):
            return self._follow(method, where, accept, self._logins.google())
        answer = self._follow(method, where, accept, self._authorization.get(path, {}))
        if answer.status == 401 and answer.is_own:
            self._authorization[path] = self._log_in(path, answer)
            answer = self._follow(method, where, accept, self._authorization[path])
        return replace(answer, login=self._required_logins.get(path, ""))

    def _follow(self, method: str, url: httpx.URL, accept: str, authorization: dict[str, str]) -> Answer:
        headers = {"accept": accept}
        is_own = True
        for _ in range(_MOST_REDIRECTS + 1):
            # A request that another host has redirected never carries the login again.
            answer = self._send(method, url, {**headers, **(authorization if is_own else {})}, is_own=is_own)
            if answer.status not in _REDIRECTS:
                return answer
            location = answer.headers.get("location", "")
            try:
                url = self._hosts.location(location, url)
            except AddressError as error:
                raise self._refused(f"a redirect to {_shown(location)} is not followed: {error}") from error
            is_own = is_own and self._hosts.is_own(url)
        raise self._refused(f"more than {_MOST_REDIRECTS} redirects")

    def _log_in(self, path: str, answer: Answer) -> dict[str, str]:
        login = challenge(answer.headers.get_list("www-authenticate"))
        basic = self._basic(path)
        if login.scheme == "basic":
            self._required_logins[path] = f"{self.url} (Basic)"
            if not basic:
                raise self.refused_login(path, answer.status, self._required_logins[path])
            self._refuse_plain()
            return {"authorization": f"Basic {basic}"}
        if login.scheme == "bearer":
            return self._bearer(path, login, basic)
        raise NotAllowedError(
            f"registry {self.url}: '{path}': 401, and WWW-Authenticate names neither Bearer nor Basic.", _CORRECT_URL
        )

    def _bearer(self, path: str, required: Challenge, basic: str) -> dict[str, str]:
        try:
            realm = self._hosts.realm(required.realm)
        except AddressError as error:
            raise self._refused(f"its realm {_shown(required.realm)} is not asked for a token: {error}") from error
        self._required_logins[path] = str(realm.copy_with(query=None))
        query = {"service": required.service, "scope": required.scope or f"repository:{path}:pull"}
        url = realm.copy_merge_params({key: value for key, value in query.items() if value})
        if basic:
            self._refuse_plain()
        login = {"authorization": f"Basic {basic}"} if basic else {}
        answer = self._send("GET", url, {"accept": "application/json", **login}, is_own=False)
        if answer.status in (400, 401, 403):
            raise self.refused_login(path, answer.status, self._required_logins[path])
        access_token = token(answer.body) if answer.status == 200 else ""
        if not access_token:
            raise self._refused(f"its realm {self._required_logins[path]} gave no token: {answer.status}")
        return {"authorization": f"Bearer {access_token}"}

    def refused_login(self, path: str, status: int, login: str) -> NotAllowedError:
        """Return the error of a repository that requires a login, or does not accept the login that it received."""
        name, where = login_name(self._host), f"registry {self.url}: '{path}'"
        if self._basic(path):
            file = self._logins.credentials.path
            return NotAllowedError(
                f"{where}: the login of '{name}' in {file} was not accepted at {login}: {status}.",
                f"write a login of '{name}' that may read '{path}' into the file",
            )
        return NotAllowedError(
            f"{where} requires a login at {login}: {status}.",
            f"pass --registry-credentials FILE with a login of '{name}'",
        )

    def _basic(self, path: str) -> str:
        return self._logins.credentials.basic(self._host, path)

    def _refuse_plain(self) -> None:
        if self._own.scheme != "https" and not is_local(self._own.host):
            raise self._refused("a login is not sent over plain HTTP")

    def _refused(self, reason: str) -> RefusedError:
        return RefusedError(f"registry {self.url}: {reason}.", _CORRECT_URL)

    def _send(self, method: str, url: httpx.URL, headers: dict[str, str], *, is_own: bool) -> Answer:
        where = f"{method} {url.copy_with(query=None)}"
        body = bytearray()
        try:
            with self._client.stream(method, url, headers=headers, timeout=TIMEOUT, follow_redirects=False) as answer:
                for part in answer.iter_bytes():
                    body += part
                    if len(body) > _LARGEST_BODY:
                        raise self._refused(f"the answer to {where} is larger than {_LARGEST_BODY >> 20} MiB")
        except httpx.RequestError as error:
            raise TransientError(f"{where}: {type(error).__name__}: {error}") from error
        if answer.status_code in TRANSIENT_STATUSES:
            raise transient_error(f"{where}: {answer.status_code}", answer)
        return Answer(answer.status_code, answer.headers, bytes(body), url, is_own)


def _shown(address: str) -> str:
    """Return an address of a registry for an error: printable, and at most 200 characters."""
    return ascii(address[:200])
