"""An HTTP exchange as a recording has it: no header, and no secret, person or project."""

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
_EMAIL: Final = re.compile(r"[\w.+-]+(?:@|%40)[\w-]+(?:\.[\w-]+)+")
_ACCOUNTS_OF_PROGRAMS: Final = ".gserviceaccount.com"
# The number of a project: behind the word, in an account of a program, and alone, because it has 12 digits then.
# Organizations and folders have numbers, too.
_NUMBER: Final = re.compile(
    r"(?i:(?P<word>projects?(?:[ _-]?(?:number|id))?[\"']?(?:/|%2F|=|%3D|:|#|\s){1,3}[\"']?))\d{6,}(?![\w-])"
    r"|(?:(?<=projects/)|(?<=folders/)|(?<=organizations/))\d+"
    r"|\b\d+(?=(?:-compute)?@[\w.-]*gserviceaccount\.com)|(?<![\w.-])\d{12}(?![\w-])"
)
_NUMBER_MEMBERS: Final = ("projectNumber", "project_number")
# OS Login makes the name of a user of the email of the person: alice_example_com, and ext_… for another organization.
_OS_LOGIN: Final = re.compile(r"\b(?:ext_\w+|[a-z]\w*_(?:com|org|net|edu|gov|io|dev|app|ai|kr|jp|de|uk|fr|eu|ch))\b")
_HOME: Final = re.compile(r"(?<=/home/)[\w.-]+")
_USER_MEMBERS: Final = ("user", "username", "userName")
# Names of users have any form, so lines of a serial port are found by the programs that print such names.
_SERIAL_OUTPUT: Final = "contents"
_LOGIN_LINE: Final = re.compile(
    r"\b((?:sshd(?:-session)?|sudo|su|login|g?passwd|groupadd|user(?:add|del|mod)|systemd-logind)(?:\[\d+\])?: ).*"
)
_USER_LINE: Final = re.compile(r"(?i)\b(?:systemd|google_guest_agent|GCEGuestAgent)\b.*")
_USER: Final = re.compile(r"(?i)(?<=\buser )[\w.'\"-]+")
_SUBJECT: Final = re.compile(r"(?<=/subject/)[^\s\"',;)\]}]+")  # a person of a federated login
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
    Return a JSON value without secrets, names of persons, and name and number of the project.

    Args:
        value: JSON value.
        project: name of the project.
        name: name of the value; some secrets are recognized by their name alone.
    """
    if isinstance(value, dict):
        entry = str(value.get("key", "")) if set(value) == {"key", "value"} else ""
        return {
            _without_project(key, project): without_secrets(member, project, entry if entry and key == "value" else key)
            for key, member in value.items()
        }
    if isinstance(value, list):
        return [without_secrets(member, project, name) for member in value]
    if name in _NUMBER_MEMBERS and isinstance(value, int | str):
        return PROJECT
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
    for pattern in (_SUBJECT, _HOME, _OS_LOGIN):
        shown = pattern.sub(PERSON, shown)
    if name == _SERIAL_OUTPUT:
        shown = _LOGIN_LINE.sub(rf"\1{_HIDDEN}", shown)
        shown = _USER_LINE.sub(lambda line: _USER.sub(PERSON, line[0]), shown)
    if name in _USER_MEMBERS and not shown.endswith(_ACCOUNTS_OF_PROGRAMS):
        return PERSON
    return _without_project(shown, project)


def _without_project(text: str, project: str) -> str:
    shown = _NUMBER.sub(lambda match: f"{match['word'] or ''}{PROJECT}", text)
    return re.sub(rf"(?<![\w-]){re.escape(project)}(?![\w-])", PROJECT, shown) if project else shown
