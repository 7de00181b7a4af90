"""
Credentials by the file's own type, with google-auth; nothing is asked of any network before the first request.

`python -m deploy.credentials FILE [TOKEN_HOST …]` prints an access token, for the push to a registry.

Kinds: authorized_user, service_account, external_account (keyless, with or without impersonation),
impersonated_service_account. Endpoints that a file names are called with its secrets, so unknown hosts are refused.
"""

import contextlib
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import tenacity
from google.auth import credentials as states
from google.auth import exceptions, identity_pool, impersonated_credentials
from google.auth.transport.requests import Request
from google.oauth2 import credentials as user
from google.oauth2 import service_account

from deploy.errors import DeployError, NotAllowedError, RefusedError

_SCOPES: Final = ["https://www.googleapis.com/auth/cloud-platform"]
_BOTH_WAYS: Final = (
    "pass --credentials FILE, or set GOOGLE_APPLICATION_CREDENTIALS;"
    " in a GitHub job, google-github-actions/auth writes one"
)
_HOSTS: Final = (
    "sts.googleapis.com", "iamcredentials.googleapis.com", "oauth2.googleapis.com", "accounts.google.com",
    ".actions.githubusercontent.com",
)  # fmt: skip
_UNIVERSE: Final = "googleapis.com"
_ENDPOINTS: Final = ("token_url", "token_uri", "service_account_impersonation_url", "token_info_url", "url")


@dataclass(frozen=True)
class Nobody:
    """Who has no credentials, for the emulator."""

    def __call__(self) -> dict[str, str]:
        """Return no headers."""
        return {}

    def renew(self) -> None:
        """Do nothing: there is no token."""


@dataclass(frozen=True)
class Bearer:
    """
    Gives each request its token, refreshed before it ends.

    Args:
        credentials: Of google-auth.
    """

    credentials: Any
    _request: Request = field(default_factory=Request)

    def __call__(self) -> dict[str, str]:
        """
        Return the headers of a request.

        Raises:
            NotAllowedError: There is no token any more, and none to be had.
        """
        state = self.credentials.token_state
        if state is states.TokenState.INVALID:
            self.renew()
        elif state is states.TokenState.STALE:
            # It is good for minutes, so that token endpoints that fail matter only to whoever asks after these.
            with contextlib.suppress(exceptions.GoogleAuthError):
                self.credentials.refresh(self._request)
        return {"authorization": f"Bearer {self.credentials.token}"}

    def renew(self) -> None:
        """
        Get another token.

        Raises:
            NotAllowedError: None is to be had.
        """
        try:
            _refresh(self.credentials, self._request)
        except exceptions.GoogleAuthError as error:
            raise NotAllowedError(f"credentials: no token: {str(error)[:300]}", _BOTH_WAYS) from error


def headers(path: Path | None, allowed_hosts: tuple[str, ...] = ()) -> Bearer:
    """
    Return what gives each request its token, refreshed before it ends.

    Args:
        path: Of the credential file.
        allowed_hosts: More hosts that it may name, such as the emulator's.

    Raises:
        NotAllowedError: There is no file.
        RefusedError: It is none that is known, or names a host that is not.
    """
    if path is None:
        raise NotAllowedError("credentials: none were given.", _BOTH_WAYS)
    try:
        data = json.loads(path.read_text())
    except OSError as error:
        raise NotAllowedError(f"credentials: {path}: {error.strerror}.", _BOTH_WAYS) from error
    except ValueError as error:
        raise RefusedError(f"credentials: {path}: is no JSON.", "write the file anew") from error
    _refuse_hosts(path, data, allowed_hosts)
    return Bearer(_load(path, data))


@tenacity.retry(
    retry=tenacity.retry_if_exception(lambda error: _is_transient(error)),
    stop=tenacity.stop_after_attempt(5),
    wait=tenacity.wait_random_exponential(multiplier=0.5, max=8),
    reraise=True,
)
def _refresh(found: Any, request: Request) -> None:
    found.refresh(request)


def _is_transient(error: BaseException) -> bool:
    """google-auth calls a 503 of its token endpoints final; its text has the status."""
    if isinstance(error, exceptions.TransportError):
        return True
    return isinstance(error, exceptions.RefreshError | exceptions.OAuthError) and any(
        mark in str(error) for mark in ("429", "500", "502", "503", "504", "Unable to acquire", "backendError")
    )


def _load(path: Path, data: dict[str, Any]) -> Any:
    kind = data.get("type")
    if kind == "authorized_user":
        return user.Credentials.from_authorized_user_info(data, scopes=_SCOPES)
    if kind == "service_account":
        return service_account.Credentials.from_service_account_info(data, scopes=_SCOPES)
    if kind == "external_account":
        return identity_pool.Credentials.from_info(data, scopes=_SCOPES)
    if kind == "impersonated_service_account":
        return impersonated_credentials.Credentials.from_impersonated_service_account_info(data, scopes=_SCOPES)
    known = "authorized_user, service_account, external_account, impersonated_service_account"
    raise RefusedError(f"credentials: {path}: got type '{kind}'.", f"one of {known}")


def _refuse_hosts(path: Path, data: Any, allowed: tuple[str, ...]) -> None:
    """Refuse every endpoint that is not known, and those of Google over plain HTTP: all are sent secrets."""
    if not isinstance(data, dict):
        return
    universe = data.get("universe_domain", _UNIVERSE)
    if universe != _UNIVERSE:
        raise RefusedError(f"credentials: {path}: universe_domain: got '{universe}'.", f"only {_UNIVERSE} is served")
    for key, value in data.items():
        url = urlsplit(value) if key in _ENDPOINTS and isinstance(value, str) else urlsplit("")
        if url.netloc and url.netloc not in allowed and not (url.scheme == "https" and _is_known(url.netloc)):
            raise RefusedError(
                f"credentials: {path}: {key}: unknown host '{url.scheme}://{url.netloc}'.",
                "if it is yours, add it to `token_hosts` of the environment file",
            )
        _refuse_hosts(path, value, allowed)


def _is_known(host: str) -> bool:
    return any(host == known or (known[0] == "." and host.endswith(known)) for known in _HOSTS)


def main(path: Path, allowed_hosts: tuple[str, ...]) -> int:
    """Print an access token on stdout, or what is wrong on stderr."""
    try:
        print(headers(path, allowed_hosts)()["authorization"].removeprefix("Bearer "))
    except DeployError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), tuple(sys.argv[2:])))
