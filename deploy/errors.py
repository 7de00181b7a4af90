"""
The errors of a verb, and the exit codes of the program.

DeployError
├── RefusedError
│   └── ConfigError
├── NotAllowedError
├── SupersededError
├── RolledBackError
├── NotRestoredError
├── CapacityError
├── StoppedError
└── CloudError, which leaves the program as a RefusedError
"""

from enum import IntEnum
from typing import ClassVar


class ExitCode(IntEnum):
    """The exit codes of the program, all of them."""

    DONE = 0  # done, nothing to do, or paused at a step
    BUG = 1  # a bug of deploy
    PLAN_DIFFERS = 2  # `plan --exit-code` has something to do
    REFUSED = 3  # usage, configuration or a precondition; the group is unchanged
    NOT_ALLOWED = 4  # no credentials, or the account lacks a permission; the group is unchanged
    SUPERSEDED = 5  # another process or client changed the group; its version stays
    ROLLED_BACK = 7  # the release failed; the previous release serves
    NOT_RESTORED = 8  # the release failed, and the rollback did not settle: run `reconcile`
    NO_CAPACITY = 9  # no capacity or quota for the new instances; the previous release serves
    STOPPED = 130  # interrupted; Compute Engine continues, and `reconcile` resumes or rolls back


class DeployError(Exception):
    """
    An error whose text is all that an operator needs: where, what with the value, and one action that fixes it.

    Args:
        message: where and what.
        fix: one action, without a full stop.
        diagnostics: output of the failed instance, line by line, without secrets.
    """

    exit_code: ClassVar[ExitCode] = ExitCode.BUG

    def __init__(self, message: str, fix: str = "", diagnostics: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix
        self.diagnostics = diagnostics

    def __str__(self) -> str:
        text = f"{self.message} Fix: {self.fix}." if self.fix else self.message
        return "\n".join((text, *self.diagnostics))


class RefusedError(DeployError):
    """A precondition does not hold; the group is unchanged, and nothing is written unless the text names it."""

    exit_code: ClassVar[ExitCode] = ExitCode.REFUSED


class ConfigError(RefusedError, ValueError):
    """A value of the environment file or of a flag is wrong; the text has its path."""


class NotAllowedError(DeployError):
    """There are no credentials, or the account lacks a permission; the group is unchanged."""

    exit_code: ClassVar[ExitCode] = ExitCode.NOT_ALLOWED


class SupersededError(DeployError):
    """Another deploy changed the group during this one; its version stays."""

    exit_code: ClassVar[ExitCode] = ExitCode.SUPERSEDED


class RolledBackError(DeployError):
    """The release failed, and the previous release serves."""

    exit_code: ClassVar[ExitCode] = ExitCode.ROLLED_BACK


class NotRestoredError(DeployError):
    """The release failed, and the rollback did not settle."""

    exit_code: ClassVar[ExitCode] = ExitCode.NOT_RESTORED


class CapacityError(DeployError):
    """There is no capacity or quota for new instances; the previous release serves."""

    exit_code: ClassVar[ExitCode] = ExitCode.NO_CAPACITY


class StoppedError(DeployError):
    """A signal interrupted the program; Compute Engine continues with the rollout."""

    exit_code: ClassVar[ExitCode] = ExitCode.STOPPED


class CloudError(DeployError):
    """
    Compute Engine or a registry answered with an error.

    Args:
        message: the method, the resource and the text of the answer.
        status: HTTP status; 0 if the connection failed.
        reason: reason of the answer, such as `notFound`.
    """

    def __init__(self, message: str, status: int = 0, reason: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason


def refusal(error: CloudError) -> RefusedError:
    """Return the error of a verb that an answer ended, which is only possible before the first write to the group."""
    return RefusedError(f"{error.message.rstrip('.')}.", "try again later")
