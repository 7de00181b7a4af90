"""The permissions that a rollout needs, and which of them the account has on a project."""

from collections.abc import Callable
from typing import Final

import httpx

from deploy.documents import validation
from deploy.errors import CloudError
from deploy.retry import TRANSIENT_STATUSES, Time, TransientError, call_with_retries, transient_error

# One for each method that a rollout calls. Source: Compute Engine's reference, "IAM Permissions" of each method.
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
_ACT_AS: Final = "iam.serviceAccounts.actAs"  # granted on the account of the instances
_BUDGET_S: Final = 15.0  # for the read and its retries; without an answer a deploy warns, and continues
_ATTEMPT_S: Final = 10.0


def grant_fix(text: str) -> str:
    """
    Return the fix of a write that lacks a permission; that of a dry run has all its permissions, the text maybe one.

    Args:
        text: text of the answer or of the operation.
    """
    if not any(name in text for name in (*INSTANCE_PERMISSIONS, _ACT_AS)):
        return "give the deployer's account that permission, or use other credentials"
    return (
        f"grant the deployer's account the second role of docs/runbook.md, {', '.join(INSTANCE_PERMISSIONS)},"
        f" and {_ACT_AS} on the account of the instances"
    )


def read_granted_permissions(
    client: httpx.Client, url: str, project: str, headers: Callable[[], dict[str, str]], time: Time
) -> set[str]:
    """
    Ask Cloud Resource Manager which required permissions the account has on a project.

    Compute Engine's own API has no such method for groups.

    Args:
        client: transport of the requests.
        url: scheme and host of Cloud Resource Manager.
        project: name of the project.
        headers: returns the headers of a request, with its token.
        time: clock of the retries.

    Raises:
        CloudError: the API is disabled, or does not answer.
    """
    where = f"testIamPermissions of '{project}'"

    def attempt() -> set[str]:
        try:
            answer = client.post(
                f"{url.rstrip('/')}/v1/projects/{project}:testIamPermissions",
                json={"permissions": list(REQUIRED_PERMISSIONS)},
                headers=headers(),
                timeout=_ATTEMPT_S,
            )
            if answer.status_code in TRANSIENT_STATUSES:
                raise transient_error(f"{where}: {answer.status_code}", answer)
            if not answer.is_success:
                raise CloudError(f"{where}: {answer.status_code}", answer.status_code)
            return validation.granted_permissions(answer.json())
        except ValueError as error:
            reason = validation.reason(error)
            raise TransientError(f"{where}: unexpected answer: {reason}") from error
        except httpx.RequestError as error:
            raise TransientError(f"{where}: {error}") from error

    return call_with_retries(attempt, time, _BUDGET_S)
