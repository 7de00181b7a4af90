"""The settings of an environment: frozen values, each checked."""

from typing import Annotated, Any, Final, Self

from pydantic import AfterValidator, BaseModel, Field, PrivateAttr, field_validator, model_validator

from deploy.documents.location import Location
from deploy.endpoints import EndpointOverride
from deploy.errors import ConfigError
from deploy.release.registry_names import registry_url_of
from deploy.rollout_settings import RolloutSettings
from deploy.settings_model import SETTINGS_MODEL
from deploy.step_settings import LONGEST_S
from lib.credential_urls import token_host
from lib.image_reference import full_form

_NAME: Final = r"^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$"
_HOST: Final = r"(\[[0-9a-fA-F:]+\]|[A-Za-z0-9._-]+)(:[0-9]+)?"
_ListedHost = Annotated[str, AfterValidator(token_host)]
# Source: compute_v1.Items, "Regexp: [a-zA-Z0-9-_]+. Keys must be less than 128 bytes in length".
_MetadataKey = Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]{1,127}$")]
_Project = Annotated[str, Field(pattern=r"^[a-z0-9][-a-z0-9.:]{0,62}$")]
_Port = Annotated[int, Field(strict=True, ge=1, le=65_535)]
_ServiceName = Annotated[str, Field(pattern=r"^[\w.-]{1,63}$")]
_Url = Annotated[str, Field(pattern=rf"^https?://{_HOST}(/[\w./-]*)?$")]


class Config(BaseModel):
    """The settings of one environment."""

    model_config = SETTINGS_MODEL

    project: _Project
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
    image_projects: tuple[_Project, ...] = ()
    """projects without a file in this folder whose templates or instances may use the images of `repository`"""
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
        if not 1 <= timeout_s <= LONGEST_S:
            raise ConfigError(f"--timeout: got '{timeout_s:g}'.", f"use seconds, 1 to {LONGEST_S}")
        return self.model_copy(update={"rollout": self.rollout.model_copy(update={"timeout_s": timeout_s})})

    def with_endpoint_overrides(self, overrides: tuple[EndpointOverride, ...]) -> "Config":
        """Return these settings with the endpoints that differ from the environment file."""
        copy = self.model_copy()
        copy._endpoint_overrides = overrides
        return copy
