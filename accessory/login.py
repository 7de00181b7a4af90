"""
A login by a credential file: gcloud is given an access token and the account that it is of.

gcloud 528 itself does not get through OS Login with such a file: `compute ssh` refuses every external account, with
impersonation too (command_lib/util/ssh/ssh.py, IsThirdPartyUser), and asks for the profile of `core/account`, which
auth/credential_file_override does not set.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from google.auth import exceptions, identity_pool, impersonated_credentials
from google.auth.transport.requests import Request
from google.oauth2 import service_account

from accessory.errors import NotAllowedError, RefusedError

_SCOPES: Final = ["https://www.googleapis.com/auth/cloud-platform"]
_HOSTS: Final = ("sts.googleapis.com", "iamcredentials.googleapis.com", "oauth2.googleapis.com", "accounts.google.com")
_GITHUB: Final = ".actions.githubusercontent.com"
_UNIVERSE: Final = "googleapis.com"
_ENDPOINTS: Final = ("token_url", "token_uri", "service_account_impersonation_url", "token_info_url", "url")
_WITHOUT: Final = "log in with 'gcloud auth login', and leave --credentials and GOOGLE_APPLICATION_CREDENTIALS out"


@dataclass(frozen=True)
class Login:
    """
    Whoever was let in by Google.

    Args:
        account: Address of the service account.
        token: Of access; good for an hour at most.
    """

    account: str
    token: str


def log_in(path: Path, token_hosts: tuple[str, ...] = ()) -> Login:
    """
    Get a token.

    Args:
        path: Of the credential file.
        token_hosts: That it may name, beside those of Google and GitHub.

    Raises:
        NotAllowedError: There is no file, it is a person's, or no token is to be had.
        RefusedError: It is none that is known, or names a host that is not.
    """
    try:
        data = json.loads(path.read_text())
    except OSError as error:
        raise NotAllowedError(f"credentials: {path}: {error.strerror}.", _WITHOUT) from error
    except ValueError as error:
        raise RefusedError(f"credentials: {path}: is no JSON.", "write the file anew") from error
    _refuse_hosts(path, data, token_hosts)
    try:
        found, account = _load(path, data), _account(path, data)
        found.refresh(Request())
    except (exceptions.GoogleAuthError, ValueError) as error:
        raise NotAllowedError(f"credentials: {path}: no token: {str(error)[:300]}.", "mend that, or again") from error
    return Login(account, found.token)


def _load(path: Path, data: Any) -> Any:
    kind = data.get("type") if isinstance(data, dict) else None
    if kind == "service_account":
        return service_account.Credentials.from_service_account_info(data, scopes=_SCOPES)
    if kind == "external_account":
        return identity_pool.Credentials.from_info(data, scopes=_SCOPES)
    if kind == "impersonated_service_account":
        return impersonated_credentials.Credentials.from_impersonated_service_account_info(data, scopes=_SCOPES)
    if kind == "authorized_user":
        raise NotAllowedError(f"credentials: {path}: is a person's, and OS Login is not told whose.", _WITHOUT)
    known = "service_account, external_account, impersonated_service_account"
    raise RefusedError(f"credentials: {path}: got type '{kind}'.", f"one of {known}")


def _account(path: Path, data: dict[str, Any]) -> str:
    """Return whose profile OS Login is asked for."""
    url = str(data.get("service_account_impersonation_url", ""))
    account = str(data.get("client_email", "")) or url.rpartition("/")[2].partition(":")[0]
    if not account:
        raise RefusedError(
            f"credentials: {path}: service_account_impersonation_url: missing.", "name the deployer's service account"
        )
    return account


def _refuse_hosts(path: Path, data: Any, allowed: tuple[str, ...]) -> None:
    """Refuse every endpoint that is not known, and those of Google over plain HTTP: all are sent secrets."""
    if not isinstance(data, dict):
        return
    universe = data.get("universe_domain", _UNIVERSE)
    if universe != _UNIVERSE:
        raise RefusedError(f"credentials: {path}: universe_domain: got '{universe}'.", f"only {_UNIVERSE} is served")
    for key, value in data.items():
        url = urlsplit(value) if key in _ENDPOINTS and isinstance(value, str) else urlsplit("")
        is_known = url.scheme == "https" and (url.netloc in _HOSTS or url.netloc.endswith(_GITHUB))
        if url.netloc and url.netloc not in allowed and not is_known:
            raise RefusedError(
                f"credentials: {path}: {key}: unknown host '{url.scheme}://{url.netloc}'.",
                "if it is yours, add it to `token_hosts` of the environment file",
            )
        _refuse_hosts(path, value, allowed)
