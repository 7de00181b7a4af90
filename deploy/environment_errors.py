"""Errors about keys and values of an environment's file, each with the path of its key and an allowed value: pure."""

import difflib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, get_args

from pydantic import BaseModel

from deploy.config import Config
from deploy.errors import ConfigError
from lib.environment_files import shown

# Values that errors print; of every other key they print the default.
_EXAMPLES: Final = {
    "project": "my-project",
    "zone": "europe-west1-b",
    "region": "europe-west1",
    "group": "web",
    "repository": "europe-west1-docker.pkg.dev/my-project/images/web",
    "compute_url": "https://compute.googleapis.com/compute/v1",
    "registry_url": "https://registry.example.com",
    "rollout": "{surge: 1, unavailable: 0}",
    "other_services": "{9100: node-exporter}",
    "analysis": "{prometheus: 'https://prometheus.example.com', checks: [{name: errors, query: …, at_most: 0.01}]}",
    "prometheus": "https://monitoring.googleapis.com/v1/projects/my-project/location/global/prometheus",
    "checks": "[{name: errors, query: …, at_most: 0.01}]",
    "name": "errors",
    "query": """'sum(rate(http_requests_total{status=~"5..",instance=~"$instances"}[2m]))'""",
    "at_most": "0.01",
    "compared_with": "previous",
    "factor": "1.2",
    "steps": "[{instances: 1, bake_s: 120}, {percent: 50}, {pause: true}]",
}


def config_error(path: Path, errors: Sequence[Any], flags: Mapping[str, str]) -> ConfigError:
    """
    Return the error of an unknown key, or else of all missing keys, or else of the first wrong value.

    Args:
        path: path of the file.
        errors: errors of pydantic, at least one.
        flags: values of flags by key, which override the file.
    """
    unknown = [error["loc"] for error in errors if error["type"] == "extra_forbidden"]
    if unknown:
        return _unknown_key(path, [str(part) for part in unknown[0]])
    missing = [error["loc"] for error in errors if error["type"] == "missing"]
    if missing:
        names = ", ".join(".".join(map(str, location)) for location in missing)
        fix = f"add {'it' if len(missing) == 1 else 'each'}, such as '{_example(missing[0])}'"
        return ConfigError(f"{path}: {names}: missing.", fix)
    return _wrong_value(path, errors[0], flags)


def _unknown_key(path: Path, names: list[str]) -> ConfigError:
    """Return the error of an unknown key, with the most similar known one."""
    model = _model_at([name for name in names[:-1] if not name.isdigit()])
    similar = difflib.get_close_matches(names[-1], model.model_fields, n=1)
    fix = f"did you mean '{similar[0]}'" if similar else f"one of: {', '.join(model.model_fields)}"
    return ConfigError(f"{path}: {'.'.join(names):.80}: unknown key.", fix)


def _wrong_value(path: Path, error: Any, flags: Mapping[str, str]) -> ConfigError:
    """Return the error of a value, from a flag or from the file, or of values that do not fit together."""
    if not error["loc"]:
        return ConfigError(f"{path}: {error['ctx']['error']}.", "correct the file")
    names = [str(part) for part in error["loc"]]
    example = _example(error["loc"])
    place, fix = f"{path}: {'.'.join(names)}", f"such as '{example}'"
    if len(names) == 1 and flags.get(names[0]):
        place, fix = f"--{names[0].replace('_', '-')}", f"such as '{example.partition(': ')[2]}'"
    text = (
        f"{error['ctx']['error']}" if error["type"] == "value_error" else f"got {shown(error['input'])}: {error['msg']}"
    )
    return ConfigError(f"{place}: {text}.", fix)


def _example(location: Sequence[str | int]) -> str:
    """Return a line of an environment file, with an allowed value of the key at a location."""
    names = [part for part in location if isinstance(part, str)]
    model: type[BaseModel] = Config
    line = ""
    for name in names:
        field = model.model_fields[name]
        value = _EXAMPLES.get(name) or json.dumps(field.default)
        line = f"{name}: {value}" if value != "null" else line
        inner = _models_in(field.annotation)
        if not inner:  # a member of a value that is no model has no line of its own
            break
        model = inner[0]
    return line


def _model_at(names: Sequence[str]) -> type[BaseModel]:
    """Return the model of the keys below a key; `Config` for those of the file."""
    model: type[BaseModel] = Config
    for name in names:
        model = _models_in(model.model_fields[name].annotation)[0]
    return model


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    """Return the models in the type of a key, such as in `Model | None` and in `tuple[Model, ...]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models_in(part)]
