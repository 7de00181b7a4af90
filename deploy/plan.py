"""From what is wanted and what was read to what is to be done, or why not: pure."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from deploy import health, history, image, policy, proven, template
from deploy.config import Config
from deploy.errors import RefusedError
from deploy.intent import Intent, Kind, parse
from deploy.observe import Observed
from deploy.observed import Document, Group, Version, links_of
from deploy.preflight import no_room, refuse, refuse_no_room, refuse_secrets, warnings
from deploy.template import Entry


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

    reference: image.Reference
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
        entry: Whole version entry to go back to; None if nothing ever was good.
        before: The group's version entry as it was read.
        budget_s: How long the rollout may take.
        warnings: What to know, one line each.
        is_empty: Whether the group has no instances, and is to have none.
    """

    action: Literal["nothing", "wait", "roll"]
    version: Version
    template: Document | None
    entry: Version | None
    before: Version
    budget_s: float
    warnings: tuple[str, ...] = ()
    is_empty: bool = False


def plan(config: Config, wanted: Wanted, observed: Observed) -> Plan:
    """
    Decide on a rollout.

    Raises:
        RefusedError: A precondition does not hold; nothing was written.
        NotAllowedError: A permission is missing; every one is named.
    """
    refuse(config, observed)
    group = observed.group
    before, known = group.versions[0], warnings(config, observed)
    budget_s, is_empty = config.rollout.budget_s(group.target_size), health.is_empty(group)
    place = image.the_reference(template.script(observed.template), config.repository)
    if place.reference.digest == wanted.reference.digest:
        action: Literal["nothing", "wait"] = "nothing" if health.is_idle(group) else "wait"
        found = template.entry(observed.template)
        fallback = found.last_good if found else None
        return Plan(action, before, None, fallback, before, budget_s, known, is_empty)
    refuse_secrets(observed.template)
    refuse_no_room(config, observed)
    doubt = proven.doubt(group, wanted.now)
    going_back = history.last_good(before, not doubt, template.entry(observed.template))
    known += proven.elsewhere(going_back, before, doubt)
    root = history.root(observed.template)
    entry = Entry(
        repository=config.repository,
        digest=wanted.reference.digest,
        base=observed.template["name"],
        base_id=observed.template["id"],
        commit=wanted.commit,
        run=wanted.run,
        by=wanted.by,
        group=group.place,
        last_good=going_back,
        root=root.template if root else "",
        root_made_at=root.made_at.isoformat() if root else "",
    )
    body = template.copied(observed.template, config.repository, wanted.reference.digest, entry)
    intent = intent_of(wanted, budget_s)
    link = f"projects/{config.project}/global/instanceTemplates/{body['name']}"
    return Plan("roll", Version(link, str(intent)), body, going_back, before, budget_s, known, is_empty)


@dataclass(frozen=True)
class Rollback:
    """
    A way back to a release.

    Args:
        reference: That serves in the end.
        commit: Of that release; empty where nobody said.
        version: Entry that the group is to have.
        before: The group's version entry as it was read.
        budget_s: How long it may take.
        surge: Machines above the target size.
        is_needed: False if the release serves from every machine, or the group has it and no instances.
        is_empty: Whether the group has no instances, and is to have none.
        warnings: What to know, one line each.
    """

    reference: image.Reference
    commit: str
    version: Version
    before: Version
    budget_s: float
    surge: int
    is_needed: bool
    is_empty: bool
    warnings: tuple[str, ...] = ()


