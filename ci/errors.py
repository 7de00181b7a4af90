"""
What can go wrong on the way of a release, with the exit code that leaves `dagger call`.

PipelineError        exit 1  never raised itself
├── RefusedError     exit 3  an argument or a precondition; nothing was written
├── NotAllowedError  exit 4  the registry does not accept the credentials
└── GateError        exit 6  lint, types, a test, the build, the smoke test or the push failed; nothing was rolled out
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar


class PipelineError(Exception):
    """Its text is all that a person needs to read."""

    exit_code: ClassVar[int] = 1


class RefusedError(PipelineError):
    """Usage or a precondition; the text says where, what and how to mend it."""

    exit_code: ClassVar[int] = 3


class NotAllowedError(PipelineError):
    """Missing, wrong or outdated credentials."""

    exit_code: ClassVar[int] = 4


class GateError(PipelineError):
    """A gate failed; the text holds the tool's own output."""

    exit_code: ClassVar[int] = 6


@contextmanager
def exit_codes() -> Iterator[None]:
    """
    Let an error leave the function with its text on stderr and its exit code.

    On `SystemExit`, and on nothing else, Dagger prints no traceback and keeps the code (v0.19.10, tried).
    """
    try:
        yield
    except PipelineError as error:
        print(error, file=sys.stderr)
        raise SystemExit(error.exit_code) from None
