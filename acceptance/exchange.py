"""An HTTP exchange as a recording has it: no header, and no secret, account of a person or name of the project."""

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from lib.redaction import redacted

PROJECT: Final = "demo"  # in recordings, instead of the name or the number of the project
PERSON: Final = "person@example.com"
_HIDDEN: Final = "…"
_EMAIL: Final = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_ACCOUNTS_OF_PROGRAMS: Final = ".gserviceaccount.com"
_NUMBER: Final = re.compile(r"(?<=projects/)\d+|\b\d+(?=(?:-compute)?@[\w.-]*gserviceaccount\.com)")
_KEYS_OF_PERSONS: Final = ("ssh-keys", "sshKeys")  # entries of metadata
_PLACES_IN_LISTS: Final = ("pageToken", "nextPageToken")  # named like tokens, and no credentials

_HOSTS: Final = re.compile(
    r"(?!(?:iamcredentials|sts|oauth2|securetoken)\.)[a-z]+\.googleapis\.com|localhost|127\.0\.0\.1"
)
_PATHS: Final = re.compile(r"/(?:compute/)?v1/projects/[^:]*(?::testIamPermissions|/services:batchGet)?")


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """
    A request and its answer.

    Args:
        step: step of the acceptance that made the request
        host: name of the server, without its port
        at: time of the answer by this computer's clock, as ISO 8601 in UTC
        verb: HTTP method
        path: path and query
        request: JSON of the request; None without a body
        status: HTTP status
        response: JSON of the answer; a text if the answer is no JSON
    """

    step: str
    host: str
    at: str
    verb: str
    path: str
    request: Any
    status: int
    response: Any

    @property
    def is_of_google(self) -> bool:
        """Whether a server of Google has answered, and no emulator."""
        return self.host.endswith(".googleapis.com")

    def to_line(self) -> str:
        """Return the exchange as one line of JSON."""
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True)


def may_be_recorded(host: str, path: str) -> bool:
    """Return whether requests of a host and a path carry no token in a body: those of resources, and no login."""
    return bool(_HOSTS.fullmatch(host) and _PATHS.fullmatch(path))


def without_secrets(value: Any, project: str, name: str = "") -> Any:
    """
    Return a JSON value without secrets, emails of persons and the name of the project.

    Args:
        value: JSON value.
        project: name of the project.
        name: name of the value; some secrets are recognized by their name alone.
    """
    if isinstance(value, dict):
        entry = str(value.get("key", "")) if set(value) == {"key", "value"} else ""
        return {
            key: without_secrets(member, project, entry if entry and key == "value" else key)
            for key, member in value.items()
        }
    if isinstance(value, list):
        return [without_secrets(member, project, name) for member in value]
    return _text_without_secrets(value, project, name) if isinstance(value, str) else value


def read_exchanges(files: Sequence[Path]) -> tuple[Exchange, ...]:
    """Return the exchanges of recordings, in the order of their times."""
    lines = (line for file in files for line in file.read_text().splitlines())
    return tuple(sorted((Exchange(**json.loads(line)) for line in lines), key=lambda exchange: exchange.at))


def _text_without_secrets(text: str, project: str, name: str) -> str:
    if name in _KEYS_OF_PERSONS:
        return _HIDDEN
    prefix = f"{name}=" if name and name not in _PLACES_IN_LISTS else ""
    shown = redacted(prefix + text)
    # A secret that begins before the value itself leaves nothing that may be shown.
    shown = shown.removeprefix(prefix) if shown.startswith(prefix) else _HIDDEN
    shown = _EMAIL.sub(lambda match: match[0] if match[0].endswith(_ACCOUNTS_OF_PROGRAMS) else PERSON, shown)
    shown = _NUMBER.sub(PROJECT, shown)
    return re.sub(rf"(?<![\w-]){re.escape(project)}(?![\w-])", PROJECT, shown) if project else shown
