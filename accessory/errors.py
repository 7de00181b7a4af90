"""
What can go wrong in an update, with the exit code that leaves the program.

AccessoryError         exit 1    a bug of ours; never raised itself
├── RefusedError       exit 3    usage or a precondition; what serves was not touched
│   └── ConfigError    exit 3    a value in environments/*.yaml or on the command line
├── NotAllowedError    exit 4    the machine let nobody in; nothing is known to have begun
├── HeldError          exit 5    somebody else is updating; theirs goes on
├── RolledBackError    exit 7    the release failed; the one before serves again
├── NotRestoredError   exit 8    the release failed, and so did the way back
├── NoRoomError        exit 9    disk or GPU; the one before serves
└── StoppedError       exit 130  nobody listens any more; the machine goes on by itself
"""

from typing import ClassVar


class AccessoryError(Exception):
    """
    A text that is all a person needs to read: where, what with the value, and one way to mend it.

    Args:
        message: Where and what.
        fix: One action, without a full stop.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, fix: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix

    def __str__(self) -> str:
        return f"{self.message} Fix: {self.fix}." if self.fix else self.message


class RefusedError(AccessoryError):
    """A precondition does not hold; what serves was not touched."""

    exit_code: ClassVar[int] = 3


class ConfigError(RefusedError, ValueError):
    """A value of the configuration, named by its path."""


class NotAllowedError(AccessoryError):
    """The machine let nobody in."""

    exit_code: ClassVar[int] = 4


class HeldError(AccessoryError):
    """Somebody else is updating."""

    exit_code: ClassVar[int] = 5


class RolledBackError(AccessoryError):
    """The release failed, and the one before serves again."""

    exit_code: ClassVar[int] = 7


class NotRestoredError(AccessoryError):
    """The release failed, and so did the way back."""

    exit_code: ClassVar[int] = 8


class NoRoomError(AccessoryError):
    """Disk or GPU; the one before serves."""

    exit_code: ClassVar[int] = 9


class StoppedError(AccessoryError):
    """Nobody listens any more; the machine goes on by itself."""

    exit_code: ClassVar[int] = 130


def of(exit_code: int, message: str, fix: str) -> AccessoryError:
    """Return the error that a run on the machine ended with."""
    kinds = (RefusedError, HeldError, RolledBackError, NotRestoredError, NoRoomError)
    kind = next((kind for kind in kinds if kind.exit_code == exit_code), AccessoryError)
    return kind(message, fix)
