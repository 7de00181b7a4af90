"""Reads and writes the settings of an environment, environments/NAME.yaml; an error names the path of its key."""

import re
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from deploy.config import Config
from deploy.endpoints import endpoint_overrides
from deploy.environment_errors import config_error
from deploy.errors import ConfigError
from lib.environment_files import EnvironmentFileError, load, locate, shown
from lib.whole_files import write_whole

_FOLDER: Final = Path("environments")
_LOCATIONS: Final = {"zone", "region"}
_MODE: Final = 0o644  # the file holds no secret


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
        file = f"'{folder / 'NAME.yaml'}' with the keys {keys} and zone or region"
        fix = f"write {file}, and pass --env NAME; or pass --settings FOLDER"
        raise ConfigError(f"--settings: '{folder}' has no environment file.", fix)
    try:
        path = locate(environment, folder)
        document = load(path)
    except EnvironmentFileError as error:
        raise ConfigError(error.message, error.fix) from error
    config = _validated(path, document, flags)
    compute_url = str(document.get("compute_url") or Config.model_fields["compute_url"].default)
    registry_url = str(document.get("registry_url") or config.default_registry)
    pairs = (("compute_url", config.compute_url, compute_url), ("registry_url", config.registry, registry_url))
    return config.with_endpoint_overrides(endpoint_overrides(str(path), pairs))


def new_file(environment: str, folder: Path = _FOLDER, *, may_exist: bool) -> Path:
    """
    Return the path of an environment's file that is to be written.

    Args:
        environment: name of the file, without `.yaml`.
        folder: folder of the environment files.
        may_exist: whether the file may exist, and be replaced.

    Raises:
        ConfigError: the file exists, or the name is not the name of a file in the folder.
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,62}", environment):
        raise ConfigError(f"--env: got {shown(environment)}.", "use lower-case letters, digits, '-' and '_'")
    path = folder / f"{environment}.yaml"
    if path.exists() and not may_exist:
        raise ConfigError(f"{path}: exists already.", "name another environment by --env, or add --overwrite")
    return path


def config_of_flags(path: Path, values: dict[str, str]) -> Config:
    """
    Return the settings of an environment that has no file yet.

    Args:
        path: path of the file that will have them.
        values: values of flags by key.

    Raises:
        ConfigError: a flag is missing, or its value is wrong.
    """
    missing = [f"--{key}" for key, field in Config.model_fields.items() if field.is_required() and not values.get(key)]
    missing += [] if any(values.get(key) for key in _LOCATIONS) else ["--zone or --region"]
    if missing:
        fix = "pass --project PROJECT, --zone ZONE or --region REGION, and --group GROUP"
        raise ConfigError(f"{', '.join(missing)}: missing.", fix)
    return _validated(path, {}, values)


def write_text(path: Path, text: str) -> None:
    """
    Write an environment's file; another process reads the whole file, the file before, or none.

    Raises:
        ConfigError: the file can't be written.
    """
    try:
        write_whole(path, text, _MODE)
    except OSError as error:
        raise ConfigError(
            f"{path}: cannot be written: {error.strerror}.", "correct the folder's permissions"
        ) from error


def _validated(path: Path, document: dict[str, Any], flags: dict[str, str]) -> Config:
    """Return the settings of a document, in which the flags override the values of the same key."""
    try:
        return Config.model_validate(_with_flags(document, {key: value for key, value in flags.items() if value}))
    except ValidationError as error:
        raise config_error(path, error.errors(), flags) from error


def _with_flags(document: dict[str, Any], flags: dict[str, str]) -> dict[str, Any]:
    """Return the values of a file with those of flags; a flag for a zone or region replaces the file's location."""
    if flags.keys() >= _LOCATIONS:
        raise ConfigError("--zone and --region: a group is in one of them.", "pass one flag")
    replaced = _LOCATIONS if flags.keys() & _LOCATIONS else set()
    return {key: value for key, value in document.items() if key not in replaced} | flags
