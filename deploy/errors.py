"""
What can go wrong in a rollout, with the exit code that leaves the program.

DeployError            exit 1    never raised itself
├── RefusedError       exit 3    usage, a precondition, or a write was refused; the group was told nothing
│   └── ConfigError    exit 3    a value in environments/*.yaml or on the command line
├── NotAllowedError    exit 4    no credentials, or they lack a permission; the group was told nothing
├── SupersededError    exit 5    somebody else deployed; their version stays
├── RolledBackError    exit 7    the release failed; the previous one serves
├── NotRestoredError   exit 8    the release failed and the way back did not settle; run reconcile
├── CapacityError      exit 9    no capacity or quota for the new machines; the previous release serves
├── StoppedError       exit 130  interrupted; the cloud goes on, and reconcile resumes or undoes
└── CloudError         exit 3    an answer of Compute Engine that is an error; leaves the program as a RefusedError
"""

from typing import ClassVar


class DeployError(Exception):
    """
    A text that is all a person needs to read: where, what with the value, and one way to mend it.

    Args:
        message: Where and what.
        fix: One action, without a full stop.
        evidence: What a machine had to say, line by line, without secrets.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, fix: str = "", evidence: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix
        self.evidence = evidence

    def __str__(self) -> str:
        said = f"{self.message} Fix: {self.fix}." if self.fix else self.message
        return "\n".join((said, *self.evidence))


class RefusedError(DeployError):
    """The group was told nothing; unless the text says so, nothing at all was written."""

    exit_code: ClassVar[int] = 3


class ConfigError(RefusedError, ValueError):
    """A value of the configuration, named by its path."""


class NotAllowedError(DeployError):
    """No credentials, or they lack a permission; the group was told nothing."""

    exit_code: ClassVar[int] = 4


class SupersededError(DeployError):
    """Somebody else deployed meanwhile; nothing of theirs was changed."""

    exit_code: ClassVar[int] = 5


class RolledBackError(DeployError):
    """The release failed, and the previous one serves."""

    exit_code: ClassVar[int] = 7


class NotRestoredError(DeployError):
    """The release failed, and the way back did not settle."""

    exit_code: ClassVar[int] = 8


class CapacityError(DeployError):
    """No capacity or quota for new machines; the previous release serves."""

    exit_code: ClassVar[int] = 9


class StoppedError(DeployError):
    """Interrupted; the cloud goes on by itself."""

    exit_code: ClassVar[int] = 130


class CloudError(DeployError):
    """
    An answer of Compute Engine that is an error.

    Args:
        message: Google's own, quoted.
        status: HTTP status; 0 where the connection failed.
        reason: Google's word, such as `notFound`.
    """

    def __init__(self, message: str, status: int = 0, reason: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason


def refusal(error: CloudError) -> RefusedError:
    """Return the error of a verb that an answer ended: every such answer is met before the first write to the group."""
    return RefusedError(f"{error.message.rstrip('.')}.", "try again later")
