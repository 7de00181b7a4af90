"""From what is wanted and what was read to what is to be done, or why not: pure."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from deploy.config import Config
from deploy.documents.group_state import Group, Version
from deploy.documents.resource import Document, links_of
from deploy.group import health, release_proof
from deploy.group.clock_skew import clock_skew_warnings
from deploy.group.drift import manual_changes
from deploy.group.observation import Observation
from deploy.group.preflight import refuse_quota_shortage, refuse_secrets, refuse_unmet_preconditions
from deploy.group.version_name import Kind, VersionName, parse_version_name
from deploy.group.warnings import preflight_warnings, short_initial_delay
from deploy.release import history, template
from deploy.release.effective_reference import deciding_reference, entries_of_instances, refuse_undecided
from deploy.release.record import Fallback, ReleaseRecord
from lib.image_reference import Reference


@dataclass(frozen=True)
class Wanted:
    """
    What somebody asked for.

    Args:
        reference: Of the image, by digest.
        run: Of this process.
        now: UTC.
        commit: Of the sources; empty where nobody said.
        by: Who asks.
        kind: deploy or rollback.
    """

    reference: Reference
    run: str
    now: datetime
    commit: str = ""
    by: str = ""
    kind: Kind = "deploy"


@dataclass(frozen=True)
class Plan:
    """
    What is to be done.

    Args:
        action: nothing (it serves), wait (it is on its way), or roll.
        version: Entry that the group is to have in the end.
        template: Body of the template to insert; None where none is needed.
        entry: The fallback: what a rollback restores; None if nothing ever was proven.
        before: The group's version entry as it was read.
        budget_s: How long the rollout may take.
        warnings: What to know, one line each.
        is_empty: Whether the group has no instances, and is to have none.
        short_delay: What the group's initial delay is shorter than; empty if it is long enough.
        fingerprint: Of the group that the refusals were checked on.
    """

    action: Literal["nothing", "wait", "roll"]
    version: Version
    template: Document | None
    entry: Fallback | None
    before: Version
    budget_s: float
    warnings: tuple[str, ...] = ()
    is_empty: bool = False
    short_delay: str = ""
    fingerprint: str = ""


def plan(config: Config, wanted: Wanted, observed: Observation) -> Plan:
    """
    Decide on a rollout.

    Raises:
        RefusedError: A precondition does not hold; nothing was written.
        NotAllowedError: A permission is missing; every one is named.
    """
    refuse_unmet_preconditions(config, observed)
    group = observed.group
    before, known = group.versions[0], preflight_warnings(config, observed)
    budget_s, is_empty = config.rollout.budget_s(group.target_size), health.is_empty(group)
    delay = short_initial_delay(observed)
    entries = entries_of_instances(template.metadata(observed.template), group.metadata_of_all)
    refuse_undecided(entries, config.repository)
    template.script(observed.template)
    place = deciding_reference(entries, config.repository)
    if place.reference.digest == wanted.reference.digest:
        action: Literal["nothing", "wait"] = "nothing" if health.is_idle(group) else "wait"
        found = template.release_record(observed.template)
        fallback = found.fallback if found else None
        known += tuple(f"drift: {line}" for line in manual_changes(config, observed))
        return Plan(action, before, None, fallback, before, budget_s, known, is_empty, delay)
    refuse_secrets(config, observed.template)
    refuse_quota_shortage(config, observed)
    doubt = release_proof.unproven_reason(group, wanted.now)
    serving = Fallback(before.link, str(observed.template["id"]), before.name)
    going_back = history.rollback_fallback(serving, not doubt, template.release_record(observed.template))
    known += release_proof.fallback_warnings(going_back, before, doubt)
    origin = history.origin(observed.template)
    entry = ReleaseRecord(
        repository=config.repository,
        digest=wanted.reference.digest,
        base=links_of(observed.template)[0],
        base_id=str(observed.template["id"]),
        group=group.qualified_name,
        commit=wanted.commit,
        run=wanted.run,
        by=wanted.by,
        fallback=going_back,
        origin=origin.link if origin else "",
        origin_made_at=origin.made_at if origin else None,
    )
    body = template.new_template(observed.template, config.repository, wanted.reference.digest, entry)
    intent = intent_of(wanted, budget_s)
    link = f"projects/{config.project}/global/instanceTemplates/{body['name']}"
    return Plan(
        "roll",
        Version(link, str(intent)),
        body,
        going_back,
        before,
        budget_s,
        known,
        is_empty,
        delay,
        group.fingerprint,
    )


def intent_of(wanted: Wanted, budget_s: float) -> VersionName:
    """Return what the version's name will say."""
    began_at = wanted.now.replace(microsecond=0)
    release = wanted.reference.digest.removeprefix("sha256:")[:12]
    return VersionName(wanted.kind, release, wanted.run, began_at, began_at + timedelta(seconds=round(budget_s)))


@dataclass(frozen=True)
class Found:
    """
    What a dead client may have left, and what is to be done about it.

    Args:
        action: nothing, wait (ours, and within its deadline or on every machine), undo (ours, past it, and not on every
            machine), or foreign.
        text: For a person.
        version: That the group has.
        entry: The fallback: what a rollback restores.
        left_s: Seconds until its deadline; 0 where none was set.
        snapshot: The group as it was judged.
        warnings: What to know, one line each.
        short_delay: As of a plan.
    """

    action: Literal["nothing", "wait", "undo", "foreign"]
    text: str
    version: Version
    entry: Fallback | None = None
    left_s: float = 0.0
    snapshot: Group | None = None
    warnings: tuple[str, ...] = ()
    short_delay: str = ""


def reconcile(observed: Observation, now: datetime) -> Found:
    """Judge a group by what stands in it alone."""
    known = clock_skew_warnings(observed.clock_ahead_s)
    delay = short_initial_delay(observed)
    return replace(_judged(observed, now), snapshot=observed.group, warnings=known, short_delay=delay)


def _judged(observed: Observation, now: datetime) -> Found:
    version = observed.group.versions[0] if observed.group.versions else Version("")
    if health.is_idle(observed.group):
        is_empty = health.is_empty(observed.group)
        empty = f"{health.NOTHING_PROVEN}: the group is set to '{version.template}'"
        return Found("nothing", empty if is_empty else f"'{version.template}' serves from every machine", version)
    intent, release = parse_version_name(version.name), template.release_record(observed.template)
    entries = [found for one in observed.templates if (found := template.release_record(one))]
    ours = [one for one in entries if one.group == observed.group.qualified_name]
    back_from = [one for one in ours if one.fallback and one.fallback.version == version]
    if back_from and not (intent and intent.deadline_at > now):
        text = f"the way back to '{version.template}' has not settled"
        return Found("wait", text, version, release.fallback if release else None)
    if intent is None or release is None:
        named = f" (version '{version.name}')" if version.name else ""
        return Found("foreign", f"'{version.template}'{named} was not rolled out by this program", version)
    left_s = (intent.deadline_at - now).total_seconds()
    who = f"run {intent.run}" + (f" by {release.by}" if release.by else "")
    if left_s > 0:
        return Found(
            "wait",
            f"{intent.kind} of {intent.release}, {who}, has {left_s:.0f} s left",
            version,
            release.fallback,
            left_s,
        )
    if health.is_on_one_version(observed.group):
        text = f"'{version.template}' is on every machine, and the group is not settled"
        return Found("wait", text, version, release.fallback)
    text = f"{intent.kind} of {intent.release}, {who}, is {-left_s:.0f} s past its deadline"
    return Found("undo", text, version, release.fallback)
