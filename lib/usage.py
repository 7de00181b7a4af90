"""Describe what is wrong with a command line."""

import typer
from pydantic import ValidationError


def usage_error(error: typer.TyperException) -> str:
    """Return one line for an operator; typer leaves out a value that pydantic refused, so it is added here."""
    message = error.format_message().rstrip(".")
    if isinstance(error.__cause__, ValidationError):
        message += f", got '{error.__cause__.errors()[0]['input']}'"
    return f"usage: {message}. Fix: see --help."
