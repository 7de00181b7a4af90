"""What a plan would change, field by field, which machines it would replace, and how long that takes: pure."""

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final

from deploy.config import Config, RolloutSettings
from deploy.documents.resource import Document, name_of
from deploy.endpoints import EndpointOverride
from deploy.group import update_policy
from deploy.group.health import NOTHING_PROVEN
from deploy.group.observation import Observation
from deploy.release import record, template
from deploy.report.formats import Format
from deploy.report.table import fenced
from deploy.rollout.plan import Plan
from lib.output import as_json, inline
from lib.output import markdown as escaped
from lib.redaction import redacted

# Of one replacement: create 15 to 45 s, pull and start, first health 5 to 10 s, delete 20 to 90 s. Source: public
# reports of zonal groups that roll with surge 1, such as openinfrastructure/terraform-google-multinic#34.
_REPLACEMENT_S: Final = (60.0, 150.0)


@dataclass(frozen=True)
class Change:
    """
    A field that would differ.

    Args:
        field: Its path; a line of the script is `startup-script line 9`.
        before: Empty where it is not there.
        after: Empty where it goes.
    """

    field: str
    before: str
    after: str


@dataclass(frozen=True)
class Preview:
    """
    What a plan would do.

    Args:
        group: Its name.
        action: nothing, wait or roll.
        before: Template that the group has.
        after: Template that it would have.
        back_to: Template that serves again if it fails; empty if there is none.
        bill: Digest of the image's bill of materials; empty if the registry has none.
        template: Fields of the new template that differ from the group's.
        policy: Fields of the update policy that differ.
        machines: That would be replaced.
        estimated_s: Shortest and longest time that this takes, the bake included, and at most budget_s.
        budget_s: When it has failed.
        warnings: What to know.
        is_empty: Whether the group has no instances, so that nothing proves a release.
        endpoints: Endpoints that are not the environment file's.
    """

    group: str
    action: str
    before: str
    after: str
    back_to: str
    bill: str
    template: tuple[Change, ...]
    policy: tuple[Change, ...]
    machines: tuple[str, ...]
    estimated_s: tuple[float, float]
    budget_s: float
    warnings: tuple[str, ...]
    is_empty: bool
    endpoints: tuple[EndpointOverride, ...]


def preview(config: Config, observed: Observation, plan: Plan, bill: str = "") -> Preview:
    """Return what a plan would do to what was observed, with an image whose bill of materials has a digest."""
    rolls = plan.action == "roll"
    machines = tuple(one.name for one in observed.group.active_instances if one.version is not None) if rolls else ()
    shortest, longest = estimated_s(len(machines), config.rollout) if rolls else (0.0, 0.0)
    now = update_policy.policy_values(observed.group.raw.get("updatePolicy") or {})
    meant = update_policy.policy_values(update_policy.rollout_policy(config.rollout)) if rolls else now
    return Preview(
        group=config.group,
        action=plan.action,
        before=plan.before.template,
        after=plan.version.template,
        back_to=plan.entry.template if plan.entry else "",
        bill=bill,
        template=tuple(_template(observed.template, plan.template)) if plan.template else (),
        policy=tuple(Change(key, str(now[key]), str(meant[key])) for key in meant if now[key] != meant[key]),
        machines=machines,
        estimated_s=(min(shortest, plan.budget_s), min(longest, plan.budget_s)),
        budget_s=plan.budget_s,
        warnings=(*plan.warnings, *_too_short(config, plan.budget_s, shortest)),
        is_empty=plan.is_empty,
        endpoints=config.endpoint_overrides,
    )


def estimated_s(machines: int, rollout: RolloutSettings) -> tuple[float, float]:
    """
    Return the shortest and longest time that a rollout takes: replacements one after the other, then the bake.

    As many machines as surge and unavailable allow are replaced at once: ceil(machines / (surge + unavailable)) times
    60 to 150 s, and `bake_s`. Source: see _REPLACEMENT_S; nothing was measured on Compute Engine.
    """
    turns = math.ceil(machines / (rollout.surge + rollout.unavailable))
    shortest, longest = (turns * each + rollout.bake_s for each in _REPLACEMENT_S)
    return shortest, longest


