"""
The sections of accessory in docs/reference.md.

    accessory/.venv/bin/python -m tests.unit.accessory.reference
"""

import inspect

from accessory.__main__ import app
from accessory.config import Accessory
from accessory.errors import AccessoryError
from tests.support.key_table import key_table
from tests.support.reference import flags_table, table, verbs_table, write
from tests.support.typer_verbs import typer_verbs


def sections() -> dict[str, str]:
    """Return the sections by their names."""
    verbs = typer_verbs(app)
    return {
        "accessory": "\n\n".join((verbs_table(verbs), flags_table(verbs), _exit_codes())),
        "accessories": key_table(Accessory),
    }


def _exit_codes() -> str:
    kinds: list[type[AccessoryError]] = [AccessoryError, *AccessoryError.__subclasses__()]
    own = {kind.exit_code: _first_line(kind) for kind in kinds}
    return table(("exit code", "meaning"), [("0", "Done."), *((str(code), own[code]) for code in sorted(own))])


def _first_line(kind: type[AccessoryError]) -> str:
    return "A bug of accessory." if kind is AccessoryError else (inspect.getdoc(kind) or "").split("\n\n")[0]


if __name__ == "__main__":
    for name, text in sections().items():
        write(name, text)
