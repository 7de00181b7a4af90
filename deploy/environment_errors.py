"""Errors about keys and values of an environment's file, each with the path of its key and an allowed value: pure."""

import difflib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel

from deploy.config import Config
from deploy.errors import ConfigError
from deploy.rollout_settings import RolloutSettings
from deploy.step_settings import StepSettings
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
    models: dict[tuple[str, ...], type[BaseModel]] = {("rollout",): RolloutSettings, ("rollout", "steps"): StepSettings}
    model = models.get(tuple(names[:2] if len(names) > 2 else names[:-1]), Config)
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
    is_nested = names[0] == "rollout" and len(names) > 1
    name, model = (names[1], RolloutSettings) if is_nested else (names[0], Config)
    return f"{name}: {_EXAMPLES.get(name) or json.dumps(model.model_fields[name].default)}"
