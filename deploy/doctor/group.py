"""Findings about the group: everything that preflight refuses, its update policy, and room for its surge."""

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from deploy.config import Config
from deploy.doctor.finding import Finding, ok, unknown, wrong
from deploy.doctor.readings import NO_GROUP, NO_TEMPLATE, Readings, Unread
from deploy.doctor.unread import unread_finding
from deploy.documents.group_state import Group, health_check_of
from deploy.documents.resource import Document, links_of, name_of, region_of
from deploy.errors import RefusedError
from deploy.group import preflight
from deploy.group.drift import policy_differences
from deploy.group.gcloud_commands import group_command, template_command
from deploy.group.observation import Observation
from deploy.group.policy_refusals import update_policy_refusals
from deploy.group.replacement import count_refusals, surge_instances
from deploy.group.step_refusals import step_refusals
from deploy.release import template
from deploy.release.image_places import find_image
from deploy.release.record import ReleaseRecord

_POLICY_FLAGS: Final = {
    "type": "type",
    "minimalAction": "minimal-action",
    "mostDisruptiveAllowedAction": "most-disruptive-action",
    "replacementMethod": "replacement-method",
    "maxSurge": "max-surge",
    "maxUnavailable": "max-unavailable",
}
_COMMAND: Final = re.compile(r"'(gcloud [^']+)'")
_COUNTS: Final = ("minimalAction", "maxSurge", "maxUnavailable")  # members that no other refusal names


def group_findings(config: Config, readings: Readings) -> Iterator[Finding]:
    """Yield the findings about the group's own settings, and about its template."""
    group = readings.group
    if isinstance(group, Unread):
        groups = f"gcloud compute instance-groups managed list --project {config.project}"
        if group.is_absent:
            yield wrong("group", f"{group.text} Fix: {group.fix}", groups)
        else:
            yield unread_finding("group", config, group, groups)
        return
    base = {} if isinstance(readings.template, Unread) else readings.template
    entries = template.image_entries(base, config.repository, config.image_in)
    refusals = list(preflight.setting_refusals(config, group, entries))
    foreign = isinstance(readings.template, Unread) and readings.template.is_absent
    refusals += [preflight.foreign_template(config, group)] if foreign and group.versions else []
    refusals += step_refusals(config, group)
    for refusal in refusals:
        yield _refused("group", refusal, group_command(config, "describe"))
    if not refusals:
        kind = "zonal" if config.zone else f"regional, in {len(group.zones)} zones,"
        yield ok(
            "group", f"'{config.group}' is {kind} and stateless, with one version and target size {group.target_size}"
        )


def update_policy_findings(config: Config, readings: Readings) -> Iterator[Finding]:
    """Yield the findings about the update policy: refusals, and members that differ from the environment file."""
    check, group = "update policy", readings.group
    show = group_command(config, "describe", "--format", "'yaml(updatePolicy)'")
    if isinstance(group, Unread):
        yield unread_finding(check, config, NO_GROUP, show)
        return
    refusals = list(update_policy_refusals(config, group))
    for refusal in refusals:
        yield _refused(check, refusal, show)
    differences = policy_differences(config, group)
    counts = _COUNTS[:1] if any(count_refusals(config, group)) else _COUNTS  # a refused number is no command's value
    changes = {key: values for key, values in differences.items() if key in counts or not refusals}
    if changes:
        text = "; ".join(
            f"{key} is {'absent' if current is None else current}, and the file has {expected}"
            for key, (current, expected) in changes.items()
        )
        flags = [f"--update-policy-{_POLICY_FLAGS[key]} {str(value).lower()}" for key, (_, value) in changes.items()]
        yield wrong(check, text, group_command(config, "update", *flags))
    if not (refusals or changes):
        yield ok(check, "equal to that of the environment file")


