"""Reads a live group and everything that an environment with this group needs; only reads are sent."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from emulator.environment.links import canonical, name_of, project_of
from emulator.seed_import.compute_reader import Absent, ComputeReader, ImportRefusedError
from emulator.seed_import.left_out import LeftOut

Document = dict[str, Any]
_FAMILY: Final = "/images/family/"


@dataclass(frozen=True)
class Place:
    """
    Where a group is.

    Args:
        project: name of the project
        zone: zone of a zonal group; empty for a regional one
        region: region of a regional group; empty for a zonal one
    """

    project: str
    zone: str = ""
    region: str = ""

    @property
    def scope(self) -> str:
        """`projects/P/zones/Z` or `projects/P/regions/R`."""
        return f"projects/{self.project}/" + (f"zones/{self.zone}" if self.zone else f"regions/{self.region}")

    @property
    def region_path(self) -> str:
        """`projects/P/regions/R`."""
        return f"projects/{self.project}/regions/{self.region or self.zone.rpartition('-')[0]}"


@dataclass(frozen=True)
class LiveGroup:
    """
    What was read of a group.

    Args:
        place: where the group is
        region: document of its region
        resources: documents by collection, in the order of their reads
        images: family of each image of the project that a template names; empty if the image has none
        left_out: resources that could not be read
    """

    place: Place
    region: Document
    resources: dict[str, list[Document]]
    images: dict[str, str] = field(default_factory=dict)
    left_out: list[LeftOut] = field(default_factory=list)


def read_live_group(reader: ComputeReader, place: Place, name: str) -> LiveGroup:
    """
    Read a group with its templates, health checks, autoscaler, backend services, networks, firewall rules, images and
    region.

    Raises:
        ImportRefusedError: the group, its region or a template cannot be read
    """
    group = reader.get(f"{place.scope}/instanceGroupManagers/{name}")
    live = LiveGroup(place, reader.get(place.region_path), {"instanceGroupManagers": [group]})
    templates = [_template(reader, place, link) for link in _template_links(group)]
    live.resources["instanceTemplates"] = templates
    for policy in group.get("autoHealingPolicies") or []:
        if policy.get("healthCheck"):
            _add(reader, live, "healthChecks", canonical(policy["healthCheck"], f"projects/{place.project}"))
    _add_autoscalers(reader, live, f"{place.scope}/instanceGroupManagers/{name}")
    _add_backend_services(reader, live, f"{place.scope}/instanceGroups/{name}")
    for template in templates:
        properties = template.get("properties") or {}
        for interface in properties.get("networkInterfaces") or []:
            _add_network(reader, live, interface)
        for disk in properties.get("disks") or []:
            _add_image(reader, live, (disk.get("initializeParams") or {}).get("sourceImage") or "")
    _add_firewalls(reader, live)
    return live


def _template_links(group: Document) -> list[str]:
    links = [version.get("instanceTemplate") for version in group.get("versions") or []]
    return list(dict.fromkeys(link for link in links or [group.get("instanceTemplate")] if link))


def _template(reader: ComputeReader, place: Place, link: str) -> Document:
    path = canonical(link, f"projects/{place.project}")
    if project_of(path) != f"projects/{place.project}":
        raise ImportRefusedError(
            f"template '{path}': is of another project than the group. Fix: copy it to project {place.project}."
        )
    return reader.get(path)


def _add(reader: ComputeReader, live: LiveGroup, collection: str, path: str) -> Document | None:
    """Read a resource of the project once, and return it; one that cannot be read is left out."""
    known = live.resources.setdefault(collection, [])
    where = f"{collection}.{name_of(path)}"
    if any(document.get("name") == name_of(path) for document in known):
        return None
    if project_of(path) != f"projects/{live.place.project}":
        live.left_out.append(LeftOut(where, f"is of another project, '{project_of(path).removeprefix('projects/')}'"))
        return None
    kind = name_of(path.rpartition("/")[0])
    if kind != collection:
        live.left_out.append(LeftOut(f"{kind}.{name_of(path)}", "is of a kind that the emulator does not serve"))
        return None
    document = reader.find(path)
    if isinstance(document, Absent):
        live.left_out.append(LeftOut(where, f"cannot be read: {document.reason}"))
        return None
    known.append(document)
    return document


def _add_autoscalers(reader: ComputeReader, live: LiveGroup, group: str) -> None:
    for document in _listed(reader, live, f"{live.place.scope}/autoscalers", "autoscalers"):
        if canonical(str(document.get("target", "")), f"projects/{live.place.project}") == group:
            live.resources.setdefault("autoscalers", []).append(document)


def _add_backend_services(reader: ComputeReader, live: LiveGroup, group: str) -> None:
    """Read the backend services that have the group as a backend, and their health checks."""
    home = f"projects/{live.place.project}"
    for scope in (f"{home}/global", live.place.region_path):
        for document in _listed(reader, live, f"{scope}/backendServices", "backendServices"):
            backends = {canonical(str(backend.get("group", "")), home) for backend in document.get("backends") or []}
            if group in backends:
                live.resources.setdefault("backendServices", []).append(document)
                for link in document.get("healthChecks") or []:
                    _add(reader, live, "healthChecks", canonical(link, home))


def _add_network(reader: ComputeReader, live: LiveGroup, interface: Document) -> None:
    """Read the subnetwork and the network of an interface; without a network, that of the subnetwork or `default`."""
    home = f"projects/{live.place.project}"
    network = interface.get("network")
    if interface.get("subnetwork"):
        subnetwork = _add(reader, live, "subnetworks", canonical(interface["subnetwork"], home))
        network = network or (subnetwork or {}).get("network")
    if network or not interface.get("subnetwork"):
        _add(reader, live, "networks", canonical(network or "global/networks/default", home))


def _add_firewalls(reader: ComputeReader, live: LiveGroup) -> None:
    home = f"projects/{live.place.project}"
    networks = {f"{home}/global/networks/{network['name']}" for network in live.resources.get("networks", [])}
    for document in _listed(reader, live, f"{home}/global/firewalls", "firewalls") if networks else ():
        if canonical(str(document.get("network", "")), home) in networks:
            live.resources.setdefault("firewalls", []).append(document)


def _add_image(reader: ComputeReader, live: LiveGroup, link: str) -> None:
    """Read the image that a disk is made of; images of other projects are no part of a seed."""
    path = canonical(link, f"projects/{live.place.project}")
    if project_of(path) != f"projects/{live.place.project}":
        return
    document = reader.find(path)
    if isinstance(document, Absent):
        live.left_out.append(LeftOut(f"images.{name_of(path)}", f"cannot be read: {document.reason}"))
    else:
        family = name_of(path) if _FAMILY in path else str(document.get("family", ""))
        live.images[str(document["name"])] = family


def _listed(reader: ComputeReader, live: LiveGroup, path: str, collection: str) -> Iterator[Document]:
    """Yield the items of a list; a list that cannot be read is left out."""
    try:
        yield from reader.items(path)
    except ImportRefusedError as error:
        live.left_out.append(LeftOut(collection, f"cannot be read: {str(error).partition('. Fix: ')[0]}"))
