"""environments/*.yaml and what overrides it: frozen settings; a wrong value is named with its path."""

import difflib
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    field_validator,
    model_validator,
)

from deploy.endpoints import EndpointOverride, endpoint_overrides
from deploy.errors import ConfigError
from deploy.registry.hosts import registry_of
from lib.credential_urls import token_host
from lib.environment_files import EnvironmentFileError, load, locate, shown
from lib.image_names import full_form

_LONGEST_S: Final = 86_400
# Above the size of any group; it keeps a mistyped number out of a write.
_MOST_INSTANCES: Final = 10_000
_FOLDER: Final = Path("environments")
_NAME: Final = r"^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$"
_HOST: Final = r"(\[[0-9a-fA-F:]+\]|[A-Za-z0-9._-]+)(:[0-9]+)?"
_Instances = Annotated[int, Field(strict=True, ge=0, le=_MOST_INSTANCES)]
_Bake = Annotated[float, Field(strict=True, ge=0, le=_LONGEST_S, allow_inf_nan=False)]
_Timeout = Annotated[float, Field(strict=True, ge=1, le=_LONGEST_S, allow_inf_nan=False)]
_Poll = Annotated[float, Field(strict=True, ge=0.01, le=3_600, allow_inf_nan=False)]
_ListedHost = Annotated[str, AfterValidator(token_host)]
_Url = Annotated[str, Field(pattern=rf"^https?://{_HOST}(/[\w./-]*)?$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RolloutSettings(_Strict):
    """How a rollout is done; see environments/dev.yaml."""

    method: Literal["SUBSTITUTE"] = "SUBSTITUTE"
    surge: _Instances = 1
    unavailable: _Instances = 0
    bake_s: _Bake = 30.0
    timeout_s: _Timeout | None = None
    poll_s: tuple[_Poll, _Poll] = (1.0, 5.0)

    @model_validator(mode="after")
    def _can_move(self) -> Self:
        if self.surge + self.unavailable == 0:
            raise ValueError("surge and unavailable are both 0, so no machine could ever be replaced")
        return self

    def budget_s(self, machines: int) -> float:
        """Return how long a rollout may take."""
        return self.timeout_s if self.timeout_s is not None else _serial_s(machines)

    def rollback_budget_s(self, machines: int) -> float:
        """Return how long the way back may take: as long as that lasts, however little the release was given."""
        return max(self.budget_s(machines), _serial_s(machines))


def _serial_s(machines: int) -> float:
    """Serial replacement takes about 150 s a machine."""
    return max(300.0, 120.0 + 150.0 * machines)


class Config(_Strict):
    """One environment."""

    project: Annotated[str, Field(pattern=r"^[a-z0-9][-a-z0-9.:]{0,62}$")]
    zone: Annotated[str, Field(pattern=_NAME)]
    group: Annotated[str, Field(pattern=_NAME)]
    repository: Annotated[str, Field(pattern=r"^[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9._-]+)+$")]
    compute_url: _Url = "https://compute.googleapis.com/compute/v1"
    resource_manager_url: Annotated[str, Field(pattern=rf"^https://{_HOST}(/[\w./-]*)?$")] = (
        "https://cloudresourcemanager.googleapis.com"
    )
    token_hosts: tuple[_ListedHost, ...] = ()
    allowed_secrets: dict[str, tuple[str, ...]] = {}
    registry_url: Annotated[str, Field(pattern=rf"^(https?://{_HOST}/?)?$")] = ""
    google_registries: tuple[_ListedHost, ...] = ()
    rollout: RolloutSettings = RolloutSettings()
    accessories: dict[str, Any] = {}  # read by accessory alone (accessory/config.py), which looks for wrong keys there
    _foreign_endpoints: tuple[EndpointOverride, ...] = PrivateAttr(default=())

    @property
    def endpoint_overrides(self) -> tuple[EndpointOverride, ...]:
        """Endpoints that are not the environment file's; `read` finds them."""
        return self._foreign_endpoints

    @field_validator("repository")
    @classmethod
    def _names_a_registry(cls, repository: str) -> str:
        if full_form(repository):
            raise ValueError(f"got '{repository}', which names no registry; its full form is '{full_form(repository)}'")
        return repository

    @property
    def registry(self) -> str:
        """Scheme and host of the registry that the digests are looked up in."""
        return self.registry_url or self.default_registry

    @property
    def default_registry(self) -> str:
        """Scheme and host of the registry where no `registry_url` is set."""
        return registry_of(self.repository.partition("/")[0])

    def with_timeout(self, timeout_s: float) -> "Config":
        """
        Return the same with another time until a rollout has failed.

        Raises:
            ConfigError: The time is outside 1..86400 s.
        """
        if not 1 <= timeout_s <= _LONGEST_S:
            raise ConfigError(f"--timeout: got '{timeout_s:g}'.", f"seconds, 1 to {_LONGEST_S}")
        return self.model_copy(update={"rollout": self.rollout.model_copy(update={"timeout_s": timeout_s})})


def read(environment: str, overrides: dict[str, str], folder: Path = _FOLDER) -> Config:
    """
    Read an environment.

    Args:
        environment: Name of a file there, without `.yaml`.
        overrides: Values of flags by key; empty ones do not override.
        folder: Where the files are.

    Raises:
        ConfigError: There is no such file, it cannot be read, or a key or value in it is wrong; with its path.
    """
    try:
        path = locate(environment, folder)
        data = load(path)
    except EnvironmentFileError as error:
        raise ConfigError(error.message, error.fix) from error
    in_use = data | {key: value for key, value in overrides.items() if value}
    try:
        config = Config.model_validate(in_use)
    except ValidationError as error:
        raise _named(path, error.errors()[0], overrides) from error
    compute_url = str(data.get("compute_url") or Config.model_fields["compute_url"].default)
    registry_url = str(data.get("registry_url") or config.default_registry)
    pairs = (("compute_url", config.compute_url, compute_url), ("registry_url", config.registry, registry_url))
    config._foreign_endpoints = endpoint_overrides(str(path), pairs)
    return config


def _named(path: Path, error: Any, overrides: dict[str, str]) -> ConfigError:
    """Return the first error of a file, with the path of its key and, for an unknown one, the nearest that is known."""
    *parents, key = (str(part) for part in error["loc"])
    where = ".".join((*parents, key))
    place = f"--{key.replace('_', '-')}" if overrides.get(key) and not parents else f"{path}: {where}"
    if error["type"] == "value_error":
        return ConfigError(f"{place}: {error['ctx']['error']}.", "see environments/dev.yaml")
    if error["type"] == "extra_forbidden":
        model = RolloutSettings if parents == ["rollout"] else Config
        near = difflib.get_close_matches(key, model.model_fields, n=1)
        known = f"did you mean '{near[0]}'" if near else f"one of: {', '.join(model.model_fields)}"
        return ConfigError(f"{path}: {where:.80}: unknown key.", known)
    if error["type"] == "missing":
        return ConfigError(f"{path}: {where}: missing.", "see environments/dev.yaml")
    return ConfigError(f"{place}: got {shown(error['input'])}: {error['msg']}.", "see environments/dev.yaml")
