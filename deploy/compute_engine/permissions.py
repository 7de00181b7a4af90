"""The permissions that a rollout needs, and the fix of an error for a missing one."""

from typing import Final

from deploy.documents.location import Location
from lib.disabled_apis import enabling_fix

_ZONE_OPERATIONS: Final = "compute.zoneOperations.get"
_REGION_OPERATIONS: Final = "compute.regionOperations.get"
# One for each method that a rollout of a zonal group calls. The methods of regional groups, templates and autoscalers
# require the same ones, but for the operations. Source: Compute Engine's reference, "IAM Permissions" of each method.
REQUIRED_PERMISSIONS: Final = (
    "compute.autoscalers.list",
    "compute.globalOperations.get",
    "compute.healthChecks.get",
    "compute.instanceGroupManagers.get",
    "compute.instanceGroupManagers.list",
    "compute.instanceGroupManagers.update",
    "compute.instanceTemplates.create",
    "compute.instanceTemplates.delete",
    "compute.instanceTemplates.get",
    "compute.instanceTemplates.list",
    "compute.instanceTemplates.useReadOnly",
    "compute.zoneOperations.get",
)
# What a PATCH to another template needs in addition: Compute Engine checks by a dry run that the caller may create the
# instance BASE-0000 and its disk. A project's testIamPermissions does not report grants under a condition on this name,
# so preflight does not ask for these. The template of iac/ needs all of them. Source: the roles of
# upwindsecurity/terraform-google-onboarding (modules/_shared/iam, 2026-04-09); setTags, setServiceAccount and
# images.useReadOnly from the reference of instances.insert.
INSTANCE_PERMISSIONS: Final = (
    "compute.disks.create",
    "compute.images.useReadOnly",
    "compute.instances.create",
    "compute.instances.setLabels",
    "compute.instances.setMetadata",
    "compute.instances.setServiceAccount",
    "compute.instances.setTags",
    "compute.subnetworks.use",
)
# What a rollout can do without: boot phases, the serial port of a failed instance, quotas, the list of unused images.
OPTIONAL_PERMISSIONS: Final = (
    "compute.instances.getGuestAttributes",
    "compute.instances.getSerialPortOutput",
    "compute.instances.list",
    "compute.projects.get",
    "compute.regions.get",
)
_ACT_AS: Final = "iam.serviceAccounts.actAs"  # granted on the account of the instances


def required_permissions(location: Location) -> tuple[str, ...]:
    """Return the permissions that a rollout of a group needs on the project."""
    if location.kind == "zone":
        return REQUIRED_PERMISSIONS
    return tuple(name.replace(_ZONE_OPERATIONS, _REGION_OPERATIONS) for name in REQUIRED_PERMISSIONS)


def grant_fix(text: str) -> str:
    """
    Return the fix of a request that is not allowed; the fix of a dry run lists the whole second role.

    Args:
        text: text of the answer or of the operation.
    """
    enabling = enabling_fix(text)
    if enabling:
        return enabling
    if not any(name in text for name in (*INSTANCE_PERMISSIONS, _ACT_AS)):
        return "give the deployer's account that permission, or use other credentials"
    return (
        "grant the deployer's account the second role of mig-deploy's docs/permissions.md,"
        f" {', '.join(INSTANCE_PERMISSIONS)}, and {_ACT_AS} on the account of the instances"
    )
