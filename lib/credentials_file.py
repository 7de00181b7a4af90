"""
Google credential files: read, checked field by field, and loaded with google-auth; no network is asked.

Errors name the file, the field and the reason, and repeat nothing of the file. Kinds: authorized_user,
service_account, external_account, external_account_authorized_user, and impersonated_service_account over each of them.
"""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from google.auth import exceptions
from pydantic import ValidationError

from lib.credential_kinds import CREDENTIAL_SCOPES, KINDS, NOT_SUPPORTED, Kind
from lib.token_request import TokenRequest

_LARGEST: Final = 2**20
_TOKEN: Final = re.compile(r"[\x21-\x7e]+")
_SHORTEST_HIDDEN: Final = 8
_JSON_NAMES: Final = {
    list: "a list", str: "a string", int: "a number", float: "a number", bool: "a boolean", type(None): "null",
}  # fmt: skip
_KNOWN: Final = ", ".join(KINDS)
# What google-auth raises while it gets a token: its own errors, and those of code that takes an answer for granted.
TOKEN_ERRORS: Final = (
    exceptions.GoogleAuthError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, OSError,
    RecursionError,
)  # fmt: skip


class CredentialsFileError(Exception):
    """
    A credential file that can't be used.

    Args:
        path: the file.
        field: name of the field, with those around it; empty for the file as a whole.
        reason: why, without anything of the file.
        fix: one action, without a full stop.
    """

    def __init__(self, path: Path, field: str, reason: str, fix: str) -> None:
        where = f"credentials: {path}: {field}" if field else f"credentials: {path}"
        super().__init__(f"{where}: {reason}.")
        self.field = field
        self.fix = fix


@dataclass(frozen=True)
class CredentialsFile:
    """
    A loaded credential file.

    Args:
        path: the file.
        kind: value of `type`.
        credentials: of google-auth.
        account: address of the service account; empty for a person's file, and for a pool without impersonation.
        quota_project: project that requests are counted against; empty for none.
        token_hosts: further hosts that may be called.
    """

    path: Path
    kind: str
    credentials: Any
    account: str = ""
    quota_project: str = ""
    token_hosts: tuple[str, ...] = ()
    _texts: tuple[str, ...] = field(default=(), repr=False)

    def request(self) -> TokenRequest:
        """Return what sends the requests for tokens."""
        return TokenRequest(self.token_hosts)

    def refresh(self, request: TokenRequest) -> None:
        """
        Get another token; after an error the credentials have the one from before.

        Raises:
            GoogleAuthError: no token is to be had; further kinds are in TOKEN_ERRORS.
        """
        before = self.credentials.token, self.credentials.expiry
        try:
            self.credentials.refresh(request)
            if not _TOKEN.fullmatch(self.credentials.token):
                raise exceptions.RefreshError("the token of the answer can't be sent in a header")
        except TOKEN_ERRORS:
            self.credentials.token, self.credentials.expiry = before
            raise

    def reason(self, error: BaseException) -> str:
        """Return what an error of google-auth says, of at most 300 characters and without anything of the file."""
        texts = [str(error.args[0]) if error.args else type(error).__name__, _message(error)]
        if not isinstance(error, exceptions.GoogleAuthError):
            texts = [f"{type(error).__name__} while reading an answer of a token endpoint"]
        text = ": ".join(dict.fromkeys(text for text in texts if text))
        for hidden in self._texts:
            text = text.replace(hidden, "…")
        return " ".join(text.split())[:300]


def load(path: Path, token_hosts: tuple[str, ...] = ()) -> CredentialsFile:
    """
    Load a credential file.

    Args:
        path: the file.
        token_hosts: hosts that it may name beside those of Google and GitHub, from the environment file.

    Raises:
        CredentialsFileError: the file can't be read, is of no supported kind, or has a wrong field.
    """
    data = _read(path)
    name, kind = _kind(path, data)
    try:
        model = kind.model_validate(data, context={"token_hosts": token_hosts})
    except ValidationError as error:
        raise _wrong(path, error) from error
    try:
        credentials = model.credentials(CREDENTIAL_SCOPES)
    except TOKEN_ERRORS as error:
        # Their texts may repeat fields; every cause that is known has been checked by the model.
        raise CredentialsFileError(
            path, "", "has fields that google-auth does not accept together", "write the file anew"
        ) from error
    texts = tuple(sorted(_texts(data), key=len, reverse=True))
    return CredentialsFile(path, name, credentials, model.account, model.quota_project_id or "", token_hosts, texts)


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
        if len(content) > _LARGEST:
            raise CredentialsFileError(path, "", "is larger than 1 MiB", "pass a Google credential file")
        data = json.loads(content.decode("utf-8-sig"))
    except OSError as error:
        fix = "pass --credentials FILE, or set GOOGLE_APPLICATION_CREDENTIALS"
        raise CredentialsFileError(path, "", str(error.strerror), fix) from error
    except UnicodeDecodeError as error:
        raise CredentialsFileError(path, "", "is not UTF-8", "save it as UTF-8, or write it anew") from error
    except RecursionError as error:
        raise CredentialsFileError(path, "", "is nested too deep", "write the file anew") from error
    except ValueError as error:
        raise CredentialsFileError(path, "", "is no JSON", "write the file anew") from error
    if not isinstance(data, dict):
        raise CredentialsFileError(path, "", f"is no JSON object but {_JSON_NAMES[type(data)]}", "write the file anew")
    return data


def _kind(path: Path, data: dict[str, Any]) -> tuple[str, type[Kind]]:
    name = data.get("type")
    if name is None:
        raise CredentialsFileError(path, "type", "is missing", f"one of {_KNOWN}")
    if isinstance(name, str) and name in KINDS:
        return name, KINDS[name]
    if isinstance(name, str) and name in NOT_SUPPORTED:
        raise CredentialsFileError(path, "type", f"'{name}' is not supported", f"one of {_KNOWN}")
    raise CredentialsFileError(path, "type", "is no known kind of credential file", f"one of {_KNOWN}")


def _wrong(path: Path, error: ValidationError, around: str = "") -> CredentialsFileError:
    first = error.errors(include_input=False, include_url=False)[0]
    # A location has names of fields and positions in lists, never a key that only the file has.
    where = ".".join([*([around] if around else []), *map(str, first["loc"])])
    if first["type"] == "missing":
        return CredentialsFileError(path, where, "is missing", "write the file anew")
    if first["type"] == "value_error" and isinstance(first["ctx"]["error"], ValidationError):
        return _wrong(path, first["ctx"]["error"], where)
    if first["type"] == "value_error":
        reason, _, fix = str(first["ctx"]["error"]).partition(" Fix: ")
        return CredentialsFileError(path, where, reason.rstrip("."), fix or "write the file anew")
    expected = first["msg"][0].lower() + first["msg"][1:]
    return CredentialsFileError(path, where, expected.replace("input should", "should"), "write the file anew")


def _message(error: BaseException) -> str:
    """Return what an endpoint of Google gave as its reason; google-auth keeps the answer as the second argument."""
    answer: Any = error.args[1] if len(error.args) > 1 else None
    try:
        document: Any = json.loads(answer) if isinstance(answer, str) else answer
        return str(document["error"]["message"])
    except (ValueError, LookupError, TypeError, RecursionError):
        return ""


def _texts(value: Any) -> set[str]:
    """Return all texts of a file that are worth hiding."""
    if isinstance(value, str):
        lines = {value, *value.splitlines()}
        return {line for line in lines if len(line) >= _SHORTEST_HIDDEN}
    values = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return {text for inner in values for text in _texts(inner)}
