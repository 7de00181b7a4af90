"""
A login by a credential file: gcloud is given an access token and the account that it is of.

gcloud 528 itself does not get through OS Login with such a file: `compute ssh` refuses every external account, with
impersonation too (command_lib/util/ssh/ssh.py, IsThirdPartyUser), and asks for the profile of `core/account`, which
auth/credential_file_override does not set.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from accessory.errors import NotAllowedError
from lib.credentials_file import TOKEN_ERRORS, CredentialsFile, CredentialsFileError, load

_WITHOUT: Final = "log in with 'gcloud auth login', and leave --credentials and GOOGLE_APPLICATION_CREDENTIALS out"
_PERSONS: Final = ("authorized_user", "external_account_authorized_user")


@dataclass(frozen=True)
class Login:
    """
    A service account that Google let in.

    Args:
        account: address of the service account.
        token: access token, good for an hour at most.
        quota_project: project that requests are counted against; empty for none.
    """

    account: str
    token: str
    quota_project: str = ""


def log_in(path: Path, token_hosts: tuple[str, ...] = ()) -> Login:
    """
    Get a token.

    Args:
        path: the credential file.
        token_hosts: hosts that the file may name beside those of Google and GitHub.

    Raises:
        NotAllowedError: the file can't be used, is a person's, or no token is to be had.
    """
    try:
        file = load(path, token_hosts)
    except CredentialsFileError as error:
        raise NotAllowedError(str(error), error.fix) from error
    account = _account(file)
    try:
        file.refresh(file.request())
    except TOKEN_ERRORS as error:
        raise NotAllowedError(
            f"credentials: {path}: no token: {file.reason(error)}.", "correct what is named, or run it again"
        ) from error
    return Login(account, file.credentials.token, file.quota_project)


def _account(file: CredentialsFile) -> str:
    """Return the account whose profile OS Login is asked for."""
    if file.kind in _PERSONS:
        raise NotAllowedError(f"credentials: {file.path}: type: is a person's file, without an account.", _WITHOUT)
    if not file.account:
        raise NotAllowedError(
            f"credentials: {file.path}: service_account_impersonation_url: is missing.",
            "name the deployer's service account",
        )
    return file.account
