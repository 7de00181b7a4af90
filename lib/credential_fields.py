"""Fields of Google credential files with checks that google-auth makes only during a login."""

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
    """Return the service account in an impersonation URL; empty without a URL."""
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
        raise ValueError("no such file. Fix: make the file readable for this program")
    return value


def _key(value: str) -> str:
    """Check a private key by signing an empty message with it."""
    if "\\n" in value:
        raise ValueError("contains \\n instead of line breaks. Fix: download the key again")
    try:
        crypt.RSASigner.from_string(value).sign(b"")
    except (ValueError, TypeError, AttributeError, UnsupportedAlgorithm) as error:
        raise ValueError("is not a whole RSA key in PEM without a passphrase. Fix: download the key again") from error
    return value


def _headers(value: Any) -> Any:
    """Check all headers together: the error of a single header would contain its name, which may be secret."""
    pairs = value.items() if isinstance(value, dict) else [(None, None)]
    if not all(_is_text(name, _HEADER_NAME) and _is_text(text, _HEADER_VALUE) for name, text in pairs):
        raise ValueError("is not an object with HTTP headers")
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
    """An object of a credential file, without its unknown fields."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True, hide_input_in_errors=True)
