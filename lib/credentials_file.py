"""
Google credential files: read, checked field by field and loaded with google-auth, without the network.

An error contains the file, the field and the reason, and no value of the file. Supported kinds: authorized_user,
service_account, external_account, external_account_authorized_user, and impersonated_service_account with each of
these as its source.
"""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from google.auth import exceptions
from pydantic import ValidationError

from lib.credential_kinds import CREDENTIAL_SCOPES, KINDS, NOT_SUPPORTED, CredentialKind
from lib.token_request import TokenRequest

_MAX_BYTES: Final = 2**20
_TOKEN: Final = re.compile(r"[\x21-\x7e]+")
_MIN_HIDDEN_LENGTH: Final = 8
_JSON_NAMES: Final = {
    list: "a list", str: "a string", int: "a number", float: "a number", bool: "a boolean", type(None): "null",
}  # fmt: skip
_KIND_NAMES: Final = ", ".join(KINDS)
# Errors of google-auth while it gets a token: its own, and those of code that expects a valid answer.
TOKEN_ERRORS: Final = (
    exceptions.GoogleAuthError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, OSError,
    RecursionError,
)  # fmt: skip


class CredentialsFileError(Exception):
    """
    A credential file that cannot be used.

    Args:
        path: path of the file.
        field: dotted name of the field; empty for the file as a whole.
        reason: property that makes the file unusable, without a value of the file.
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
        path: path of the file.
        kind: value of the field `type`.
        credentials: credentials of google-auth.
        account: email of the service account; empty for a person's file, and for a pool without impersonation.
        quota_project: project whose quota the requests use; may be empty.
        token_hosts: additional hosts that may be called.
    """

    path: Path
    kind: str
    credentials: Any
    account: str = ""
    quota_project: str = ""
    token_hosts: tuple[str, ...] = ()
    _texts: tuple[str, ...] = field(default=(), repr=False)

    def request(self) -> TokenRequest:
        """Return the transport for requests of tokens."""
        return TokenRequest(self.token_hosts)

    def refresh(self, request: TokenRequest) -> None:
        """
        Get a new token; after an error the credentials keep the former token.

        Raises:
            GoogleAuthError: the endpoint gave no token; TOKEN_ERRORS has further classes.
        """
        before = self.credentials.token, self.credentials.expiry
        try:
            self.credentials.refresh(request)
            if not _TOKEN.fullmatch(self.credentials.token):
                raise exceptions.RefreshError("the token contains characters that a header cannot have")
        except TOKEN_ERRORS:
            self.credentials.token, self.credentials.expiry = before
            raise

    def reason(self, error: BaseException) -> str:
        """Return the text of an error of google-auth: at most 300 characters, without texts of the file."""
        texts = [str(error.args[0]) if error.args else type(error).__name__, _message(error)]
        if not isinstance(error, exceptions.GoogleAuthError):
            texts = [f"{type(error).__name__} while reading the answer of a token endpoint"]
        text = ": ".join(dict.fromkeys(text for text in texts if text))
        for hidden in self._texts:
            text = text.replace(hidden, "…")
        return " ".join(text.split())[:300]


def load(path: Path, token_hosts: tuple[str, ...] = ()) -> CredentialsFile:
    """
    Load a credential file.

    Args:
        path: path of the file.
        token_hosts: hosts that are allowed in addition to those of Google and GitHub, from the environment file.

    Raises:
        CredentialsFileError: the file is unreadable, its kind is not supported, or a field is wrong.
    """
    data = _read(path)
    name, kind = _kind(path, data)
    try:
        model = kind.model_validate(data, context={"token_hosts": token_hosts})
    except ValidationError as error:
        raise _field_error(path, error) from error
    try:
        credentials = model.credentials(CREDENTIAL_SCOPES)
    except TOKEN_ERRORS as error:
        # The text of this error may contain values of the file; the model has checked all known causes.
        raise CredentialsFileError(
            path, "", "has a combination of fields that google-auth refuses", "create the file again"
        ) from error
    texts = tuple(sorted(_texts(data), key=len, reverse=True))
    return CredentialsFile(path, name, credentials, model.account, model.quota_project_id or "", token_hosts, texts)


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
        if len(content) > _MAX_BYTES:
            raise CredentialsFileError(path, "", "is larger than 1 MiB", "pass a Google credential file")
        data = json.loads(content.decode("utf-8-sig"))
    except OSError as error:
        fix = "pass --credentials FILE, or set GOOGLE_APPLICATION_CREDENTIALS"
        raise CredentialsFileError(path, "", str(error.strerror), fix) from error
    except UnicodeDecodeError as error:
        raise CredentialsFileError(path, "", "is not UTF-8", "save it as UTF-8, or create the file again") from error
    except RecursionError as error:
        raise CredentialsFileError(path, "", "is nested too deeply", "create the file again") from error
    except ValueError as error:
        raise CredentialsFileError(path, "", "is not JSON", "create the file again") from error
    if not isinstance(data, dict):
        raise CredentialsFileError(
            path, "", f"is {_JSON_NAMES[type(data)]}, not a JSON object", "create the file again"
        )
    return data


def _kind(path: Path, data: dict[str, Any]) -> tuple[str, type[CredentialKind]]:
    name = data.get("type")
    if name is None:
        raise CredentialsFileError(path, "type", "is missing", f"one of {_KIND_NAMES}")
    if isinstance(name, str) and name in KINDS:
        return name, KINDS[name]
    if isinstance(name, str) and name in NOT_SUPPORTED:
        raise CredentialsFileError(path, "type", f"'{name}' is not supported", f"one of {_KIND_NAMES}")
    raise CredentialsFileError(path, "type", "is not a known kind of credential file", f"one of {_KIND_NAMES}")


def _field_error(path: Path, error: ValidationError, prefix: str = "") -> CredentialsFileError:
    first = error.errors(include_input=False, include_url=False)[0]
    # A location consists of names of known fields and positions in lists, never of a key of the file.
    location = ".".join([*([prefix] if prefix else []), *map(str, first["loc"])])
    if first["type"] == "missing":
        return CredentialsFileError(path, location, "is missing", "create the file again")
    if first["type"] == "value_error" and isinstance(first["ctx"]["error"], ValidationError):
        return _field_error(path, first["ctx"]["error"], location)
    if first["type"] == "value_error":
        reason, _, fix = str(first["ctx"]["error"]).partition(" Fix: ")
        return CredentialsFileError(path, location, reason.rstrip("."), fix or "create the file again")
    expected = first["msg"][0].lower() + first["msg"][1:]
    return CredentialsFileError(path, location, expected.replace("input should", "should"), "create the file again")


def _message(error: BaseException) -> str:
    """Return the reason in the answer of Google's endpoint, the second argument of google-auth's error."""
    answer: Any = error.args[1] if len(error.args) > 1 else None
    try:
        document: Any = json.loads(answer) if isinstance(answer, str) else answer
        return str(document["error"]["message"])
    except (ValueError, LookupError, TypeError, RecursionError):
        return ""


def _texts(value: Any) -> set[str]:
    """Return all texts of a file that an error must not contain."""
    if isinstance(value, str):
        lines = {value, *value.splitlines()}
        return {line for line in lines if len(line) >= _MIN_HIDDEN_LENGTH}
    values = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return {text for inner in values for text in _texts(inner)}
