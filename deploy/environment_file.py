"""Reads the settings of an environment from environments/NAME.yaml; an error names the path of its key."""

import difflib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from deploy.config import Config, RolloutSettings
from deploy.endpoints import endpoint_overrides
from deploy.errors import ConfigError
from lib.environment_files import EnvironmentFileError, load, locate, shown

_FOLDER: Final = Path("environments")
# Values that errors print; of every other key they print the default.
_EXAMPLES: Final = {
    "project": "my-project",
    "zone": "europe-west1-b",
    "group": "web",
    "repository": "europe-west1-docker.pkg.dev/my-project/images/web",
    "compute_url": "https://compute.googleapis.com/compute/v1",
    "registry_url": "https://registry.example.com",
    "rollout": "{surge: 1, unavailable: 0}",
}


def read_config(environment: str, flags: dict[str, str], folder: Path = _FOLDER) -> Config:
    """
    Read the settings of an environment.

    Args:
        environment: name of a file in the folder, without `.yaml`.
        flags: values of flags by key, which override the file; an empty value does not.
        folder: folder of the environment files.

    Raises:
        ConfigError: the file is absent or can't be read, or a key or value in it is wrong.
    """
    if not any(folder.glob("*.yaml")):
        keys = ", ".join(key for key, field in Config.model_fields.items() if field.is_required())
        fix = f"write '{folder / 'NAME.yaml'}' with the keys {keys} and pass --env NAME, or pass --settings FOLDER"
        raise ConfigError(f"--settings: '{folder}' has no environment file.", fix)
    try:
        path = locate(environment, folder)
        document = load(path)
    except EnvironmentFileError as error:
        raise ConfigError(error.message, error.fix) from error
    values = document | {key: value for key, value in flags.items() if value}
    try:
        config = Config.model_validate(values)
    except ValidationError as error:
        raise _config_error(path, error.errors(), flags) from error
    compute_url = str(document.get("compute_url") or Config.model_fields["compute_url"].default)
    registry_url = str(document.get("registry_url") or config.default_registry)
    pairs = (("compute_url", config.compute_url, compute_url), ("registry_url", config.registry, registry_url))
    return config.with_endpoint_overrides(endpoint_overrides(str(path), pairs))


def _config_error(path: Path, errors: Sequence[Any], flags: dict[str, str]) -> ConfigError:
    """Return the error of an unknown key, or else of all missing keys, or else of the first wrong value."""
    of_kind = {kind: [error for error in errors if error["type"] == kind] for kind in ("extra_forbidden", "missing")}
    if of_kind["extra_forbidden"]:
        return _unknown_key(path, [str(part) for part in of_kind["extra_forbidden"][0]["loc"]])
    if of_kind["missing"]:
        missing = [error["loc"] for error in of_kind["missing"]]
        names = ", ".join(".".join(map(str, location)) for location in missing)
        fix = f"add {'it' if len(missing) == 1 else 'each'}, such as '{_example(missing[0])}'"
        return ConfigError(f"{path}: {names}: missing.", fix)
    error = errors[0]
    name, *others = (str(part) for part in error["loc"])
    is_flag = bool(flags.get(name)) and not others
    place = f"--{name.replace('_', '-')}" if is_flag else f"{path}: {'.'.join((name, *others))}"
    example = _example(error["loc"])
    fix = f"such as '{example.partition(': ')[2] if is_flag else example}'"
    if error["type"] == "value_error":
        return ConfigError(f"{place}: {error['ctx']['error']}.", fix)
    return ConfigError(f"{place}: got {shown(error['input'])}: {error['msg']}.", fix)


def _unknown_key(path: Path, names: list[str]) -> ConfigError:
    """Return the error of an unknown key, with the most similar known one."""
    model = RolloutSettings if names[:-1] == ["rollout"] else Config
    similar = difflib.get_close_matches(names[-1], model.model_fields, n=1)
    fix = f"did you mean '{similar[0]}'" if similar else f"one of: {', '.join(model.model_fields)}"
    return ConfigError(f"{path}: {'.'.join(names):.80}: unknown key.", fix)


def _example(location: Sequence[str | int]) -> str:
    """Return a line of an environment file, with an allowed value of the key at a location."""
    names = [part for part in location if isinstance(part, str)]
    is_nested = names[0] == "rollout" and len(names) > 1
    name, model = (names[1], RolloutSettings) if is_nested else (names[0], Config)
    return f"{name}: {_EXAMPLES.get(name) or json.dumps(model.model_fields[name].default)}"
