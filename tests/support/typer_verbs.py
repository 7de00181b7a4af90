"""The verbs and flags of a program that is made with typer, for its section of docs/reference.md."""

from typing import Any

import typer

from tests.support.reference import Flag, Verb


def typer_verbs(app: typer.Typer) -> list[Verb]:
    """Return the verbs of a typer application, in the order of its help."""
    group: Any = typer.main.get_command(app)
    commands: dict[str, Any] = getattr(group, "commands", {group.name: group})
    return [
        Verb(name, command.help.split("\n\n")[0].replace("\n", " "), tuple(map(_flag, command.params)))
        for name, command in commands.items()
    ]


def _flag(parameter: Any) -> Flag:
    default = "" if parameter.default in (None, "", False) or callable(parameter.default) else str(parameter.default)
    text = f"{parameter.help or ''}{' (required)' if parameter.required else ''}"
    return Flag(parameter.opts[0], text, default, parameter.envvar or "")
