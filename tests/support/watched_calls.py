"""Calls that `engine/watch` watches, as `daggerw` starts it."""

from pathlib import Path


def lines_of_daggerw() -> str:
    """Return the lines of `daggerw` that start the watch; they read the variables `here` and `home` of a shell."""
    lines = Path("daggerw").read_text().splitlines(keepends=True)
    return "".join(line for line in lines if "engine/watch" in line or line.startswith("    earlier="))
