"""What a group serves, its canary with step and checks, its instances and any drift: pure."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

from deploy.analysis.reading import CheckSeries
from deploy.config import Config
from deploy.documents.canary import serving_version
from deploy.documents.group_state import Instance
from deploy.endpoints import EndpointOverride
from deploy.group.all_instances_config import metadata_overrides
from deploy.group.canary_health import is_canary_serving
from deploy.group.drift import drift
from deploy.group.health import is_empty
from deploy.group.observation import Observation
from deploy.group.step_refusals import lost_checks_text
from deploy.group.step_rollout import is_paused, lost_step_reason, share_text, step_rollout
from deploy.group.version_refusal import ABORT
from deploy.release import history, template
from deploy.report import checks, table
from deploy.report.formats import Format
from deploy.rollout.reconcile_plan import plan_reconcile
from lib.output import as_json, inline
from lib.output import markdown as escaped


@dataclass(frozen=True, kw_only=True)
class CanaryStatus:
    """
    A canary beside the release that the rest of the group serves.

    Args:
        template: name of its template.
        image: image reference in the template's metadata.
        digest: digest of that image.
        commit: commit of the release; like run and by, empty if it is not known.
        run: id of the run that deployed the release.
        by: person or account that deployed the release.
        step: number of the step that the group is at, from 1.
        steps: number of the steps; the whole group is the last one.
        share: how much of the group is on the canary, such as `1 of 3 instances`.
        is_serving: whether the canary serves from every one of these.
        pauses: whether the rollout pauses after this step until `promote` is called.
        checks_without_data: names of the checks that have no data now. If this is so at the end of the step's bake, the
            rollout pauses although the step has no pause; the group stores no such pause.
    """

    template: str
    image: str
    digest: str
    commit: str
    run: str
    by: str
    step: int
    steps: int
    share: str
    is_serving: bool
    pauses: bool
    checks_without_data: tuple[str, ...]


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
        template: name of the template that the group is set to; empty if there is none.
        image: image reference in the template's metadata; empty if the metadata does not decide it.
        digest: digest of that image; empty if the reference is a tag.
        commit: commit of the release; like run and by, empty if the template is unmanaged.
        run: id of the run that deployed the release.
        by: person or account that deployed the release.
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
    template: str
    image: str
    digest: str
    commit: str
    run: str
    by: str
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
    record = template.release_record(document)
    entries = template.image_entries(document, config.repository, config.image_in)
    is_overridden = bool(metadata_overrides(config, group, entries))
    reference = None if is_overridden else template.image_reference(document, config.repository, config.image_in)
    return Status(
        group=config.group,
        summary=f"{plan.text}. Fix: {ABORT}" if lost_step_reason(observed) else plan.text,
        target_size=group.target_size,
        is_stable=group.is_stable,
        is_reached=group.is_reached,
        autoscaler=observed.autoscaler,
        template=serving.template if (serving := serving_version(group)) else "",
        image=str(reference) if reference else "",
        digest=reference.digest if reference else "",
        commit=record.commit if record else "",
        run=record.run if record else "",
        by=record.by if record else "",
        age_s=(now - history.made_at(document)).total_seconds() if document else None,
        drift=drift(config, observed),
        instances=group.instances,
        is_empty=is_empty(group),
        warnings=(*plan.warnings, *_lost_checks(config, observed)),
        standby=dict(Counter(instance.target_status.lower() for instance in group.standby_instances)),
        canary=_canary(config, observed, read_checks),
        checks=read_checks,
        endpoints=config.endpoint_overrides,
    )


def _lost_checks(config: Config, observed: Observation) -> tuple[str, ...]:
    """Return a warning if the environment file lacks checks with which a canary was deployed."""
    rollout = step_rollout(observed)
    text = lost_checks_text(config, rollout) if rollout else ""
    return (text,) if text else ()


def _canary(config: Config, observed: Observation, read_checks: tuple[CheckSeries, ...]) -> CanaryStatus | None:
    rollout = step_rollout(observed)
    if rollout is None:
        return None
    record = rollout.record
    reference = template.image_reference(rollout.template, config.repository, config.image_in)
    return CanaryStatus(
        template=rollout.canary.new.template,
        image=str(reference) if reference else "",
        digest=record.digest,
        commit=record.commit,
        run=record.run,
        by=record.by,
        step=rollout.index + 1,
        steps=len(record.steps) + 1,
        share=share_text(observed.group, rollout.canary),
        is_serving=is_canary_serving(observed.group, rollout.canary),
        pauses=is_paused(observed.group, rollout),
        checks_without_data=checks.without_data(read_checks),
    )


def status_report(status: Status, format_: Format) -> str:
    """Return a status as text, JSON or Markdown."""
    if format_ == "json":
        return as_json({**asdict(status), "checks": checks.documents(status.checks)})
    head, lines = f"{status.group}: {status.summary}", _lines(status)
    names = ("instance", "status", "action", "health", "template")
    rows = [_row(instance) for instance in status.instances]
    if format_ == "markdown":
        items = [f"- {escaped(line)}" for line in lines]
        charts = checks.markdown_lines(status.checks)
        return "\n".join([f"### {escaped(head)}", "", *items, "", *charts, *table.markdown(names, rows)])
    shown_rows = [*checks.text_lines(status.checks), *(table.text(names, rows) if rows else [])]
    return "\n".join([inline(head), *(f"  {line}" for line in (*map(inline, lines), *shown_rows))])


def _lines(status: Status) -> list[str]:
    release = _release(status)
    release += [f"{table.age(status.age_s)} old"] if status.age_s is not None else []
    flags = [f"target {status.target_size}", f"stable {_yes(status.is_stable)}", f"reached {_yes(status.is_reached)}"]
    flags += [f"autoscaler {status.autoscaler}"] if status.autoscaler else []
    lines = [f"{'set to' if status.is_empty else 'serves'} {status.image}"] if status.image else []
    lines += [" · ".join(release)] if release else []
    lines += _canary_lines(status.canary) if status.canary else []
    lines += [" · ".join(flags)]
    standby = [f"{count} {word}" for word, count in sorted(status.standby.items())]
    lines += [f"standby: {', '.join(standby)}"] if standby else []
    lines += [f"drift: {line}" for line in status.drift]
    return lines + [f"warning: {line}" for line in status.warnings]


def _release(release: Status | CanaryStatus) -> list[str]:
    members = {"commit": release.commit[:12], "run": release.run, "by": release.by}
    return [f"{key} {value}" for key, value in members.items() if value]


def _canary_lines(canary: CanaryStatus) -> list[str]:
    state = "serves" if canary.is_serving else "does not serve yet"
    names = ", ".join(f"'{name}'" for name in canary.checks_without_data)
    no_data = [f"no data of check{'s' if ',' in names else ''} {names}"] if names else []
    unplanned = ["a pause after the bake, until `promote`, or `reconcile` with data"] if names else []
    pause = ["then a pause until `promote`"] if canary.pauses else unplanned
    step = [f"step {canary.step} of {canary.steps}", canary.share, state, *no_data, *pause]
    return [f"canary {canary.image}", " · ".join([*_release(canary), *step])]


def _row(instance: Instance) -> tuple[str, ...]:
    template_name = instance.version.template if instance.version else "leaving"
    return (instance.name, instance.status or "absent", instance.action, instance.health or "-", template_name)


def _yes(value: bool) -> str:
    return "yes" if value else "no"
