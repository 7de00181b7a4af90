"""Everything that a decision needs, read once, independent reads side by side; nothing is written."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import httpx

from deploy.compute_engine.client import Compute
from deploy.config import Config
from deploy.documents import validation
from deploy.documents.group_state import Document, Group, group, health_check_of, link_of, links_of, name_of
from deploy.errors import CloudError, NotAllowedError, RefusedError
from deploy.parallel import side_by_side
from deploy.retry import TRANSIENT, Time, TransientError, retried, transient

# What a rollout does, and what it needs for each. Source: Compute Engine's reference, "IAM Permissions" of each method.
PERMISSIONS: Final = (
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
_INCOMPLETE_S: Final = 10.0  # how long a list that lacks what must be in it is read again
_PERMISSIONS_S: Final = 15.0  # how long they are asked for again; without an answer a deploy warns, and goes on
Together = Callable[[Sequence[Callable[[], Any]]], list[Any]]


@dataclass(frozen=True)
class Observed:
    """
    What was read.

    Args:
        group: With its machines.
        templates: All global ones of the project.
        template: The group's; of two versions the first.
        health_check: That heals the group; None where it has none, or one that is gone.
        autoscaler: Name of the one that resizes the group; empty if there is none.
        missing: Permissions that the project's testIamPermissions does not grant.
        unasked: Why permissions could not be asked for; empty if they could.
        room: Machines that the region's quota still allows; None where it can't be read.
        clock_ahead_s: How many seconds this computer's clock is ahead of the server's.
    """

    group: Group
    templates: tuple[Document, ...]
    template: Document
    health_check: Document | None
    autoscaler: str
    missing: tuple[str, ...]
    unasked: str
    room: int | None
    clock_ahead_s: float = 0.0

    @property
    def surge_room(self) -> int | None:
        """Machines above the target size that the quota allows: those that are there already count as room."""
        return (
            None if self.room is None else self.room + max(0, len(self.group.active_instances) - self.group.target_size)
        )


def read_group(compute: Compute, config: Config) -> Group:
    """
    Read the group and its machines.

    Raises:
        RefusedError: There is no such group.
    """
    path = f"zones/{config.zone}/instanceGroupManagers/{config.group}"
    try:
        document = compute.get(path, check=validation.group_document(config.group, config.zone))
    except CloudError as error:
        if error.status == 404:
            raise _absent(compute, config) from error
        raise
    rows = list(compute.items(f"{path}/listManagedInstances", "managedInstances", "POST"))
    read = group(document, rows)
    if read.is_stable and read.target_size and not rows:
        # An empty list looks like the answer for a group without instances, and a stable group has those it is to have.
        raise TransientError(f"POST {compute.project}/{path}/listManagedInstances: no row of {read.target_size}")
    return read


def _absent(compute: Compute, config: Config) -> RefusedError:
    """Tell a group that is regional from one that is not there."""
    region = config.zone.rpartition("-")[0]
    try:
        compute.get(f"regions/{region}/instanceGroupManagers/{config.group}")
    except (CloudError, NotAllowedError):
        return RefusedError(
            f"group '{config.group}': not found in zone {config.zone} of project {config.project}.",
            "correct `group`, `zone` or `project` in the environment file",
        )
    return RefusedError(
        f"group '{config.group}': is regional, in {region}; surge 1 and unavailable 0 are not allowed there.",
        "use a zonal group for each zone",
    )


def observe(
    compute: Compute, config: Config, ask_permissions: Callable[[], set[str]], together: Together = side_by_side
) -> Observed:
    """
    Read everything.

    Args:
        compute: API of the project.
        config: Names.
        ask_permissions: Which of PERMISSIONS are granted.
        together: Makes independent reads.
    """
    region = config.zone.rpartition("-")[0]
    found, templates, scalers, permissions, quotas = together(
        [
            lambda: retried(lambda: read_group(compute, config), compute.time, _INCOMPLETE_S),
            lambda: list(compute.items("global/instanceTemplates")),
            lambda: list(compute.items(f"zones/{config.zone}/autoscalers")),
            lambda: _permissions(ask_permissions),
            lambda: _quotas(compute, region),
        ]
    )
    resizing = [one["name"] for one in scalers if link_of(one.get("target", ""), config.project) in links_of(found.raw)]
    told = {version.link for version in found.versions[:1]}
    template = _of_group(templates, told)
    if not template:
        templates = _listed_again(compute, told, templates)
        template = _of_group(templates, told)
    missing, unasked = permissions
    return Observed(
        group=found,
        templates=tuple(templates),
        template=template,
        health_check=read_health_check(compute, found),
        autoscaler=next(iter(resizing), ""),
        missing=missing,
        unasked=unasked,
        room=quotas,
        clock_ahead_s=compute.server_clock.ahead_s,
    )


def _of_group(templates: list[Document], told: set[str]) -> Document:
    return next((document for document in templates if told & {*links_of(document)}), {})


def _listed_again(compute: Compute, told: set[str], templates: list[Document]) -> list[Document]:
    """List templates until the group's own one is there; the last list if it never is, which preflight refuses."""

    def read() -> list[Document]:
        listed = list(compute.items("global/instanceTemplates"))
        if not _of_group(listed, told):
            raise TransientError("the list of templates lacks the group's own")
        return listed

    try:
        return retried(read, compute.time, _INCOMPLETE_S)
    except TransientError:
        return templates


def read_health_check(compute: Compute, found: Group) -> Document | None:
    """Read the check by its own link: it may be regional, or of a kind that is no longer made."""
    link = health_check_of(found.raw)
    if not link:
        return None
    try:
        path = link.partition("/projects/")[2].partition("/")[2] or link
        return compute.get(path, check=validation.resource("healthChecks", name_of(path)))
    except CloudError as error:
        if error.status == 404:
            return None
        raise


def granted(
    client: httpx.Client, url: str, project: str, headers: Callable[[], dict[str, str]], time: Time
) -> set[str]:
    """
    Ask Cloud Resource Manager which of PERMISSIONS the caller has on a project; Compute v1 can't be asked for groups.

    Raises:
        CloudError: The API is off, or does not answer.
    """
    where = f"testIamPermissions of '{project}'"

    def ask() -> set[str]:
        try:
            answer = client.post(
                f"{url.rstrip('/')}/v1/projects/{project}:testIamPermissions",
                json={"permissions": list(PERMISSIONS)},
                headers=headers(),
                timeout=10.0,
            )
            if answer.status_code in TRANSIENT:
                raise transient(f"{where}: {answer.status_code}", answer)
            if not answer.is_success:
                raise CloudError(f"{where}: {answer.status_code}", answer.status_code)
            return validation.permissions(answer.json())
        except ValueError as error:
            raise TransientError(
                f"{where}: the answer is not what was asked for: {validation.reason(error)}"
            ) from error
        except httpx.RequestError as error:
            raise TransientError(f"{where}: {error}") from error

    return retried(ask, time, _PERMISSIONS_S)


def _permissions(ask: Callable[[], set[str]]) -> tuple[tuple[str, ...], str]:
    try:
        granted = ask()
    except (CloudError, NotAllowedError) as error:
        return (), str(error)
    return tuple(one for one in PERMISSIONS if one not in granted), ""


def _quotas(compute: Compute, region: str) -> int | None:
    try:
        quotas = compute.get(f"regions/{region}", check=validation.region).get("quotas", [])
    except (CloudError, NotAllowedError):
        return None
    found = [quota for quota in quotas if quota.get("metric") == "INSTANCES"]
    return int(found[0]["limit"] - found[0]["usage"]) if found else None
