"""What every verb takes after its name, written once."""

import inspect
import os
import shlex
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, Final, get_type_hints

import typer

from deploy.report.formats import Format

_VARIABLE: Final = {"credentials": "GOOGLE_APPLICATION_CREDENTIALS", "registry_credentials": "REGISTRY_CREDENTIALS"}
_Override = Annotated[str, typer.Option(help="overrides the environment file")]


@dataclass(frozen=True)
class Settings:
    """Options of every verb; a field is an option."""

    env: Annotated[str, typer.Option(help="environments/ENV.yaml")] = "local"
    shape: Annotated[Format, typer.Option("--format", help="text, json or markdown")] = "text"
    credentials: Annotated[Path | None, typer.Option(envvar=_VARIABLE["credentials"], help="credential file")] = None
    registry_credentials: Annotated[
        Path | None,
        typer.Option(
            envvar=_VARIABLE["registry_credentials"], help="logins of registries, as 'docker login' writes them"
        ),
    ] = None
    compute_url: Annotated[
        str, typer.Option(envvar="COMPUTE_URL", help="another Compute endpoint, such as the emulator's")
    ] = ""
    registry_url: _Override = ""
    project: _Override = ""
    zone: _Override = ""
    group: _Override = ""
    repository: _Override = ""

    def overrides(self) -> dict[str, str]:
        """Return what overrides the environment file, by its key; empty values do not."""
        keys = ("compute_url", "registry_url", "project", "zone", "group", "repository")
        return {key: value for key in keys if (value := getattr(self, key))}

    def flags(self) -> list[str]:
        """Return the flags of a command on the same group; a value that came by COMPUTE_URL becomes a flag."""
        values = self.overrides()
        for key, variable in _VARIABLE.items():
            file = str(getattr(self, key) or "")
            if file not in ("", os.environ.get(variable)):
                values[key] = file
        return [part for key, value in values.items() for part in (f"--{key.replace('_', '-')}", shlex.quote(value))]


def with_settings(verb: Callable[..., None], call: Callable[..., None]) -> Callable[..., None]:
    """
    Return a function with a verb's options and those of Settings, for typer to read.

    Args:
        verb: Its parameters but the first are the verb's own options.
        call: Called with the Settings and the verb's own options.
    """
    _, *own = inspect.signature(verb).parameters.values()
    hints = get_type_hints(Settings, include_extras=True)
    keyword = inspect.Parameter.KEYWORD_ONLY
    shared = [
        inspect.Parameter(one.name, keyword, default=one.default, annotation=hints[one.name])
        for one in fields(Settings)
    ]

    def command(**values: Any) -> None:
        call(Settings(**{one.name: values.pop(one.name) for one in shared}), **values)

    parameters = [*(one.replace(kind=keyword) for one in own), *shared]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {one.name: one.annotation for one in parameters}
    command.__doc__ = verb.__doc__
    return command
