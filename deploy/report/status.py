"""What a group serves, since when, and what of it is not as it should be: pure."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

from deploy.config import Config
from deploy.documents.group_state import Instance
from deploy.endpoints import EndpointOverride
from deploy.group.drift import drift
from deploy.group.health import is_empty
from deploy.group.observation import Observation
from deploy.release import history, template
from deploy.release.effective_reference import decided_reference, entries_of_instances
from deploy.report import table
from deploy.report.formats import Format
from deploy.rollout.plan import reconcile
from lib.output import as_json, inline
from lib.output import markdown as escaped


@dataclass(frozen=True)
class Status:
    """
    A group at one moment.

    Args:
        group: Its name.
        says: What it does, in one sentence.
        target_size: Machines that it is to have.
        is_stable: Nothing happens, and nothing is about to.
        is_reached: Every machine that stays is meant to be of its version.
        autoscaler: Name; empty if there is none.
        template: That it is told to serve.
        image: Reference in its startup script; empty where the metadata does not decide it.
        digest: Of that image; empty where the reference is a tag.
        commit: Of the release; like run and by, empty where the template is nobody's release.
        run: Of the deploy that made it.
        by: Who ran that.
        age_s: Since the template was made; None where it could not be read.
        drift: One line each.
        machines: All of them.
        is_empty: Whether the group has no running instances, and is to have none.
        warnings: What to know, one line each.
        standby: How many of them the group keeps suspended or stopped, by that word; they count for no verdict.
        endpoints: Endpoints that are not the environment file's.
    """

    group: str
    says: str
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
    machines: tuple[Instance, ...]
    is_empty: bool
    warnings: tuple[str, ...]
    standby: Mapping[str, int]
    endpoints: tuple[EndpointOverride, ...]


def status(config: Config, observed: Observation, now: datetime) -> Status:
    """Return what a group is like."""
    serving, group, found = observed.template, observed.group, reconcile(observed, now)
    entry = template.release_record(serving)
    entries = entries_of_instances(template.metadata(serving), group.metadata_of_all)
    reference = decided_reference(entries, config.repository)
    return Status(
        group=config.group,
        says=found.text,
        target_size=group.target_size,
        is_stable=group.is_stable,
        is_reached=group.is_reached,
        autoscaler=observed.autoscaler,
        template=group.versions[0].template if group.versions else "",
        image=str(reference) if reference else "",
        digest=reference.digest if reference else "",
        commit=entry.commit if entry else "",
        run=entry.run if entry else "",
        by=entry.by if entry else "",
        age_s=(now - history.made_at(serving)).total_seconds() if serving else None,
        drift=drift(config, observed),
        machines=group.instances,
        is_empty=is_empty(group),
        warnings=found.warnings,
        standby=dict(Counter(instance.target_status.lower() for instance in group.standby_instances)),
        endpoints=config.endpoint_overrides,
    )


def shown(found: Status, shape: Format) -> str:
    """Return a status as text, JSON or Markdown."""
    if shape == "json":
        return as_json(asdict(found))
    head, lines = f"{found.group}: {found.says}", _lines(found)
    names = ("machine", "status", "action", "health", "template")
    rows = [_row(machine) for machine in found.machines]
    if shape == "markdown":
        items = [f"- {escaped(line)}" for line in lines]
        return "\n".join([f"### {escaped(head)}", "", *items, "", *table.markdown(names, rows)])
    shown_rows = table.text(names, rows) if rows else []
    return "\n".join([inline(head), *(f"  {line}" for line in (*map(inline, lines), *shown_rows))])


def _lines(found: Status) -> list[str]:
    made = {"commit": found.commit[:12], "run": found.run, "by": found.by}
    release = [f"{key} {value}" for key, value in made.items() if value]
    release += [f"{table.age(found.age_s)} old"] if found.age_s is not None else []
    flags = [f"target {found.target_size}", f"stable {_yes(found.is_stable)}", f"reached {_yes(found.is_reached)}"]
    flags += [f"autoscaler {found.autoscaler}"] if found.autoscaler else []
    lines = [f"{'set to' if found.is_empty else 'serves'} {found.image}"] if found.image else []
    lines += [" · ".join(part) for part in (release, flags) if part]
    kept = [f"{count} {word}" for word, count in sorted(found.standby.items())]
    lines += [f"standby: {', '.join(kept)}"] if kept else []
    lines += [f"drift: {line}" for line in found.drift]
    return lines + [f"warning: {line}" for line in found.warnings]


def _row(machine: Instance) -> tuple[str, ...]:
    going_to = machine.version.template if machine.version else "leaving"
    return (machine.name, machine.status or "absent", machine.action, machine.health or "-", going_to)


def _yes(value: bool) -> str:
    return "yes" if value else "no"