def rollback(
    config: Config, observed: Observed, run: str, now: datetime, to: str = "", *, force: bool = False
) -> Rollback:
    """
    Decide what to go back to, and how: with as many machines at once as the quota allows.

    Args:
        config: The environment.
        observed: What was read.
        run: Of this process.
        now: UTC.
        to: A template's name, or a digest or commit or the beginning of one; empty for the last good release before.
        force: Allow a release that never was good.

    Raises:
        RefusedError: A precondition does not hold, or there is no such release.
        NotAllowedError: A permission is missing.
    """
    refuse(config, observed)
    before, size = observed.group.versions[0], observed.group.target_size
    serving = "" if proven.doubt(observed.group, now) else before.link
    found = history.releases(observed.templates, config.repository, observed.group.place, serving)
    budget_s, is_empty = config.rollout.budget_s(size), health.is_empty(observed.group)
    surge = policy.fastest_surge(config.rollout, size, observed.surge_room)
    lacking = no_room(config, observed)
    known = (f"{lacking}: the way back may wait for it",) if lacking else ()
    entry = None if to else history.replaced(found, before.link)
    if entry is not None:
        reference = _reference(config, observed, entry)
        return Rollback(reference, "", entry, before, budget_s, surge, True, is_empty, known)
    release = history.to_go_back_to(found, before.link, to, force=force)
    reference = image.Reference(config.repository, digest=release.entry.digest)
    intent = intent_of(Wanted(reference, run, now, kind="rollback"), budget_s)
    version = Version(release.link, str(intent))
    is_needed = not release.is_in({before.link}) or not health.is_idle(observed.group)
    return Rollback(reference, release.entry.commit, version, before, budget_s, surge, is_needed, is_empty, known)


def _reference(config: Config, observed: Observed, entry: Version) -> image.Reference:
    """What a template that is nobody's release refers to, by tag maybe."""
    document = next((one for one in observed.templates if entry.link in links_of(one)), None)
    if document is None:
        raise RefusedError(
            f"rollback: template '{entry.template}', which served before, is gone.", "name a release with --to"
        )
    return image.the_reference(template.script(document), config.repository).reference


def intent_of(wanted: Wanted, budget_s: float) -> Intent:
    """Return what the version's name will say."""
    began_at = wanted.now.replace(microsecond=0)
    release = wanted.reference.digest.removeprefix("sha256:")[:12]
    return Intent(wanted.kind, release, wanted.run, began_at, began_at + timedelta(seconds=round(budget_s)))


@dataclass(frozen=True)
class Found:
    """
    What a dead client may have left, and what is to be done about it.

    Args:
        action: nothing, wait (ours, and within its deadline or on every machine), undo (ours, past it, and not on every
            machine), or foreign.
        text: For a person.
        version: That the group has.
        entry: To go back to.
        left_s: Seconds until its deadline; 0 where none was set.
        snapshot: The group as it was judged.
    """

    action: Literal["nothing", "wait", "undo", "foreign"]
    text: str
    version: Version
    entry: Version | None = None
    left_s: float = 0.0
    snapshot: Group | None = None


def reconcile(observed: Observed, now: datetime) -> Found:
    """Judge a group by what stands in it alone."""
    return replace(_judged(observed, now), snapshot=observed.group)


def _judged(observed: Observed, now: datetime) -> Found:
    version = observed.group.versions[0] if observed.group.versions else Version("")
    if health.is_idle(observed.group):
        is_empty = health.is_empty(observed.group)
        empty = f"{health.NOTHING_PROVEN}: the group is set to '{version.template}'"
        return Found("nothing", empty if is_empty else f"'{version.template}' serves from every machine", version)
    intent, release = parse(version.name), template.entry(observed.template)
    entries = [found for one in observed.templates if (found := template.entry(one))]
    back_from = [one for one in entries if one.is_of(observed.group.place) and one.last_good == version]
    if back_from and not (intent and intent.deadline_at > now):
        text = f"the way back to '{version.template}' has not settled"
        return Found("wait", text, version, release.last_good if release else None)
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
            release.last_good,
            left_s,
        )
    if health.is_landed(observed.group):
        text = f"'{version.template}' is on every machine, and the group is not settled"
        return Found("wait", text, version, release.last_good)
    text = f"{intent.kind} of {intent.release}, {who}, is {-left_s:.0f} s past its deadline"
    return Found("undo", text, version, release.last_good)
