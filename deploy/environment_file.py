"""Reads the settings of an environment from environments/NAME.yaml; an error names the path of its key."""

from pathlib import Path
from typing import Final

from pydantic import ValidationError

from deploy.config import Config
from deploy.endpoints import endpoint_overrides
from deploy.environment_errors import config_error
from deploy.errors import ConfigError
from lib.environment_files import EnvironmentFileError, load, locate

_FOLDER: Final = Path("environments")


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
        raise config_error(path, error.errors(), flags) from error
    compute_url = str(document.get("compute_url") or Config.model_fields["compute_url"].default)
    registry_url = str(document.get("registry_url") or config.default_registry)
    pairs = (("compute_url", config.compute_url, compute_url), ("registry_url", config.registry, registry_url))
    return config.with_endpoint_overrides(endpoint_overrides(str(path), pairs))
