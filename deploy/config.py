"""The settings of an environment: frozen values, each checked."""

import re
from typing import Annotated, Any, Final, Literal, Self, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    PrivateAttr,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from deploy.documents.instance_count import InstanceCount
from deploy.documents.location import Location
from deploy.endpoints import EndpointOverride
from deploy.errors import ConfigError
from deploy.release.registry_names import registry_url_of
from lib.credential_urls import token_host
from lib.environment_files import shown
from lib.image_reference import full_form

_LONGEST_S: Final = 86_400
# Above the size of any group; a mistyped number never reaches a PATCH.
_MOST_INSTANCES: Final = 10_000
_NAME: Final = r"^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$"
_PERCENTAGE: Final = re.compile(r"([0-9]|[1-9][0-9]|100)%")
_HOST: Final = r"(\[[0-9a-fA-F:]+\]|[A-Za-z0-9._-]+)(:[0-9]+)?"


def _instance_count(value: Any) -> int | str:
    """Return a number of instances, or a percentage as text, as the file has it; any other value is an error."""
    is_number = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST_INSTANCES
    if is_number or (isinstance(value, str) and _PERCENTAGE.fullmatch(value)):
        return cast("int | str", value)
    raise ValueError(
        f"got {shown(value)}; it is a number of instances from 0 to {_MOST_INSTANCES}, or a percentage of the target"
        " size such as '20%'"
    )


# The forms that `_instance_count` accepts, for docs/reference.md.
_COUNT_SCHEMA: Final = {
    "anyOf": [
        {"type": "integer", "minimum": 0, "maximum": _MOST_INSTANCES},
        {"type": "string", "format": "percentage", "pattern": f"^({_PERCENTAGE.pattern})$"},
    ]
}
_Instances = Annotated[int | str, PlainValidator(_instance_count), WithJsonSchema(_COUNT_SCHEMA)]
_Bake = Annotated[float, Field(strict=True, ge=0, le=_LONGEST_S, allow_inf_nan=False)]
_Timeout = Annotated[float, Field(strict=True, ge=1, le=_LONGEST_S, allow_inf_nan=False)]
_Poll = Annotated[float, Field(strict=True, ge=0.01, le=3_600, allow_inf_nan=False)]
_ListedHost = Annotated[str, AfterValidator(token_host)]
# Source: compute_v1.Items, "Regexp: [a-zA-Z0-9-_]+. Keys must be less than 128 bytes in length".
_MetadataKey = Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]{1,127}$")]
_Port = Annotated[int, Field(strict=True, ge=1, le=65_535)]
_ServiceName = Annotated[str, Field(pattern=r"^[\w.-]{1,63}$")]
_Url = Annotated[str, Field(pattern=rf"^https?://{_HOST}(/[\w./-]*)?$")]


class _Strict(BaseModel):
    # The text below a key is its meaning in docs/reference.md.
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class RolloutSettings(_Strict):
    """How a rollout replaces instances, and how long it may take; environments/dev.yaml explains each key."""

    method: Literal["SUBSTITUTE", "RECREATE"] = "SUBSTITUTE"
    """SUBSTITUTE: a new instance has a new name; RECREATE: it keeps the old name, and capacity falls meanwhile"""
    surge: _Instances | None = None
    """instances above the target size, or a percentage such as 20%; default: one in each zone, 0 by RECREATE"""
    unavailable: _Instances = 0
    """instances below the target size, or a percentage; RECREATE needs at least 1"""
    bake_s: _Bake = 30.0
    """seconds that success must last"""
    timeout_s: _Timeout | None = None
    """seconds until a rollout has failed; default: 120, and 240 more for each instance"""
    poll_s: tuple[_Poll, _Poll] = (1.0, 5.0)
    """seconds between two polls: while the group changes, and at most; its end is polled up to twice as often"""

    @model_validator(mode="after")
    def _replaces_instances(self) -> Self:
        surge, unavailable = self.surge_in(1), self.unavailable_count
        if self.method == "RECREATE":
            if surge.number:
                raise ValueError(
                    f"surge is {surge}, and method RECREATE keeps the names of instances, which leaves no name for"
                    " an instance above the target size: set surge 0, or leave surge out"
                )
            if not unavailable.number:
                raise ValueError(
                    "method RECREATE deletes an instance before it creates the new one: set unavailable to the number"
                    " of instances by which capacity may fall, at least 1, and in a regional group one for each zone"
                )
        if surge.number + unavailable.number == 0:
            raise ValueError("surge and unavailable are both 0, so no instance could ever be replaced")
        return self

    def surge_in(self, zones: int) -> InstanceCount:
        """
        Return the instances above the target size: without a setting, one in each zone of the group, or 0 by RECREATE.

        Args:
            zones: number of the group's zones.
        """
        if self.surge is not None:
            return InstanceCount.parse(self.surge)
        return InstanceCount(max(zones, 1) if self.method == "SUBSTITUTE" else 0)

    @property
    def unavailable_count(self) -> InstanceCount:
        """Instances below the target size that may be missing during a rollout."""
        return InstanceCount.parse(self.unavailable)

    def budget_s(self, instances: int) -> float:
        """Return the seconds that a rollout of a number of instances may take."""
        return self.timeout_s if self.timeout_s is not None else _serial_replacement_s(instances)

    def rollback_budget_s(self, instances: int) -> float:
        """Return the seconds that an automatic rollback may take, which a short timeout of the rollout never cuts."""
        return max(self.budget_s(instances), _serial_replacement_s(instances))


