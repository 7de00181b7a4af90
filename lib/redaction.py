"""Secrets in text of other programs: their positions, and the text without them. Pure."""

import base64
import re
from collections.abc import Iterator
from typing import Final

from lib.secret_assignments import assignments
from lib.secret_tokens import KEY_MARK, Secret, tokens

SHOWN_BYTES: Final = 65_536
_MARK: Final = "…"
_LONGEST_LINE: Final = 8_192
_BASE64: Final = re.compile(r"[A-Za-z0-9+/]{24,}+(?:\r?\n[ \t]{0,20}[A-Za-z0-9+/]{24,}+)*+={0,2}")
_BINARY: Final = re.compile("[\x00-\x08\x0e-\x1f\ufffd]")
_COLOR: Final = re.compile(r"\x1b\[[\d;:]{0,40}m")


def secrets(text: str) -> list[Secret]:
    """
    Return every part of a text that looks like a secret, in order and without overlaps, in linear time.

    A token in an assignment has the name of the variable.
    """
    merged: list[Secret] = []
    kinds = ((assignments, False), (tokens, True), (_encoded, True))
    named = ((secret, is_token) for kind, is_token in kinds for secret in kind(text))
    for secret, is_token in sorted(named):
        if not merged or secret.start >= merged[-1].end:
            merged.append(secret)
            continue
        last = merged.pop()
        name = last.name if is_token else secret.name
        merged.append(Secret(last.start, max(last.end, secret.end), name))
    return merged


def redacted(text: str) -> str:
    """
    Return a text with `…` instead of each part that looks like a secret, without escape sequences for colours.

    Pass the whole text: a private key has many lines.
    """
    text = _COLOR.sub("", text)
    parts, past = [], 0
    for secret in secrets(text):
        parts += [text[past : secret.start], _MARK]
        past = secret.end
    return "".join((*parts, text[past:]))


def redacted_tail(text: str) -> str:
    """
    Return the last complete lines of a text, at most 64 KiB, without secrets; shorten lines only afterwards.

    A line of more than 8,192 characters is omitted, so that it does not displace the other lines.
    """
    text = "\n".join(line if len(line) <= _LONGEST_LINE else _left_out(line) for line in text.split("\n"))
    data = text.encode(errors="replace")
    if len(data) > SHOWN_BYTES:
        _, _, text = data[-SHOWN_BYTES - 1 :].decode(errors="replace").partition("\n")
    return redacted(text)


def _encoded(text: str) -> Iterator[Secret]:
    """Yield the base64 words whose decoded text contains a secret."""
    for match in _BASE64.finditer(text):
        word = "".join(match[0].rstrip("=").split())
        content = base64.b64decode(word + "A" * (-len(word) % 4))[: len(word) * 3 // 4].decode(errors="replace")
        inner = [] if _BINARY.search(content) else secrets(content)
        if inner:
            yield Secret(*match.span(), inner[0].name)


def _left_out(line: str) -> str:
    """Return the note for an omitted line, with its marks of a private key, so that all its lines are hidden."""
    marks = " ".join(mark[0] for mark in KEY_MARK.finditer(line))
    return f"{_MARK} ({len(line):,} characters left out) {marks}".rstrip()
