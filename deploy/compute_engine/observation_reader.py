"""Reads everything that a decision rests on, independent reads side by side; nothing is written."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

from deploy.compute_engine.instance_templates import InstanceTemplates
from deploy.compute_engine.managed_group import ManagedGroup
from deploy.compute_engine.permissions import required_permissions
from deploy.documents.canary import serving_version
from deploy.documents.resource import Document, find_by_link, link_of, links_of, region_of
from deploy.errors import CloudError, NotAllowedError
from deploy.group.observation import Observation
from deploy.group.quotas import Quota, parse_quotas
from deploy.parallel import side_by_side
from deploy.retry import Time, TransientError, call_with_retries

_INCOMPLETE_S: Final = 10.0  # seconds in which a list is read again that lacks a required row
RunReads = Callable[[Sequence[Callable[[], Any]]], list[Any]]


def read_observation(
    managed: ManagedGroup,
    read_permissions: Callable[[], set[str]],
    run_reads: RunReads = side_by_side,
    *,
    reads_region: bool = False,
) -> Observation:
    """
    Read a group and its surroundings.

    Args:
        managed: the group.
        read_permissions: returns the required permissions that the account has.
        run_reads: makes independent reads, and returns their results in order.
        reads_region: whether the region's templates are listed for a zonal group on a global template, too: releases
            that the group left may be among them.

    Raises:
        RefusedError: the zone or region has no such group.
        CloudError: a read failed.
        NotAllowedError: the account may not read the group, the templates or the autoscalers.
    """
    compute, templates, region = managed.compute, InstanceTemplates(managed.compute), managed.location.region
    reads_region = reads_region or managed.location.kind == "region"
    group, of_project, of_region, autoscalers, (missing, permissions_error), (quotas, quotas_error) = run_reads(
        [
            lambda: call_with_retries(managed.read, compute.time, _INCOMPLETE_S),
            templates.list_global,
            lambda: templates.list_regional(region) if reads_region else [],
            managed.list_autoscalers,
            lambda: _missing_permissions(managed, read_permissions),
            lambda: _quotas(managed),
        ]
    )
    group_links = links_of(group.raw)
    links, serving = [version.link for version in group.versions], serving_version(group)
    if any(map(region_of, links)) and not reads_region:
        of_region, reads_region = templates.list_regional(region), True
    listed = [*of_project, *of_region]
    if not all(find_by_link(listed, link) for link in links):
        list_templates = partial(templates.list_all, region) if reads_region else templates.list_global
        listed = _list_again(list_templates, links, listed, compute.time)
    return Observation(
        group=group,
        templates=tuple(listed),
        template=(find_by_link(listed, serving.link) if serving else None) or {},
        health_check=managed.get_health_check(group.raw),
        autoscaler=next(
            (row["name"] for row in autoscalers if link_of(row.get("target", ""), compute.project) in group_links), ""
        ),
        missing_permissions=missing,
        permissions_error=permissions_error,
        quotas=quotas,
        quotas_error=quotas_error,
        clock_ahead_s=compute.server_clock.ahead_s,
    )


def _list_again(
    list_templates: Callable[[], list[Document]], links: Sequence[str], listed: list[Document], time: Time
) -> list[Document]:
    """
    List templates until the list has those of the group's versions.

    Returns:
        The complete list; `listed` if a template stays absent, which preflight refuses.
    """

    def attempt() -> list[Document]:
        complete = list_templates()
        if not all(find_by_link(complete, link) for link in links):
            raise TransientError("the list of templates lacks one of the group's own")
        return complete

    try:
        return call_with_retries(attempt, time, _INCOMPLETE_S)
    except TransientError:
        return listed


def _missing_permissions(
    managed: ManagedGroup, read_permissions: Callable[[], set[str]]
) -> tuple[tuple[str, ...], str]:
    """Return the required permissions that the account does not have, and why they could not be read."""
    try:
        granted = read_permissions()
    except (CloudError, NotAllowedError) as error:
        return (), str(error)
    return tuple(permission for permission in required_permissions(managed.location) if permission not in granted), ""


def _quotas(managed: ManagedGroup) -> tuple[tuple[Quota, ...], str]:
    """Return the quotas of the group's region, and why they could not be read."""
    try:
        return parse_quotas(managed.get_region()), ""
    except (CloudError, NotAllowedError) as error:
        return (), str(error)