def shown(found: Preview, shape: Format) -> str:
    """Return a preview as text, JSON or Markdown."""
    if shape == "json":
        return as_json(asdict(found))
    head = {
        "nothing": f"{found.group}: nothing to do, {NOTHING_PROVEN if found.is_empty else 'it serves already'}",
        "wait": f"{found.group}: on its way already; deploy would wait for it",
        "roll": f"{found.group}: {found.before} → {found.after}",
    }[found.action]
    changes = [
        inline(line) for line in (*_changed("template", found.template), *_changed("update policy", found.policy))
    ]
    lines = _lines(found)
    if shape == "markdown":
        diff = ["", *fenced("diff", changes)] if changes else []
        return "\n".join([f"### {escaped(head)}", "", *(f"- {escaped(line)}" for line in lines), *diff])
    return "\n".join([inline(head), *(f"  {inline(line)}" for line in (*changes, *lines))])


def _lines(found: Preview) -> list[str]:
    lines = []
    if found.action == "roll":
        names = f": {', '.join(found.machines)}" if found.machines else ""
        lines = [
            f"replaces {len(found.machines)} machines{names}",
            _duration(found),
            f"back to {found.back_to} if it fails" if found.back_to else "nothing to go back to if it fails",
            f"bill of materials {found.bill or 'none in the registry'}",
        ]
    return lines + [f"warning: {text}" for text in found.warnings]


def _duration(found: Preview) -> str:
    """Return one estimate: a rollout never takes longer than its timeout."""
    shortest, longest, budget = (math.ceil(seconds / 60) for seconds in (*found.estimated_s, found.budget_s))
    if found.estimated_s[1] < found.budget_s:
        return f"about {shortest} to {longest} minutes; has failed after {budget}"
    return f"at most {budget} minute{'s' * (budget != 1)}, its timeout"


def _too_short(config: Config, budget_s: float, shortest_s: float) -> tuple[str, ...]:
    """Warn of a timeout that no rollout on Compute Engine keeps; an emulator, on plain HTTP, may be faster."""
    if budget_s >= shortest_s or not config.compute_url.startswith("https://"):
        return ()
    return (f"the timeout of {budget_s:.0f} s is shorter than the {shortest_s:.0f} s that this rollout usually takes",)


def _changed(title: str, changes: tuple[Change, ...]) -> Iterator[str]:
    for change in changes:
        yield f"@ {title}: {change.field}"
        if change.before:
            yield f"- {change.before}"
        if change.after:
            yield f"+ {change.after}"


def _template(base: Document, body: Document) -> Iterator[Change]:
    for field in ("name", "description"):
        if base.get(field, "") != body[field]:
            yield Change(field, base.get(field, ""), body[field])
    before, after = (_readable(document) for document in (base, body))
    for field in [*before, *(field for field in after if field not in before)]:
        if before.get(field, "") != after.get(field, ""):
            yield Change(field, redacted(before.get(field, "")), redacted(after.get(field, "")))
    for path in template.differences(base, body):
        yield Change(path, "", "differs")


def _readable(document: Document) -> dict[str, str]:
    """Return the lines of the script and the members of the release record, by what they are called."""
    found = template.metadata(document)
    lines = found.get("startup-script", "").splitlines()
    named = {f"startup-script line {number}": line.strip() for number, line in enumerate(lines, start=1)}
    release = record.parse_record(found.get(record.RECORD_KEY, ""))
    members: dict[str, Any] = asdict(release) if release else {}
    return named | {f"metadata {record.RECORD_KEY}.{key}": _text(value) for key, value in members.items()}


def _text(value: Any) -> str:
    return name_of(value["link"]) if isinstance(value, dict) else str(value or "")
