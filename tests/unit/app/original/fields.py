"""An exchange as fields: the answer of a server, and the requests that it made of other services."""

import json
import re
from collections.abc import Iterator, Sequence
from email import message_from_bytes, policy
from typing import Final

import httpx

Fields = dict[str, str]

_UNCOMPARED: Final = ("host", "content-length", "user-agent", "connection", "accept", "date", "server")
_RANDOM: Final = ("idempotency-key", "x-request-id")
_TEXTS: Final = ("message", "msg")  # fields whose wording is each server's own
_FORMATS: Final = {b"%PDF-": "PDF", b"\x89PNG": "PNG", b"\xff\xd8\xff": "JPEG", b"GIF8": "GIF"}
_HEADING: Final = re.compile(r"\[.+\]")
_LONGEST: Final = 120


def answer_fields(answer: httpx.Response, fixed: Sequence[str]) -> Fields:
    """
    Return the fields of an answer.

    Args:
        answer: answer of a server.
        fixed: sentences of the server's fixed checklist, whose wording is its own.
    """
    fields = {"status": str(int(answer.status_code)), **_headers("header", answer.headers)}
    if answer.headers.get("content-type") == "application/json":
        body = answer.json()
        fields |= _json_fields("body", {"paths": list(body["paths"])} if "openapi" in body else body, fixed)
    elif answer.headers.get("content-type", "").startswith("text/plain; version="):
        families = sorted(set(re.findall(r"^# TYPE (http_\w+)", answer.text, re.MULTILINE)))
        fields |= {f"body {family}": "served" for family in families if not family.endswith("_created")}
    else:
        fields["body"] = answer.text
    return fields


def request_fields(request: httpx.Request, fixed: Sequence[str]) -> Fields:
    """Return the fields of a request to another service."""
    body = request.content
    fields = {"path": _shown(request.url.path), **_headers("header", request.headers)}
    if request.headers.get("content-type", "").startswith("multipart/"):
        fields |= dict(_multipart_fields(request.headers["content-type"], body))
        fields["header content-type"] = "multipart/form-data"
    elif body:
        fields |= _json_fields("body", json.loads(body), fixed)
    return fields


def _headers(prefix: str, headers: httpx.Headers) -> Fields:
    return {
        f"{prefix} {name}": "random" if name in _RANDOM else value
        for name, value in headers.items()
        if name not in _UNCOMPARED
    }


def _json_fields(prefix: str, value: object, fixed: Sequence[str]) -> Fields:
    return {" ".join([prefix, *path]): text for path, text in _leaves(value, (), fixed)}


def _leaves(value: object, path: tuple[str, ...], fixed: Sequence[str]) -> Iterator[tuple[tuple[str, ...], str]]:
    if path[-1:] == ("checklists",) and isinstance(value, list):
        more = [_shown(check) for check in value if check not in fixed]
        yield path, f"{sum(check in fixed for check in value)} fixed, {more}"
    elif path[-1:] in {(name,) for name in _TEXTS} and isinstance(value, str):
        yield path, "text"
    elif path[-1:] == ("content",) and isinstance(value, str):
        yield path, "\n".join(_blocks(value, fixed))
    elif isinstance(value, dict):
        for name, member in value.items():
            yield from _leaves(member, (*path, str(name)), fixed)
    elif isinstance(value, list):
        for number, member in enumerate(value, 1):
            yield from _leaves(member, (*path, str(number)), fixed)
    else:
        yield path, _shown(json.dumps(value, ensure_ascii=False))


def _blocks(prompt: str, fixed: Sequence[str]) -> Iterator[str]:
    """Yield the lines of blocks that begin with a heading, and `text` for each paragraph of instructions."""
    for paragraph in re.split(r"\n\n+|\n(?=\[)", prompt.strip()):
        lines = paragraph.splitlines()
        if not _HEADING.match(lines[0]):
            yield "text"
            continue
        for line in lines:
            yield "- fixed" if line.removeprefix("- ") in fixed else _shown(line.rstrip())


def _shown(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{len(text)} characters"


def _multipart_fields(content_type: str, body: bytes) -> Iterator[tuple[str, str]]:
    message = message_from_bytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body, policy=policy.HTTP)
    for part in message.iter_parts():
        name, content = str(part.get_param("name", header="Content-Disposition")), part.get_payload(decode=True)
        assert isinstance(content, bytes)
        if (file_name := part.get_filename()) is None:
            yield f"part {name}", content.decode()
        else:
            kinds = [kind for start, kind in _FORMATS.items() if content.startswith(start)]
            yield f"part {name}", ", ".join(kinds) or "unknown"
            yield f"part {name} filename", _shown(file_name)
            yield f"part {name} content-type", part.get_content_type()