def _serial_replacement_s(instances: int) -> float:
    """
    Return the seconds that replacing one instance after another takes: 120, and 240 for each instance.

    A new instance is healthy after up to 150 s. The old one is deleted within 90 s, and no public source says that the
    next instance is created before that end. Source: public reports, read on 2026-11-23; see test_time_budget.py.
    """
    return max(300.0, 120.0 + 240.0 * instances)


class Config(_Strict):
    """The settings of one environment."""

    project: Annotated[str, Field(pattern=r"^[a-z0-9][-a-z0-9.:]{0,62}$")]
    """Google Cloud project"""
    zone: Annotated[str, Field(pattern=_NAME)] | None = None
    """zone of a zonal group"""
    region: Annotated[str, Field(pattern=_NAME)] | None = None
    """region of a regional group, in place of `zone`"""
    group: Annotated[str, Field(pattern=_NAME)]
    """managed instance group"""
    repository: Annotated[str, Field(pattern=r"^[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9._-]+)+$")]
    """image whose reference a deploy replaces: HOST/PATH, without tag and digest"""
    image_in: tuple[_MetadataKey, ...] = ()
    """keys of the metadata entries that are searched for the image; empty for all"""
    compute_url: _Url = "https://compute.googleapis.com/compute/v1"
    """Compute endpoint"""
    resource_manager_url: Annotated[str, Field(pattern=rf"^https://{_HOST}(/[\w./-]*)?$")] = (
        "https://cloudresourcemanager.googleapis.com"
    )
    """endpoint of the Resource Manager"""
    token_hosts: tuple[_ListedHost, ...] = ()
    """HOST or HOST:PORT that a credential file may name, beside the hosts of Google and GitHub"""
    allowed_secrets: dict[str, tuple[str, ...]] = {}
    """values that only look like secrets: names by metadata entry"""
    other_services: dict[_Port, _ServiceName] = {}
    """programs of an instance that answer whether or not the application runs, by port; no health check may ask them"""
    registry_url: Annotated[str, Field(pattern=rf"^(https?://{_HOST}/?)?$")] = ""
    """where digests are looked up; default: https and the repository's host"""
    google_registries: tuple[_ListedHost, ...] = ()
    """HOST[:PORT] of registries that take the Google access token, beside `*.pkg.dev` and `gcr.io`"""
    rollout: RolloutSettings = RolloutSettings()
    accessories: dict[str, Any] = {}  # only accessory reads and checks this key (accessory/config.py)
    """single VMs, which only `accessory` reads: below"""
    vulnerabilities: dict[str, Any] = {}  # only ci reads and checks this key (ci/vulnerability_rule.py)
    """which known vulnerabilities stop a release; only the pipeline reads this key: below"""
    _endpoint_overrides: tuple[EndpointOverride, ...] = PrivateAttr(default=())

    @property
    def endpoint_overrides(self) -> tuple[EndpointOverride, ...]:
        """Endpoints that a flag or a variable sets to another value than the environment file."""
        return self._endpoint_overrides

    @field_validator("repository")
    @classmethod
    def _names_a_registry(cls, repository: str) -> str:
        if full_form(repository):
            raise ValueError(f"got '{repository}', which names no registry; its full form is '{full_form(repository)}'")
        return repository

    @model_validator(mode="after")
    def _has_one_location(self) -> Self:
        if self.zone and self.region:
            raise ValueError(f"has zone '{self.zone}' and region '{self.region}', and a group is in one of them")
        if not (self.zone or self.region):
            raise ValueError("has neither zone, for a zonal group, nor region, for a regional one")
        return self

    @property
    def location(self) -> Location:
        """Zone or region of the group."""
        return Location("region", self.region) if self.region else Location("zone", self.zone or "")

    @property
    def registry(self) -> str:
        """Scheme and host of the registry that resolves tags to digests."""
        return self.registry_url or self.default_registry

    @property
    def default_registry(self) -> str:
        """Scheme and host of the registry if `registry_url` is empty."""
        return registry_url_of(self.repository.partition("/")[0])

    def with_timeout(self, timeout_s: float) -> "Config":
        """
        Return these settings with another timeout of a rollout.

        Raises:
            ConfigError: the timeout is outside 1..86400 s.
        """
        if not 1 <= timeout_s <= _LONGEST_S:
            raise ConfigError(f"--timeout: got '{timeout_s:g}'.", f"use seconds, 1 to {_LONGEST_S}")
        return self.model_copy(update={"rollout": self.rollout.model_copy(update={"timeout_s": timeout_s})})

    def with_endpoint_overrides(self, overrides: tuple[EndpointOverride, ...]) -> "Config":
        """Return these settings with the endpoints that differ from the environment file."""
        copy = self.model_copy()
        copy._endpoint_overrides = overrides
        return copy
