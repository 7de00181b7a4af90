"""Fields of Google credential files, checked where a wrong one would only show in the middle of a login."""

import re
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import unquote

from cryptography.exceptions import UnsupportedAlgorithm
from google.auth import crypt
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo

from lib.credential_urls import UrlError, endpoint

_ACCOUNT: Final = re.compile(r".*/serviceAccounts/(?P<account>[A-Za-z0-9._%@-]+):generateAccessToken")
_HEADER_NAME: Final = re.compile(r"[A-Za-z0-9-]+")
_HEADER_VALUE: Final = re.compile(r"[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?")


def impersonated_account(impersonation_url: str | None) -> str:
    """Return the service account that an impersonation URL names; empty for none."""
    parts = _ACCOUNT.fullmatch(impersonation_url or "")
    return unquote(parts["account"]) if parts else ""


def _url(value: str, info: ValidationInfo) -> str:
    try:
        endpoint(value, (info.context or {}).get("token_hosts", ()))
    except UrlError as error:
        raise ValueError(f"{error}. Fix: {error.fix}") from error
    return value


def _impersonation(value: str) -> str:
    if not _ACCOUNT.fullmatch(value):
        raise ValueError("does not end in /serviceAccounts/ACCOUNT:generateAccessToken")
    return value


def _file(value: str) -> str:
    if "\0" in value or not Path(value).is_file():
        raise ValueError("there is no such file. Fix: make the file readable here, where the program runs")
    return value


def _key(value: str) -> str:
    """Check a private key by its use: what does not sign can't log in."""
    if "\\n" in value:
        raise ValueError("has backslash and n in place of line breaks. Fix: download the key anew")
    try:
        crypt.RSASigner.from_string(value).sign(b"")
    except (ValueError, TypeError, AttributeError, UnsupportedAlgorithm) as error:
        raise ValueError("is no whole RSA key in PEM without a passphrase. Fix: download the key anew") from error
    return value


def _headers(value: Any) -> Any:
    """Check names and values together: an error of one of them would be located by its name."""
    pairs = value.items() if isinstance(value, dict) else [(None, None)]
    if not all(_is_text(name, _HEADER_NAME) and _is_text(text, _HEADER_VALUE) for name, text in pairs):
        raise ValueError("is no object of HTTP headers")
    return value


def _is_text(value: Any, form: re.Pattern[str]) -> bool:
    return isinstance(value, str) and form.fullmatch(value) is not None


Text = Annotated[str, Field(min_length=1)]
Url = Annotated[str, AfterValidator(_url)]
ImpersonationUrl = Annotated[Url, AfterValidator(_impersonation)]
File = Annotated[Text, AfterValidator(_file)]
PrivateKey = Annotated[str, AfterValidator(_key)]
Headers = Annotated[dict[str, str], BeforeValidator(_headers)]
Project = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.:-]*$")]


class Fields(BaseModel):
    """An object of a credential file; what is not named here is left out, and never called."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True, hide_input_in_errors=True)
