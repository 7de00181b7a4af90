"""environments/*.yaml and what overrides it: frozen settings; a wrong value is named with its path."""

import difflib
from pathlib import Path
from typing import Annotated, Any, Final, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from deploy.errors import ConfigError

_LONGEST_S: Final = 86_400
_FOLDER: Final = Path("environments")
_NAME: Final = r"^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$"
Seconds = Annotated[float, Field(ge=0)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Rollout(_Strict):
    """How a rollout is done; see environments/dev.yaml."""

    surge: Annotated[int, Field(ge=0)] = 1
    unavailable: Annotated[int, Field(ge=0)] = 0
    bake_s: Seconds = 30.0
    timeout_s: Annotated[float, Field(gt=0)] | None = None
    poll_s: tuple[Annotated[float, Field(gt=0)], Annotated[float, Field(gt=0)]] = (1.0, 5.0)

    @model_validator(mode="after")
    def _can_move(self) -> Self:
        if self.surge + self.unavailable == 0:
            raise ValueError("surge and unavailable are both 0, so no machine could ever be replaced")
        return self

    def budget_s(self, machines: int) -> float:
        """Return how long a rollout may take."""
        return self.timeout_s if self.timeout_s is not None else _serial_s(machines)

    def way_back_s(self, machines: int) -> float:
        """Return how long the way back may take: as long as that lasts, however little the release was given."""
        return max(self.budget_s(machines), _serial_s(machines))


def _serial_s(machines: int) -> float:
    """Serial replacement takes about 150 s a machine."""
    return max(300.0, 120.0 + 150.0 * machines)


class Config(_Strict):
    """One environment."""

    project: Annotated[str, Field(min_length=1)]
    zone: Annotated[str, Field(pattern=_NAME)]
    group: Annotated[str, Field(pattern=_NAME)]
    repository: Annotated[str, Field(pattern=r"^[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9._-]+)+$")]
    compute_url: Annotated[str, Field(pattern=r"^https?://")] = "https://compute.googleapis.com/compute/v1"
    resource_manager_url: Annotated[str, Field(pattern=r"^https?://")] = "https://cloudresourcemanager.googleapis.com"
    token_hosts: tuple[str, ...] = ()
    registry_url: Annotated[str, Field(pattern=r"^(https?://[^/]+/?)?$")] = ""
    rollout: Rollout = Rollout()
    accessories: dict[str, Any] = {}  # read by accessory alone (accessory/config.py), which looks for wrong keys there

    @property
    def registry(self) -> str:
        """Scheme and host of the registry that the digests are looked up in."""
        return self.registry_url or f"https://{self.repository.partition('/')[0]}"

    def within(self, timeout_s: float) -> "Config":
        """
        Return the same with another time until a rollout has failed.

        Raises:
            ConfigError: It is none.
        """
        if not 0 < timeout_s <= _LONGEST_S:
            raise ConfigError(f"--timeout: got '{timeout_s:g}'.", f"seconds, more than 0 and at most {_LONGEST_S}")
        return self.model_copy(update={"rollout": self.rollout.model_copy(update={"timeout_s": timeout_s})})


def read(environment: str, overrides: dict[str, str], folder: Path = _FOLDER) -> Config:
    """
    Read an environment.

    Args:
        environment: Name of a file there, without `.yaml`.
        overrides: Values of flags by key; empty ones do not override.
        folder: Where the files are.

    Raises:
        ConfigError: No such file, no YAML, an unknown key or a value that can't be; with its path.
    """
    path = folder / f"{environment}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in folder.glob("*.yaml"))) or "none"
        raise ConfigError(f"--env: got '{environment}', and there is no {path}.", f"one of: {known}")
    try:
        data = yaml.safe_load(path.read_text())
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: {error}") from error
    if not isinstance(data, dict):
        raise ConfigError(f"{path}: got {type(data).__name__}, must be keys with values.", "see environments/dev.yaml")
    data |= {key: value for key, value in overrides.items() if value}
    try:
        return Config.model_validate(data)
    except ValidationError as error:
        raise _named(path, error.errors()[0], overrides) from error


def _named(path: Path, error: Any, overrides: dict[str, str]) -> ConfigError:
    """Return the first error of a file, with the path of its key and, for an unknown one, the nearest that is known."""
    if error["type"] == "value_error":
        return ConfigError(f"{path}: {error['loc'][0]}: {error['ctx']['error']}.", "see environments/dev.yaml")
    *parents, key = (str(part) for part in error["loc"])
    if overrides.get(key) and not parents:
        flag = f"--{key.replace('_', '-')}"
        return ConfigError(f"{flag}: got '{error['input']}': {error['msg']}.", "see environments/dev.yaml")
    where = ".".join((*parents, key))
    if error["type"] == "extra_forbidden":
        model = Rollout if parents == ["rollout"] else Config
        near = difflib.get_close_matches(key, model.model_fields, n=1)
        known = f"did you mean '{near[0]}'" if near else f"one of: {', '.join(model.model_fields)}"
        return ConfigError(f"{path}: {where}: unknown key.", known)
    if error["type"] == "missing":
        return ConfigError(f"{path}: {where}: missing.", "see environments/dev.yaml")
    return ConfigError(f"{path}: {where}: got '{error['input']}': {error['msg']}.", "see environments/dev.yaml")
