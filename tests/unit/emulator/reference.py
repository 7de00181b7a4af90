"""
The section of the emulator in docs/reference.md.

    emulator/.venv/bin/python -m tests.unit.emulator.reference
"""

from emulator.__main__ import app
from tests.support.reference import flags_table, verbs_table, write
from tests.support.typer_verbs import typer_verbs


def emulator() -> str:
    """Return the section."""
    verbs = typer_verbs(app)
    return "\n\n".join((verbs_table(verbs), flags_table(verbs)))


if __name__ == "__main__":
    write("emulator", emulator())
