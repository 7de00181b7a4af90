"""The options of every verb and the environment variables of the caller: parsed once, into frozen values."""

import inspect
import re
import secrets
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Annotated, Any, Final, get_type_hints

import typer

from deploy.report.formats import Format

_FILE_VARIABLES: Final = {
    "credentials": "GOOGLE_APPLICATION_CREDENTIALS",
    "registry_credentials": "REGISTRY_CREDENTIALS",
    "prometheus_token": "PROMETHEUS_TOKEN_FILE",
}
_OVERRIDES: Final = ("compute_url", "registry_url", "project", "zone", "region", "group", "repository")
_SETTINGS: Final = Path("environments")
# What stands for a command in the text of an error: a verb in backticks, with its own options.
_VERB: Final = re.compile(
    r"`(plan|deploy|promote|abort|rollback|reconcile|report|status|history|prune|doctor|init)( [^`]+)?`"
)
# An option of verbs that wait for a rollout.
Timeout = Annotated[float | None, typer.Option(help="seconds until the rollout, or a step of it, has failed")]
_Override = Annotated[str, typer.Option(help="overrides the environment file")]


@dataclass(frozen=True)
class Options:
    """Options of every verb; each field is an option of that name."""

    env: Annotated[str, typer.Option(help="name of the environment: SETTINGS/ENV.yaml has its settings")] = "local"
    settings: Annotated[Path, typer.Option(help="folder of the environment files")] = _SETTINGS
    format: Annotated[Format, typer.Option(help="text, json or markdown")] = "text"
    long: Annotated[bool, typer.Option("--long", help="text with full names, phases and instances")] = False
    credentials: Annotated[Path | None, typer.Option(envvar=_FILE_VARIABLES["credentials"], help="credential file")] = (
        None
    )
    registry_credentials: Annotated[
        Path | None,
        typer.Option(
            envvar=_FILE_VARIABLES["registry_credentials"], help="logins of registries, as 'docker login' writes them"
        ),
    ] = None
    prometheus_token: Annotated[
        Path | None,
        typer.Option(
            envvar=_FILE_VARIABLES["prometheus_token"],
            help="file with the bearer token of the Prometheus server that is not Google's",
        ),
    ] = None
    compute_url: Annotated[
        str, typer.Option(envvar="COMPUTE_URL", help="another Compute endpoint, such as the emulator's")
    ] = ""
    registry_url: _Override = ""
    project: _Override = ""
    zone: _Override = ""
    region: _Override = ""
    group: _Override = ""
    repository: _Override = ""

    def overrides(self) -> dict[str, str]:
        """Return the options that override the environment file, by their keys; empty ones are left out."""
        return {key: value for key in _OVERRIDES if (value := getattr(self, key))}


@dataclass(frozen=True, kw_only=True)
class Variables:
    """
    Environment variables that no option reads.

    Args:
        run: id of the run: GITHUB_RUN_ID, or a random one.
        command: DEPLOY_COMMAND, or else the command that started this process; what a person types before a verb.
        arguments: DEPLOY_ARGUMENTS, what a person types after a verb; None if the variable is not set.
        results: DEPLOY_RESULTS, folder of the results of runs; None if the variable is not set.
        files: variables of credential files that are set, by their options.
    """

    run: str
    command: str
    arguments: tuple[str, ...] | None
    results: Path | None
    files: Mapping[str, str]


def read_variables(environ: Mapping[str, str], command: str) -> Variables:
    """
    Return the variables of an environment.

    Args:
        environ: environment variables.
        command: command that started this process, without the verb and its options.
    """
    arguments, results = environ.get("DEPLOY_ARGUMENTS"), environ.get("DEPLOY_RESULTS")
    return Variables(
        run=environ.get("GITHUB_RUN_ID") or secrets.token_hex(4),
        command=environ.get("DEPLOY_COMMAND") or command,
        arguments=None if arguments is None else tuple(arguments.split()),
        results=Path(results) if results else None,
        files={option: environ[name] for option, name in _FILE_VARIABLES.items() if name in environ},
    )


@dataclass(frozen=True)
class Invocation:
    """
    One call of a verb.

    Args:
        verb: name of the verb.
        options: options of every verb.
        variables: environment variables that no option reads.
    """

    verb: str
    options: Options
    variables: Variables

    def command(self, verb: str, *arguments: str) -> str:
        """Return the command line of another verb on the same group, quoted for a shell."""
        typed = self.variables.arguments
        flags = self._flags() if typed is None else typed  # DEPLOY_ARGUMENTS is quoted by its writer
        own = (shlex.quote(part) for part in arguments)
        return " ".join((self.variables.command, verb, "--env", shlex.quote(self.options.env), *flags, *own))

    def with_commands(self, text: str) -> str:
        """Return a text in which each verb in backticks, such as in "run `reconcile`", is a whole command line."""
        return _VERB.sub(lambda match: f"`{self.command(match[1])}{match[2] or ''}`", text)

    def command_without_overrides(self, verb: str, *arguments: str) -> str:
        """Return the command line of another verb on the environment whose file has all values of this call."""
        empty: dict[str, Any] = dict.fromkeys(self.options.overrides(), "")
        return replace(self, options=replace(self.options, **empty)).command(verb, *arguments)

    def _flags(self) -> list[str]:
        """Return the flags of a command on the same group; a value that came by COMPUTE_URL becomes a flag."""
        values = {} if self.options.settings == _SETTINGS else {"settings": str(self.options.settings)}
        values |= self.options.overrides()
        for option in _FILE_VARIABLES:
            file = str(getattr(self.options, option) or "")
            if file not in ("", self.variables.files.get(option)):
                values[option] = file
        return [part for key, value in values.items() for part in (f"--{key.replace('_', '-')}", shlex.quote(value))]


def with_options(
    verb: Callable[..., None], call: Callable[..., None], defaults: Mapping[str, str]
) -> Callable[..., None]:
    """
    Return a function with a verb's own options and those of every verb, for typer to read.

    Args:
        verb: function whose parameters but the first are the verb's own options.
        call: function that is called with the Options and the verb's own options.
        defaults: defaults of this verb for options of every verb.
    """
    _, *own = inspect.signature(verb).parameters.values()
    hints = get_type_hints(Options, include_extras=True)
    keyword = inspect.Parameter.KEYWORD_ONLY
    shared = [
        inspect.Parameter(
            option.name, keyword, default=defaults.get(option.name, option.default), annotation=hints[option.name]
        )
        for option in fields(Options)
    ]

    def command(**values: Any) -> None:
        call(Options(**{option.name: values.pop(option.name) for option in shared}), **values)

    parameters = [*(parameter.replace(kind=keyword) for parameter in own), *shared]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    command.__doc__ = verb.__doc__
    return command
