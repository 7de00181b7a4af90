"""Errors of a command line."""

import typer
from pydantic import ValidationError


def usage_error(error: typer.TyperException) -> str:
    """Return an error as one line, with the value that pydantic refused and typer omits."""
    message = error.format_message().rstrip(".")
    if isinstance(error.__cause__, ValidationError):
        message += f", got '{error.__cause__.errors()[0]['input']}'"
    return f"usage: {message}. Fix: see --help."
