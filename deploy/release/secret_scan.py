"""
Secrets in a template's metadata: pure.

Every process of an instance can read metadata, and so can everyone who may read a template.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lib.redaction import secrets
from lib.secret_values import is_secret_name, is_secret_value


@dataclass(frozen=True, order=True)
class Leak:
    """
    A part of a metadata entry that looks like a secret; never its value.

    Args:
        entry: Key of the metadata entry.
        line: Line of its value, counted from 1.
        name: Variable or field that holds the secret, such as `OCR_API`, or the kind of a token that stands alone.
    """

    entry: str
    line: int
    name: str

    def __str__(self) -> str:
        return f"'{self.entry}' line {self.line} ({self.name})"


def leaks(metadata: Mapping[str, str]) -> list[Leak]:
    """Return what looks like a secret in metadata, entry by entry."""
    return sorted({leak for entry, text in metadata.items() for leak in _leaks(entry, text)})


def divide_leaks(
    metadata: Mapping[str, str], allowed: Mapping[str, Sequence[str]]
) -> tuple[tuple[Leak, ...], tuple[Leak, ...]]:
    """
    Return the leaks that are refused, and those that the environment file allows.

    Args:
        metadata: Values by entry.
        allowed: Names by entry, as in `allowed_secrets` of the environment file.
    """
    found = leaks(metadata)
    refused = tuple(leak for leak in found if leak.name not in allowed.get(leak.entry, ()))
    return refused, tuple(leak for leak in found if leak not in refused)


def _leaks(entry: str, text: str) -> list[Leak]:
    # An entry is an assignment itself: its key is the name, and a value of one line may be the secret.
    is_scalar = "\n" not in text.strip() and not text.lstrip().startswith(("{", "["))
    if is_scalar and is_secret_name(entry) and is_secret_value(entry, text):
        return [Leak(entry, 1, entry)]
    return [Leak(entry, text.count("\n", 0, secret.start) + 1, secret.name) for secret in secrets(text)]
