"""
The sections of the emulator in docs/reference.md.

    emulator/.venv/bin/python -m tests.unit.emulator.reference
"""

from emulator.__main__ import app
from emulator.seed import ORDER, REGIONAL, Seed
from emulator.seed_check import message_of
from tests.support.key_table import key_table
from tests.support.reference import flags_table, table, verbs_table, write
from tests.support.typer_verbs import typer_verbs


def sections() -> dict[str, str]:
    """Return the sections by their names."""
    verbs = typer_verbs(app)
    return {
        "emulator": "\n\n".join((verbs_table(verbs), flags_table(verbs))),
        "seed": "\n\n".join((key_table(Seed), _collections())),
    }


def _collections() -> str:
    """Return the collections of `resources` in the order in which their resources are created."""
    rows = [(f"`resources.{name}`", message_of(name), "yes" if name in REGIONAL else "") for name in ORDER]
    return table(("collection", "bodies, by the message of Compute v1", "takes `region`"), rows)


if __name__ == "__main__":
    for name, text in sections().items():
        write(name, text)
