"""A finding: the result of one check, with the command that fixes or shows what it names."""

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "wrong", "unknown"]


@dataclass(frozen=True)
class Finding:
    """
    The result of one check.

    Args:
        check: name of the check, such as `machine type`.
        state: ok; wrong: a rollout fails, or its instances do, or the update policy differs from the environment file;
            unknown: this login can't read it, a condition decides, or a rollout works without it.
        text: what was read, with the values.
        command: command that fixes what is wrong, or shows what is unknown; empty if the check is ok.
    """

    check: str
    state: State
    text: str
    command: str = ""


def ok(check: str, text: str) -> Finding:
    """Return the finding of a check that holds."""
    return Finding(check, "ok", text)


def wrong(check: str, text: str, command: str) -> Finding:
    """Return the finding of a check that does not hold."""
    return Finding(check, "wrong", text.rstrip("."), command)


def unknown(check: str, text: str, command: str) -> Finding:
    """Return the finding of a check that can't be made."""
    return Finding(check, "unknown", text.rstrip("."), command)
