"""
What can go wrong while an engine is provided.

EngineError          exit 1   a step failed; its log is named
└── MissingError     exit 69  the machine lacks something that only its owner can provide (EX_UNAVAILABLE of sysexits.h)
"""

from typing import ClassVar


class EngineError(Exception):
    """A step of the set-up failed, or the engine did not start."""

    exit_code: ClassVar[int] = 1


class MissingError(EngineError):
    """
    The machine lacks something.

    Args:
        missing: One text for each thing: what, why it is needed, and the command that provides it.
    """

    exit_code: ClassVar[int] = 69

    def __init__(self, missing: list[str]) -> None:
        super().__init__("the local engine cannot be set up here:" + "".join(f"\n  - {text}" for text in missing))
