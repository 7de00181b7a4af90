"""
Secrets in the metadata of a template.

Every process of an instance can read its metadata, and so can every account that may read the template.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lib.redaction import secrets
from lib.secret_values import is_secret_name, is_secret_value


@dataclass(frozen=True, order=True)
class Leak:
    """
    A place in a metadata entry that looks like a secret; the value itself is not kept.

    Args:
        entry: key of the metadata entry.
        line: line of the entry's value, counted from 1.
        name: variable or field that holds the secret, such as `OCR_API`, or the kind of a token without a variable.
    """

    entry: str
    line: int
    name: str

    def __str__(self) -> str:
        return f"'{self.entry}' line {self.line} ({self.name})"


def leaks(metadata: Mapping[str, str]) -> list[Leak]:
    """Return every place in metadata that looks like a secret, entry by entry."""
    return sorted({leak for entry, text in metadata.items() for leak in _leaks(entry, text)})


def divide_leaks(
    metadata: Mapping[str, str], allowed: Mapping[str, Sequence[str]]
) -> tuple[tuple[Leak, ...], tuple[Leak, ...]]:
    """
    Return the leaks that are refused, and the leaks that the environment file allows.

    Args:
        metadata: values by entry.
        allowed: names by entry, as in `allowed_secrets` of the environment file.
    """
    every_leak = leaks(metadata)
    refused = tuple(leak for leak in every_leak if leak.name not in allowed.get(leak.entry, ()))
    return refused, tuple(leak for leak in every_leak if leak not in refused)


def _leaks(entry: str, text: str) -> list[Leak]:
    # An entry is itself an assignment: its key is the name, and a value of one line may be the secret.
    is_scalar = "\n" not in text.strip() and not text.lstrip().startswith(("{", "["))
    if is_scalar and is_secret_name(entry) and is_secret_value(entry, text):
        return [Leak(entry, 1, entry)]
    return [Leak(entry, text.count("\n", 0, secret.start) + 1, secret.name) for secret in secrets(text)]
