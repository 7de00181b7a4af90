"""
Errors of an update, each with the exit code of the program.

AccessoryError         exit 1    a bug
├── RefusedError       exit 3    usage or a precondition; the VM is unchanged
│   └── ConfigError    exit 3    a value in environments/*.yaml or on the command line
├── NotAllowedError    exit 4    the login to the VM was refused; no run is known to have started
├── HeldError          exit 5    another update holds the lock and continues
├── RolledBackError    exit 7    the release failed; the previous release serves again
├── NotRestoredError   exit 8    the release failed, and the rollback failed too
├── NoRoomError        exit 9    no room on a disk, or no GPU; the previous release serves
└── StoppedError       exit 130  the client stopped; the VM continues by itself
"""

from typing import ClassVar


class AccessoryError(Exception):
    """
    An error whose text is complete for an operator: the place, the problem with its value, and a fix.

    Args:
        message: place and problem.
        fix: one action, without a full stop.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, fix: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix

    def __str__(self) -> str:
        return f"{self.message} Fix: {self.fix}." if self.fix else self.message


class RefusedError(AccessoryError):
    """A precondition does not hold; the VM is unchanged."""

    exit_code: ClassVar[int] = 3


class ConfigError(RefusedError, ValueError):
    """A wrong value of the configuration, with its path."""


class NotAllowedError(AccessoryError):
    """The login to the VM was refused."""

    exit_code: ClassVar[int] = 4


class HeldError(AccessoryError):
    """Another update holds the lock."""

    exit_code: ClassVar[int] = 5


class RolledBackError(AccessoryError):
    """The release failed, and the previous release serves again."""

    exit_code: ClassVar[int] = 7


class NotRestoredError(AccessoryError):
    """The release failed, and the rollback failed too."""

    exit_code: ClassVar[int] = 8


class NoRoomError(AccessoryError):
    """No room on a disk, or no GPU; the previous release serves."""

    exit_code: ClassVar[int] = 9


class StoppedError(AccessoryError):
    """The client stopped; the VM continues by itself."""

    exit_code: ClassVar[int] = 130


def error_of(exit_code: int, message: str, fix: str) -> AccessoryError:
    """Return the error for the exit code of a run on the VM."""
    kinds = (RefusedError, HeldError, RolledBackError, NotRestoredError, NoRoomError)
    kind = next((kind for kind in kinds if kind.exit_code == exit_code), AccessoryError)
    return kind(message, fix)
