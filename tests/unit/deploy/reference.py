"""
The sections of deploy in docs/reference.md.

    deploy/.venv/bin/python -m tests.unit.deploy.reference
"""

import inspect
import re
from dataclasses import fields

import typer

from deploy.config import Config
from deploy.errors import ExitCode
from deploy.options import Options, with_options
from deploy.verbs import DEFAULTS, VERBS
from tests.support.key_table import key_table
from tests.support.reference import flags_table, table, verbs_table, write
from tests.support.typer_verbs import typer_verbs


def sections() -> dict[str, str]:
    """Return the sections by their names."""
    app = typer.Typer()
    for name, verb in VERBS.items():
        app.command(name)(with_options(verb, _never_called, DEFAULTS.get(name, {})))
    verbs = typer_verbs(app)
    shared = [f"--{option.name.replace('_', '-')}" for option in fields(Options)]
    parts = (verbs_table(verbs, shared), flags_table(verbs), _exit_codes())
    return {"deploy": "\n\n".join(parts), "environment": key_table(Config)}


def _never_called(options: Options) -> None:
    raise AssertionError(options)


def _exit_codes() -> str:
    """Return the exit codes with the comments behind them."""
    meanings = re.findall(r"= (\d+)  # (.+)", inspect.getsource(ExitCode))
    assert [int(code) for code, _ in meanings] == [code.value for code in ExitCode]
    return table(("exit code", "meaning"), meanings)


if __name__ == "__main__":
    for name, text in sections().items():
        write(name, text)
