"""
The sections of the pipeline in docs/reference.md.

    ci/.venv/bin/python -m tests.unit.ci.reference
"""

import inspect
from collections.abc import Iterator
from typing import Any

from dagger import Doc

from ci.errors import PipelineError
from ci.main import Ci
from ci.options import GROUP_OPTIONS
from tests.support.reference import Flag, Verb, flags_table, table, verbs_table, write
from tests.unit.ci.delivery_keys import delivery_keys
from tests.unit.ci.vulnerability_keys import vulnerability_keys

_COMMON = [("0", "Done."), ("1", "A bug of the pipeline.")]
_OTHERS = [
    ("2, 5, 7, 8, 9, 130", "Code of deploy or accessory: the tables below."),
    ("69", "`./daggerw`: this computer lacks a tool."),
]


def sections() -> dict[str, str]:
    """Return the sections by their names."""
    return {"pipeline": _pipeline(), "delivery": delivery_keys(), "vulnerabilities": vulnerability_keys()}


def _pipeline() -> str:
    verbs = [Verb(name.replace("_", "-"), _text(method), tuple(_flags(method))) for name, method in _functions()]
    shared = [_flag_name(name) for name in GROUP_OPTIONS]
    return "\n\n".join((verbs_table(verbs, shared), flags_table(verbs), _exit_codes()))


def _functions() -> Iterator[tuple[str, Any]]:
    for name, member in inspect.getmembers(Ci):
        if hasattr(member, "__dagger_function__"):
            yield name, member


def _text(method: Any) -> str:
    return (inspect.getdoc(method) or "").split("\n\n")[0].replace("\n", " ")


def _flags(method: Any) -> Iterator[Flag]:
    for parameter in list(inspect.signature(method).parameters.values())[1:]:
        doc = next(note for note in parameter.annotation.__metadata__ if isinstance(note, Doc))
        is_required = parameter.default is parameter.empty and parameter.name not in ("source", "tools", "credentials")
        default = "" if parameter.default in (parameter.empty, None, "", False) else str(parameter.default)
        text = f"{doc.documentation}{' (required)' if is_required else ''}"
        yield Flag(_flag_name(parameter.name), text, default)


def _flag_name(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _exit_codes() -> str:
    """Return the exit codes of the pipeline's own failures; a rollout ends with a code of deploy."""
    kinds = [kind for kind in PipelineError.__subclasses__() if "exit_code" in vars(kind)]
    own = [(str(kind.exit_code), _text(kind)) for kind in kinds]
    return table(("exit code", "meaning"), [*_COMMON, *sorted(own), *_OTHERS])


if __name__ == "__main__":
    for name, text in sections().items():
        write(name, text)
