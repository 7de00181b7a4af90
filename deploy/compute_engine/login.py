"""Tokens of Google credentials; the first request of a token is the first use of the network."""

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import tenacity
from google.auth import credentials as states
from google.auth import exceptions

from deploy.errors import NotAllowedError
from lib.credentials_file import TOKEN_ERRORS, CredentialsFile, CredentialsFileError, load
from lib.disabled_apis import enabling_fix
from lib.token_request import TokenRequest

_FIX: Final = (
    "pass --credentials FILE, or set GOOGLE_APPLICATION_CREDENTIALS;"
    " in a GitHub job, google-github-actions/auth writes one; your own, after"
    " 'gcloud auth application-default login', is ~/.config/gcloud/application_default_credentials.json"
)


@dataclass(frozen=True)
class GoogleLogin:
    """
    The login with a Google credential file: headers with a token that is refreshed before it expires.

    Args:
        file: loaded credential file.
        request: sends the requests for tokens.
    """

    file: CredentialsFile
    request: TokenRequest

    @property
    def account(self) -> str:
        """Email of the service account, or the kind of the file, which has no email; and the path of the file."""
        return f"{self.file.account or f'a login of kind {self.file.kind}'}, by {self.file.path}"

    @property
    def member(self) -> str:
        """The account as IAM names it, with a placeholder for an email that the file does not have."""
        return f"serviceAccount:{self.file.account}" if self.file.account else "user:EMAIL"

    def __call__(self) -> dict[str, str]:
        """
        Return the headers of a request to Google's APIs: the token, and the project whose quota counts the requests.

        Raises:
            NotAllowedError: the token has expired, and the token endpoint gives no other.
        """
        quota = {"x-goog-user-project": self.file.quota_project} if self.file.quota_project else {}
        return self.authorization() | quota

    def authorization(self) -> dict[str, str]:
        """
        Return the header with the token.

        Raises:
            NotAllowedError: the token has expired, and the token endpoint gives no other.
        """
        state = self.file.credentials.token_state
        if state is states.TokenState.INVALID:
            self.renew()
        elif state is states.TokenState.STALE:
            # The token stays valid for minutes, so a failing token endpoint matters only after these.
            with contextlib.suppress(*TOKEN_ERRORS):
                self.file.refresh(self.request)
        return {"authorization": f"Bearer {self.file.credentials.token}"}

    def renew(self) -> None:
        """
        Request another token.

        Raises:
            NotAllowedError: the token endpoint gives no token.
        """
        try:
            _refresh(self.file, self.request)
        except TOKEN_ERRORS as error:
            reason = self.file.reason(error)
            fix = enabling_fix(reason) or _FIX
            raise NotAllowedError(f"credentials: {self.file.path}: no token: {reason}.", fix) from error


def load_login(path: Path | None, allowed_hosts: tuple[str, ...] = ()) -> GoogleLogin:
    """
    Load a login from a credential file.

    Args:
        path: path of the credential file; None if no file was given.
        allowed_hosts: hosts that the file may name beside those of Google and GitHub, such as the emulator's host.

    Raises:
        NotAllowedError: no file was given, or the file can't be used.
    """
    if path is None:
        raise NotAllowedError("credentials: none were given.", _FIX)
    try:
        file = load(path, allowed_hosts)
    except CredentialsFileError as error:
        raise NotAllowedError(str(error), error.fix) from error
    return GoogleLogin(file, file.request())


def _is_transient(error: BaseException) -> bool:
    """Return whether an error is transient; for google-auth a 503 is final, and only its text has the status."""
    if isinstance(error, exceptions.TransportError):
        return True
    return isinstance(error, exceptions.RefreshError | exceptions.OAuthError) and any(
        mark in str(error) for mark in ("429", "500", "502", "503", "504", "Unable to acquire", "backendError")
    )


@tenacity.retry(
    retry=tenacity.retry_if_exception(_is_transient),
    stop=tenacity.stop_after_attempt(5),
    wait=tenacity.wait_random_exponential(multiplier=0.5, max=8),
    reraise=True,
)
def _refresh(file: CredentialsFile, request: TokenRequest) -> None:
    file.refresh(request)
