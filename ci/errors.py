"""
What can go wrong on the way of a release, with the exit code that leaves `dagger call`.

PipelineError        exit 1  never raised itself
├── RefusedError     exit 3  an argument or a precondition; nothing was written
├── NotAllowedError  exit 4  no credentials, or the registry does not accept them
├── GateError        exit 6  lint, types, a test, the build, the smoke test or the push failed; nothing was rolled out
└── DeployError      its own what `python -m deploy` ended with; its codes are in deploy/errors.py
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from ci.output import printable


class PipelineError(Exception):
    """Its text is all that a person needs to read."""

    exit_code: int = 1


class RefusedError(PipelineError):
    """Usage or a precondition; the text says where, what and how to mend it."""

    exit_code: int = 3


class NotAllowedError(PipelineError):
    """Missing, wrong or outdated credentials."""

    exit_code: int = 4


class GateError(PipelineError):
    """A gate failed; the text holds the tool's own output."""

    exit_code: int = 6


class DeployError(PipelineError):
    """
    `python -m deploy` did not end with 0.

    Args:
        code: That it ended with.
        said: Its stderr; the last block is its report.
    """

    def __init__(self, code: int, said: str) -> None:
        super().__init__(said)
        self.exit_code = code


@contextmanager
def exit_codes() -> Iterator[None]:
    """
    Let an error leave the function with its text on stderr and its exit code.

    On `SystemExit`, and on nothing else, Dagger prints no traceback and keeps the code (v0.19.10, tried).
    """
    try:
        yield
    except PipelineError as error:
        # deploy's own report is filtered by deploy, and may be JSON.
        print(error if isinstance(error, DeployError) else printable(str(error)), file=sys.stderr)
        raise SystemExit(error.exit_code) from None
