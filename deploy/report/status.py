"""What a group serves, its canary with step and checks, its instances and any drift: pure."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from deploy.analysis.reading import CheckSeries
from deploy.config import Config
from deploy.documents.canary import serving_version
from deploy.documents.group_state import Instance
from deploy.endpoints import EndpointOverride
from deploy.group.all_instances_config import metadata_overrides
from deploy.group.drift import drift
from deploy.group.health import is_empty
from deploy.group.observation import Observation
from deploy.group.step_refusals import lost_checks_text
from deploy.group.step_rollout import lost_step_reason, step_rollout
from deploy.group.version_refusal import ABORT
from deploy.release import history, template
from deploy.report import checks, durations, table
from deploy.report.canary_status import CanaryStatus, canary_lines, canary_status
from deploy.report.described_release import DescribedRelease, described_release
from deploy.report.formats import Format
from deploy.report.lines import wrapped
from deploy.report.release_names import full_name, short_name
from deploy.rollout.reconcile_plan import plan_reconcile
from deploy.rollout.served_release import ServedRelease
from lib.output import as_json
from lib.output import markdown as escaped

_HEAD: Final = ("instance", "status", "action", "health", "template")


@dataclass(frozen=True, kw_only=True)
class Status:
    """
    A group at one moment.

    Args:
        group: name of the group.
        summary: state of the group in one sentence.
        target_size: instances that the group is to have.
        is_stable: whether no change is going on or due.
        is_reached: whether every instance that stays is meant to have the group's version.
        autoscaler: name of the autoscaler; empty if there is none.
        release: what the group is set to, beside a canary the old release.
        age_s: seconds since the template was made; None if the template was not found.
        drift: differences from what the last deploy wrote, one line each.
        instances: every instance of the group.
        is_empty: whether the group has no running instances, and a target size of 0.
        warnings: facts that the operator should read, one line each.
        standby: number of suspended and of stopped instances, by that word; they count for no verdict.
        canary: the canary of a rollout with steps; None if the group is in none.
        checks: checks of the analysis, as they are now, over the canary's instances or else the group's; empty for an
            environment without an analysis.
        endpoints: endpoints that differ from the environment file.
    """

    group: str
    summary: str
    target_size: int
    is_stable: bool
    is_reached: bool
    autoscaler: str
    release: DescribedRelease
    age_s: float | None
    drift: tuple[str, ...]
    instances: tuple[Instance, ...]
    is_empty: bool
    warnings: tuple[str, ...]
    standby: Mapping[str, int]
    canary: CanaryStatus | None
    checks: tuple[CheckSeries, ...]
    endpoints: tuple[EndpointOverride, ...]


def status(config: Config, observed: Observation, now: datetime, read_checks: tuple[CheckSeries, ...] = ()) -> Status:
    """
    Return the status of a group.

    Args:
        config: names and rollout settings of the environment.
        observed: the group and its surroundings.
        now: time of Compute Engine, UTC.
        read_checks: checks of the analysis, with one reading each.
    """
    document, group, plan = observed.template, observed.group, plan_reconcile(config, observed, now)
    entries, serving = template.image_entries(document, config.repository, config.image_in), serving_version(group)
    is_overridden = bool(metadata_overrides(config, group, entries))
    serving_name = serving.template if serving else ""
    return Status(
        group=config.group,
        summary=f"{plan.text}. Fix: {ABORT}" if lost_step_reason(observed) else plan.text,
        target_size=group.target_size,
        is_stable=group.is_stable,
        is_reached=group.is_reached,
        autoscaler=observed.autoscaler,
        release=described_release(config, serving_name, document, is_overridden=is_overridden),
        age_s=(now - history.made_at(document)).total_seconds() if document else None,
        drift=drift(config, observed),
        instances=group.instances,
        is_empty=is_empty(group),
        warnings=(*plan.warnings, *_lost_checks(config, observed)),
        standby=dict(Counter(instance.target_status.lower() for instance in group.standby_instances)),
        canary=canary_status(config, observed, read_checks),
        checks=read_checks,
        endpoints=config.endpoint_overrides,
    )


def _lost_checks(config: Config, observed: Observation) -> tuple[str, ...]:
    """Return a warning if the environment file lacks checks with which a canary was deployed."""
    rollout = step_rollout(observed)
    text = lost_checks_text(config, rollout) if rollout else ""
    return (text,) if text else ()


def status_report(status: Status, format_: Format, *, is_long: bool = False) -> str:
    """
    Return a status as text, JSON or Markdown.

    Args:
        status: the group at one moment.
        format_: format of the report.
        is_long: whether the text has full names, and the template of every instance; the other formats always do.
    """
    if format_ == "json":
        return as_json(_document(status))
    head = f"{status.group}: {status.summary}"
    rows = [_row(instance) for instance in status.instances]
    if format_ == "markdown":
        items = [f"- {escaped(line)}" for line in _lines(status, full_name)]
        charts = checks.markdown_lines(status.checks)
        return "\n".join([f"### {escaped(head)}", "", *items, "", *charts, *table.markdown(_HEAD, rows)])
    lines = wrapped(head, "", "    ")
    for line in _lines(status, full_name if is_long else short_name):
        lines += wrapped(line, "  ", "    ")
    lines += checks.text_lines(status.checks, "  ")
    columns = len(_HEAD) if is_long or {row[-1] for row in rows} - {status.release.template} else len(_HEAD) - 1
    lines += table.text(_HEAD[:columns], [row[:columns] for row in rows], "  ") if rows else []
    return "\n".join(lines)


def _document(status: Status) -> dict[str, Any]:
    """Return a status as a JSON object, in which the members of a release stand beside the others."""
    document = asdict(status)
    canary = document["canary"]
    return {
        **document.pop("release"),
        **document,
        "canary": canary and {**canary.pop("release"), **canary},
        "checks": checks.documents(status.checks),
    }


def _lines(status: Status, name: Callable[[ServedRelease], str]) -> list[str]:
    release = status.release.origin
    release += [f"{durations.age(status.age_s)} old"] if status.age_s is not None else []
    flags = [f"target {status.target_size}", f"stable {_yes(status.is_stable)}", f"reached {_yes(status.is_reached)}"]
    flags += [f"autoscaler {status.autoscaler}"] if status.autoscaler else []
    serves = f"{'set to' if status.is_empty else 'serves'} {status.release.named(name)}"
    lines = [serves] if status.release.image else []
    lines += [" · ".join(release)] if release else []
    lines += canary_lines(status.canary, name) if status.canary else []
    lines += [" · ".join(flags)]
    standby = [f"{count} {word}" for word, count in sorted(status.standby.items())]
    lines += [f"standby: {', '.join(standby)}"] if standby else []
    lines += [f"drift: {line}" for line in status.drift]
    return lines + [f"warning: {line}" for line in status.warnings]


def _row(instance: Instance) -> tuple[str, ...]:
    template_name = instance.version.template if instance.version else "leaving"
    return (instance.name, instance.status or "absent", instance.action, instance.health or "-", template_name)


def _yes(value: bool) -> str:
    return "yes" if value else "no"
