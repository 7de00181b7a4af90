"""
The errors of a release, each with the exit code that leaves `dagger call`.

PipelineError        exit 1  base; raised for several failures at once, with the exit code of the first
├── RefusedError     exit 3  an argument or a precondition; nothing was written
├── NotAllowedError  exit 4  no credentials, or the registry does not accept them
├── GateError        exit 6  lint, types, a test, the build, the smoke test or the push failed; nothing was rolled out
├── NotRunError      none: the service of a check did not answer; the summary says so, and the release goes on
└── DeployError      the exit code of `python -m deploy` or `python -m accessory`; deploy/errors.py lists them
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import dagger
from dagger._exceptions import QueryErrorValue
from gql import GraphQLRequest

from ci.output import printable

# The engine appends to a text the id of a span, which dagger would show in place of the text.
ORIGIN: Final = re.compile(r"\s*\[traceparent:[0-9a-f-]*\]")


class PipelineError(Exception):
    """An error whose text is all that a person needs to read."""

    exit_code: int = 1


class RefusedError(PipelineError):
    """Usage or a precondition; the text names the place, the value and the fix."""

    exit_code: int = 3


class NotAllowedError(PipelineError):
    """Missing, wrong or outdated credentials."""

    exit_code: int = 4


class GateError(PipelineError):
    """A gate failed; the text holds the tool's own output."""

    exit_code: int = 6


class NotRunError(PipelineError):
    """A check that did not run, because its service did not answer; the text is the reason."""


class DeployError(PipelineError):
    """
    `python -m deploy` did not end with 0.

    Args:
        code: exit code of deploy
        text: stderr of deploy, whose last block is the report
    """

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.exit_code = code


def unwrapped(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """
    Return the failures of a task group as a single error.

    An error that is no PipelineError goes first, because it is a bug of this program; the texts of all others are its
    notes. Several PipelineErrors are merged, with each text once and the exit code of the first.
    """
    errors = list(_leaves(group))
    first = next((error for error in errors if not isinstance(error, PipelineError)), errors[0])
    others = [error for error in errors if error is not first]
    if not isinstance(first, PipelineError):
        for error in others:
            first.add_note(str(error))
        return first
    if not others:
        return first
    merged = PipelineError("\n\n".join(dict.fromkeys(map(str, errors))))
    merged.exit_code = first.exit_code
    return merged


def _leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error


@contextmanager
def exit_codes() -> Iterator[None]:
    """
    Let an error leave the function with its text and its exit code.

    Dagger takes both from an ExecError, prints no traceback, and shows the text as the last thing: on a terminal below
    the verb, elsewhere on stderr (v0.19.10, tried). Of `SystemExit`, a terminal shows the code alone.

    Raises:
        ExecError: a PipelineError left the block
    """
    try:
        yield
    except PipelineError as error:
        # deploy's own report is filtered by deploy, and may be JSON.
        text = str(error) if isinstance(error, DeployError) else printable(str(error))
        raise _exec_error(error.exit_code, ORIGIN.sub("", text)) from None


def _exec_error(code: int, text: str) -> dagger.ExecError:
    extensions = {"_type": "EXEC_ERROR", "cmd": [], "exitCode": code, "stdout": "", "stderr": text}
    request = GraphQLRequest("{ version }")
    return dagger.ExecError([QueryErrorValue(text, extensions=extensions)], request)  # type: ignore[no-untyped-call]
