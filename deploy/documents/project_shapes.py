"""
The members that deploy reads of a project's documents, with their types.

Source: Compute v1, Service Usage v1; Artifact Registry v1, `DockerImage` and `ListDockerImagesResponse` of
google/devtools/artifactregistry/v1/artifact.proto (googleapis/googleapis at 1cfcea4, read on 2026-11-27).
"""

from typing import Annotated

from pydantic import AwareDatetime, Field, IPvAnyInterface

from deploy.documents.shapes import ErrorDetail, GroupDocument, Metadata, Quota, Shape, TemplateDocument

_Text = Annotated[str, Field(min_length=1)]


class ProjectDocument(Shape):
    """A project with its quotas."""

    name: _Text
    default_service_account: str = ""
    quotas: tuple[Quota, ...] = ()


class ProjectMetadataDocument(Shape):
    """A project with the metadata of all its instances; the member has a fingerprint, and is there without entries."""

    name: _Text
    common_instance_metadata: Metadata


class RegionDocument(Shape):
    """A region with its quotas."""

    name: _Text
    quotas: tuple[Quota, ...] = ()


class MachineTypeDocument(Shape):
    """A machine type of a zone."""

    name: _Text


class Traffic(Shape):
    """A protocol and its ports in a firewall rule."""

    ip_protocol: Annotated[str, Field(alias="IPProtocol")] = ""
    ports: tuple[Annotated[str, Field(pattern=r"^[0-9]+(-[0-9]+)?$")], ...] = ()


class FirewallDocument(Shape):
    """A firewall rule."""

    direction: str = ""
    priority: int = 0
    disabled: bool = False
    source_ranges: tuple[IPvAnyInterface, ...] = ()
    source_tags: tuple[str, ...] = ()
    source_service_accounts: tuple[str, ...] = ()
    target_tags: tuple[str, ...] = ()
    target_service_accounts: tuple[str, ...] = ()
    allowed: tuple[Traffic, ...] = ()
    denied: tuple[Traffic, ...] = ()


class EffectiveFirewalls(Shape):
    """The firewall rules of a network, and the policies that apply to it."""

    firewalls: tuple[FirewallDocument, ...] = ()
    firewall_policys: tuple[dict[str, object], ...] = ()


class ServiceState(Shape):
    """Whether a project enables an API."""

    name: _Text
    state: str = ""


class ServiceStates(Shape):
    """The answer of `services:batchGet`."""

    services: tuple[ServiceState, ...] = ()


class NamedDocument(Shape):
    """A secret, a version of a secret, or an image repository."""

    name: _Text
    state: str = ""
    format: str = ""


class Permissions(Shape):
    """The answer of testIamPermissions on a resource on which the account may have none."""

    permissions: tuple[_Text, ...] = ()


class DockerImage(Shape):
    """An image in Artifact Registry: `LOCATION-docker.pkg.dev/PROJECT/REPOSITORY/IMAGE@sha256:…`."""

    uri: Annotated[str, Field(pattern=r"^[^@]+@sha256:[0-9a-f]{64}$")]
    tags: tuple[_Text, ...] = ()
    upload_time: AwareDatetime


class DockerImagePage(Shape):
    """A page of `dockerImages.list`."""

    docker_images: tuple[DockerImage, ...] = ()
    next_page_token: str = ""


class InstanceDocument(Shape):
    """An instance."""

    name: _Text
    metadata: Metadata = Metadata()


class HolderScope(Shape):
    """What a zone, a region or the global scope has of a list of templates, instances or groups."""

    instance_templates: tuple[TemplateDocument, ...] = ()
    instances: tuple[InstanceDocument, ...] = ()
    instance_group_managers: tuple[GroupDocument, ...] = ()
    warning: ErrorDetail = ErrorDetail()


class HolderPage(Shape):
    """A page of all templates, instances or groups of a project."""

    items: Annotated[dict[str, HolderScope], Field(default_factory=dict)]
    next_page_token: str = ""
    unreachables: tuple[str, ...] = ()
    warning: ErrorDetail = ErrorDetail()
