"""
A login by a credential file: gcloud gets an access token and the email of its account.

gcloud 528 itself cannot use such a file for OS Login: `compute ssh` refuses every external account, also with
impersonation (command_lib/util/ssh/ssh.py, IsThirdPartyUser), and reads the profile of `core/account`, which
auth/credential_file_override does not set.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from accessory.errors import NotAllowedError
from lib.credentials_file import TOKEN_ERRORS, CredentialsFile, CredentialsFileError, load
from lib.disabled_apis import enabling_fix

_GCLOUD_LOGIN: Final = "log in with 'gcloud auth login', without --credentials and GOOGLE_APPLICATION_CREDENTIALS"
_PERSONAL_KINDS: Final = ("authorized_user", "external_account_authorized_user")


@dataclass(frozen=True)
class Login:
    """
    A service account with an access token.

    Args:
        account: email of the service account.
        token: access token, valid for at most an hour.
        quota_project: project whose quota the requests use; may be empty.
    """

    account: str
    token: str
    quota_project: str = ""


def log_in(path: Path, token_hosts: tuple[str, ...] = ()) -> Login:
    """
    Get a token.

    Args:
        path: path of the credential file.
        token_hosts: hosts that are allowed in addition to those of Google and GitHub.

    Raises:
        NotAllowedError: the file is unusable or belongs to a person, or Google gives no token.
    """
    try:
        file = load(path, token_hosts)
    except CredentialsFileError as error:
        raise NotAllowedError(str(error), error.fix) from error
    account = _account(file)
    try:
        file.refresh(file.request())
    except TOKEN_ERRORS as error:
        reason = file.reason(error)
        fix = enabling_fix(reason) or "correct the reason, or try again"
        raise NotAllowedError(f"credentials: {path}: no token: {reason}.", fix) from error
    return Login(account, file.credentials.token, file.quota_project)


def _account(file: CredentialsFile) -> str:
    """Return the service account, whose profile OS Login uses."""
    if file.kind in _PERSONAL_KINDS:
        raise NotAllowedError(f"credentials: {file.path}: type: a person's file has no service account.", _GCLOUD_LOGIN)
    if not file.account:
        raise NotAllowedError(
            f"credentials: {file.path}: service_account_impersonation_url: is missing.",
            "name the deployer's service account",
        )
    return file.account