def health_check_findings(config: Config, readings: Readings) -> Iterator[Finding]:
    """Yield the findings about the group's health check."""
    check, group, health_check = "health check", readings.group, readings.health_check
    show = f"gcloud compute health-checks list --project {config.project}"
    if isinstance(group, Unread) or isinstance(health_check, Unread):
        reading = health_check if isinstance(health_check, Unread) else NO_GROUP
        yield unread_finding(check, config, reading, show)
        return
    refusals = list(preflight.health_check_refusals(config, group, health_check))
    for refusal in refusals:
        yield _refused(check, refusal, show)
    if health_check and not refusals:
        check_type, port = preflight.health_check_probe(health_check)
        yield ok(check, f"'{name_of(health_check_of(group.raw))}' asks port {port or 'of the group'} by {check_type}")


def template_findings(config: Config, readings: Readings) -> Iterator[Finding]:
    """Yield the findings about the template: where the image stands, secrets in it, and whether it can be copied."""
    check, group, base = "image", readings.group, readings.template
    if isinstance(group, Unread) or isinstance(base, Unread):
        reading = base if isinstance(base, Unread) else NO_TEMPLATE
        region = "" if isinstance(group, Unread) or not group.versions else region_of(group.versions[0].link)
        where = f"--regions {region}" if region else "--global"
        show = f"gcloud compute instance-templates list --project {config.project} {where}"
        yield unread_finding(check, config, reading, show)
        return
    show = template_command(config, links_of(base)[0])
    refusals = [
        *_raised(lambda: find_image(template.metadata(base), config.repository, config.image_in)),
        *_raised(lambda: preflight.refuse_secrets(config, base)),
        *_raised(lambda: template.new_template(base, _any_record(config, group, base), config.image_in)),
    ]
    for refusal in {refusal.message: refusal for refusal in refusals}.values():
        yield _refused(check, refusal, show)
    if not refusals:
        places = find_image(template.metadata(base), config.repository, config.image_in)
        yield ok(check, f"'{places.reference}' in {places}")


def quota_findings(config: Config, readings: Readings) -> Iterator[Finding]:
    """Yield the findings about room for the surge in the region's quotas: each that lacks it, or is not checked."""
    check, region = "quota", config.location.region
    group, base, quotas = readings.group, readings.template, readings.quotas
    show = (
        f"gcloud compute regions describe {region} --project {config.project} --flatten 'quotas[]'"
        " --format 'table(quotas.metric,quotas.usage,quotas.limit)'"
    )
    if isinstance(group, Unread) or isinstance(base, Unread):
        yield unread_finding(check, config, NO_GROUP if isinstance(group, Unread) else NO_TEMPLATE, show)
        return
    if isinstance(quotas, Unread):
        yield unread_finding(check, config, quotas, show)
        return
    observation = Observation(
        group=group,
        templates=(),
        template=base,
        health_check=None,
        autoscaler="",
        missing_permissions=(),
        permissions_error="",
        quotas=quotas,
        quotas_error="",
    )
    shortages = preflight.quota_shortages(config, observation)
    unchecked = [quota for quota in observation.quota_checks if quota.unchecked]
    for metric, shortage in shortages.items():
        yield wrong(check, f"{shortage}: raise {metric}, or lower `rollout.surge`", show)
    for quota in unchecked:
        yield unknown(check, f"{quota.metric} was not checked, because {quota.unchecked}", show)
    if not shortages and not unchecked:
        surge = surge_instances(config, group)
        yield ok(check, f"room for {observation.surge_room} instances, and a rollout adds {surge}")


def _refused(check: str, refusal: RefusedError, show: str) -> Finding:
    """Return the finding of a refusal, with the command that its fix names, or else with one that shows the place."""
    command = _COMMAND.search(refusal.fix)
    if command:
        return wrong(check, refusal.message, command[1])
    return wrong(check, f"{refusal.message} Fix: {refusal.fix}", show)


def _raised(check: Callable[[], Any]) -> list[RefusedError]:
    try:
        check()
    except RefusedError as refusal:
        return [refusal]
    return []


def _any_record(config: Config, group: Group, base: Document) -> ReleaseRecord:
    """Return the record of a release that is only tried, to learn whether its template could be made."""
    link = links_of(base)[0]
    return ReleaseRecord(config.repository, f"sha256:{'0' * 64}", link, str(base["id"]), group.qualified_name)
