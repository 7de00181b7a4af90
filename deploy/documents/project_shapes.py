"""The members that deploy reads of a project's documents, with their types. Source: Compute v1, Service Usage v1."""

from typing import Annotated

from pydantic import Field, IPvAnyInterface

from deploy.documents.shapes import Quota, Shape

_Text = Annotated[str, Field(min_length=1)]


class ProjectDocument(Shape):
    """A project with its quotas."""

    name: _Text
    default_service_account: str = ""
    quotas: tuple[Quota, ...] = ()


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
