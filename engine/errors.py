"""
The errors of the set-up and of the start of an engine.

EngineError          exit 1   a step failed; the text names its log
└── MissingError     exit 69  the machine lacks something that only its owner can provide (EX_UNAVAILABLE of sysexits.h)
"""

from typing import ClassVar


class EngineError(Exception):
    """A step of the set-up failed, or the engine did not start."""

    exit_code: ClassVar[int] = 1


class MissingError(EngineError):
    """
    The machine lacks something that the engine needs.

    Args:
        missing: a text for each missing thing: its name, its reason, and the command that provides it
    """

    exit_code: ClassVar[int] = 69

    def __init__(self, missing: list[str]) -> None:
        super().__init__("the local engine cannot be set up here:" + "".join(f"\n  - {text}" for text in missing))
