"""The texts of a body without the secrets that lib's patterns find in them. Pure."""

import json
from collections.abc import Iterator
from typing import Any

from emulator.seed_import.left_out import LeftOut
from lib.redaction import redacted, secrets
from lib.secret_values import is_secret_name, is_secret_value

_REASON = "looks like a secret"


def without_secrets(body: dict[str, Any], where: str) -> tuple[dict[str, Any], list[LeftOut]]:
    """
    Return a body without secrets: an entry that is a secret is left out, and in a longer text `…` stands for each.

    Args:
        body: body of an insert
        where: path of the body, for what is left out
    """
    left_out: list[LeftOut] = []
    return dict(_members(body, where, left_out)), left_out


def _members(value: dict[str, Any], where: str, left_out: list[LeftOut]) -> Iterator[tuple[str, Any]]:
    for key, member in value.items():
        if isinstance(member, str) and _is_secret(key, member):
            left_out.append(LeftOut(f"{where}.{key}", _REASON))
        else:
            yield key, _hidden(member, f"{where}.{key}", left_out)


def _hidden(value: Any, where: str, left_out: list[LeftOut]) -> Any:
    if isinstance(value, dict):
        return dict(_members(value, where, left_out))
    if isinstance(value, list):
        return list(_items(value, where, left_out))
    if not isinstance(value, str):
        return value
    for secret in secrets(value):
        line = value.count("\n", 0, secret.start) + 1
        left_out.append(LeftOut(f"{where} line {line} ({secret.name})", f"{_REASON}, and is replaced by '…'"))
    return redacted(value) if secrets(value) else value


def _items(value: list[Any], where: str, left_out: list[LeftOut]) -> Iterator[Any]:
    """Yield the members of a list; an entry of metadata, `{key: …, value: …}`, has its key as its name."""
    for index, member in enumerate(value):
        if not (
            isinstance(member, dict) and isinstance(member.get("key"), str) and isinstance(member.get("value"), str)
        ):
            yield _hidden(member, f"{where}[{index}]", left_out)
        elif _is_secret(member["key"], member["value"]):
            left_out.append(LeftOut(f"{where}.{member['key']}", _REASON))
        else:
            yield {**member, "value": _hidden(member["value"], f"{where}.{member['key']}", left_out)}


def _is_secret(name: str, text: str) -> bool:
    """Return whether a text is a secret by its name and form: one of its lines, unless it is a JSON document."""
    if not is_secret_name(name) or _is_document(text):
        return False
    return any(is_secret_value(name, line.strip()) for line in text.splitlines() if line.strip())


def _is_document(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict | list)
    except ValueError:
        return False
