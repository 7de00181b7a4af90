"""
The permissions that a caller needs to create an instance of a template, each with its resource.

Source: the reference of `instances.insert`, and the custom roles of upwindsecurity/terraform-google-onboarding, which
change the templates of groups (`modules/_shared/iam/permissions.tf`, 2026-04-09): instances.create, setMetadata and
setLabels, disks.create, subnetworks.use and actAs. That an image of another project needs no grant, because public
images are granted to all accounts, is recalled from documentation.
"""

from collections.abc import Iterator
from typing import Final

from emulator.environment.links import canonical, project_of
from emulator.environment.location import location_of
from emulator.environment.view import Document

_DRY_RUN_NAME: Final = "0000"  # in place of the four random characters of a name
# Permission by the property of a template that needs it.
_SETTERS: Final = {
    "labels": "compute.instances.setLabels",
    "metadata": "compute.instances.setMetadata",
    "serviceAccounts": "compute.instances.setServiceAccount",
    "tags": "compute.instances.setTags",
}


def instance_permissions(template: Document, group_path: str, group: Document) -> list[tuple[str, str]]:
    """
    Return permissions and paths of resources, the instance's first.

    Args:
        template: document of the template
        group_path: path of the group, `projects/P/zones/Z/…` or `projects/P/regions/R/…`
        group: document of the group, with `baseInstanceName`
    """
    project = project_of(group_path)
    zone = f"{project}/zones/{location_of(group_path, group).zones[0]}"
    name = f"{group['baseInstanceName']}-{_DRY_RUN_NAME}"
    properties = template.get("properties") or {}
    rows = [("compute.instances.create", f"{zone}/instances/{name}")]
    rows += [(setter, rows[0][1]) for key, setter in _SETTERS.items() if _is_set(properties, key)]
    for disk in properties.get("disks") or []:
        rows += _of_disk(disk, project, f"{zone}/disks/{name}")
    for interface in properties.get("networkInterfaces") or []:
        rows += _of_interface(interface, project)
    for account in properties.get("serviceAccounts") or []:
        rows.append(("iam.serviceAccounts.actAs", f"{project}/serviceAccounts/{account.get('email', 'default')}"))
    return rows


def _is_set(properties: Document, key: str) -> bool:
    """Return whether a property has values; metadata and tags have them in `items`, beside a fingerprint."""
    value = properties.get(key)
    return bool((value or {}).get("items") if key in ("metadata", "tags") else value)


def _of_disk(disk: Document, project: str, path: str) -> Iterator[tuple[str, str]]:
    parameters = disk.get("initializeParams")
    if parameters is None:
        return
    yield "compute.disks.create", path
    image = canonical(parameters.get("sourceImage") or "", project)
    if image.startswith(f"{project}/"):
        yield "compute.images.useReadOnly", image


def _of_interface(interface: Document, project: str) -> Iterator[tuple[str, str]]:
    path = canonical(interface.get("subnetwork") or interface.get("network") or "global/networks/default", project)
    yield "compute.subnetworks.use", path
    if interface.get("accessConfigs"):
        yield "compute.subnetworks.useExternalIp", path
