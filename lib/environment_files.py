"""Files of environments/: reading within limits, and values in error messages."""

import unicodedata
from pathlib import Path
from typing import Any, Final, cast

import yaml

_MAX_BYTES: Final = 256 * 1024
_MAX_DEPTH: Final = 32
# Twenty aliases expand to at most 1,600 nodes, however they refer to each other.
_MAX_ALIASES: Final = 20
_MAX_SHOWN: Final = 60
_OPENS: Final = (yaml.MappingStartEvent, yaml.SequenceStartEvent)
_CLOSES: Final = (yaml.MappingEndEvent, yaml.SequenceEndEvent)
# Errors of PyYAML beside YAMLError, for scalars such as a date of month 99 or an integer of 5,000 digits.
_CONSTRUCTOR_ERRORS: Final = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError)


class EnvironmentFileError(Exception):
    """
    A file of environments/ that cannot be read.

    Args:
        message: path of the file, and what is wrong with it.
        fix: one action, without a full stop.
    """

    def __init__(self, message: str, fix: str) -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix


def locate(environment: str, folder: Path) -> Path:
    """
    Return the path of an environment's file.

    Args:
        environment: name of a file in the folder, without `.yaml`.
        folder: folder of the environment files.

    Raises:
        EnvironmentFileError: the folder has no file of this name.
    """
    known = sorted(path.stem for path in folder.glob("*.yaml"))
    if environment not in known:
        raise EnvironmentFileError(
            f"--env: got {shown(environment)}, and {folder} has no such file.",
            f"one of: {', '.join(known) or 'none'}",
        )
    return folder / f"{environment}.yaml"


def load(path: Path) -> dict[str, Any]:
    """
    Return the keys and values of an environment's file.

    Args:
        path: path of a regular file: UTF-8, at most 256 KiB, at most 32 levels deep, with at most 20 aliases.

    Raises:
        EnvironmentFileError: the file is outside these limits, unreadable, or not a YAML mapping.
    """
    text = _text(path)
    try:
        _check_limits(path, text)
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise EnvironmentFileError(f"{path}: {_problem(error)}.", "correct the YAML") from error
    except _CONSTRUCTOR_ERRORS as error:
        raise EnvironmentFileError(f"{path}: a value cannot be read: {error}.", "correct the YAML") from error
    if not isinstance(data, dict):
        raise EnvironmentFileError(
            f"{path}: got {type(data).__name__}, must be keys with values.", "write lines of 'KEY: VALUE'"
        )
    names = [key for key in data if not isinstance(key, str)]
    if names:
        raise EnvironmentFileError(f"{path}: key {shown(names[0])} is not a text.", "put it in quotes, or correct it")
    return data


def shown(value: object) -> str:
    """Return a value for a message: in quotes, on one line and cut at 60 characters."""
    try:
        text = str(value)
    except (ValueError, RecursionError):
        return f"a value of type {type(value).__name__} that is too long to print"
    cut = text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}…"
    return "'" + "".join("�" if unicodedata.category(letter).startswith("C") else letter for letter in cut) + "'"


def _text(path: Path) -> str:
    if not path.is_file():
        raise EnvironmentFileError(f"{path}: is not a regular file.", "write a file of that name")
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise EnvironmentFileError(f"{path}: cannot be read: {error.strerror}.", "correct its permissions") from error
    if len(content) > _MAX_BYTES:
        raise EnvironmentFileError(
            f"{path}: is larger than {_MAX_BYTES // 1024} KiB.", "name another file, or shorten this one"
        )
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise EnvironmentFileError(
            f"{path}: line {line}: byte 0x{content[error.start]:02x} is not UTF-8.", "save the file as UTF-8"
        ) from error


def _check_limits(path: Path, text: str) -> None:
    """Refuse a file that could exhaust the stack or the memory; the parser yields events without recursion."""
    depth = aliases = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        depth += isinstance(event, _OPENS) - isinstance(event, _CLOSES)
        aliases += isinstance(event, yaml.AliasEvent)
        mark = cast("yaml.Mark", event.start_mark)  # a parsed event has a mark
        where = f"{path}: line {mark.line + 1}"
        if depth > _MAX_DEPTH:
            raise EnvironmentFileError(f"{where}: is nested deeper than {_MAX_DEPTH}.", "correct the nesting")
        if aliases > _MAX_ALIASES:
            raise EnvironmentFileError(f"{where}: has more than {_MAX_ALIASES} aliases.", "write the values out")
        if isinstance(event, yaml.ScalarEvent) and any(letter < " " and letter not in "\n\t" for letter in event.value):
            raise EnvironmentFileError(f"{where}: a text has a control character.", "remove it")


def _problem(error: yaml.YAMLError) -> str:
    """Return the line and the description of a YAML error."""
    mark = getattr(error, "problem_mark", None)
    where = f"line {mark.line + 1}: " if mark else ""
    return where + " ".join(str(getattr(error, "problem", None) or getattr(error, "reason", None) or error).split())
