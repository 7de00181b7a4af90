"""What a deploy would change, field by field, which instances it would replace, and how long that takes: pure."""

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Final, Literal

from deploy.config import Config
from deploy.documents.canary import serving_version
from deploy.documents.group_state import Group
from deploy.endpoints import EndpointOverride
from deploy.group import replacement, update_policy
from deploy.group.health import NOTHING_PROVEN
from deploy.group.observation import Observation
from deploy.release.steps import Step
from deploy.report.formats import Format
from deploy.report.lines import wrapped
from deploy.report.table import fenced
from deploy.report.template_changes import Change, template_changes
from deploy.rollout.plan import ContinueSteps, DeployPlan, DeployRelease, NothingToDo
from lib.output import as_json, inline
from lib.output import markdown as escaped

# Of one replacement: create 15 to 45 s, pull and start, first health 5 to 10 s, delete 20 to 90 s; the longest time is
# that of `RolloutSettings.budget_s`. Source: public reports of zonal groups that roll with surge 1, such as
# openinfrastructure/terraform-google-multinic#34, read on 2026-11-23.
_REPLACEMENT_S: Final = (60.0, 240.0)


@dataclass(frozen=True, kw_only=True)
class Preview:
    """
    What a deploy would do.

    Args:
        group: name of the group.
        action: nothing, wait or roll.
        before: name of the template that the group has.
        target: name of the template that the group would have.
        fallback: name of the template that is restored on a failure; empty if there is none.
        bill_of_materials: digest of the image's bill of materials; empty if the registry has none.
        template: fields of the new template that differ from the group's.
        update_policy: fields of the update policy that differ.
        instances: names of the instances that would be replaced.
        surge: instances above the target size during the rollout, by `surge: auto`; None for the update policy's.
        keeps_names: whether a new instance gets the name of the one that it replaces.
        missing: number of instances by which the capacity falls at most.
        target_size: number of running instances that the group works towards.
        estimated_s: shortest and longest time that this takes, the bake included, and at most budget_s.
        budget_s: seconds after which the rollout has failed; with steps, the sum of those of each step.
        steps: parts of the group that get the release one after the other; empty for all of it at once.
        step: number of the step that the group is at, from 1; 0 before the first one.
        warnings: facts that the operator should read, one line each.
        is_empty: whether the group has no instances, so that nothing proves a release.
        endpoints: endpoints that differ from the environment file.
    """

    group: str
    action: Literal["nothing", "wait", "roll"]
    before: str
    target: str
    fallback: str
    bill_of_materials: str
    template: tuple[Change, ...]
    update_policy: tuple[Change, ...]
    instances: tuple[str, ...]
    surge: int | None
    keeps_names: bool
    missing: int
    target_size: int
    estimated_s: tuple[float, float]
    budget_s: float
    steps: tuple[Step, ...]
    step: int
    warnings: tuple[str, ...]
    is_empty: bool
    endpoints: tuple[EndpointOverride, ...]


def preview(config: Config, observed: Observation, plan: DeployPlan, bill_of_materials: str = "") -> Preview:
    """
    Return what a plan would do.

    Args:
        config: names and rollout settings of the environment.
        observed: the group and its surroundings.
        plan: plan of a deploy.
        bill_of_materials: digest of the image's bill of materials; empty if the registry has none.
    """
    group = observed.group
    steps = plan.steps if isinstance(plan, DeployRelease | ContinueSteps) else ()
    started_s = None if isinstance(plan, NothingToDo) else plan.boot.started_s
    budget_s = _budget_s(config, group, steps, started_s)
    instances: tuple[str, ...] = ()
    shortest_s, longest_s = 0.0, 0.0
    changes: tuple[Change, ...] = ()
    policy_changes: tuple[Change, ...] = ()
    surge: int | None = None
    if isinstance(plan, DeployRelease):
        instances = tuple(instance.name for instance in group.active_instances if instance.version is not None)
        shortest_s, longest_s = estimated_s(
            len(instances),
            replacement.replaced_at_once(config, group, plan.surge),
            sum(map(config.rollout.judged_bake_s, (config.rollout.bake_s, *(step.bake_s for step in plan.steps)))),
        )
        changes = tuple(template_changes(observed.template, plan.template))
        policy_changes, surge = _policy_changes(config, group), plan.surge
    return Preview(
        group=config.group,
        action="nothing" if isinstance(plan, NothingToDo) else "roll" if isinstance(plan, DeployRelease) else "wait",
        before=serving.template if (serving := serving_version(group)) else "",
        target=plan.target.template,
        fallback=plan.fallback.template if plan.fallback else "",
        bill_of_materials=bill_of_materials,
        template=changes,
        update_policy=policy_changes,
        instances=instances,
        surge=surge,
        keeps_names=config.rollout.method == "RECREATE",
        missing=replacement.missing_instances(config, group),
        target_size=group.target_size,
        estimated_s=(min(shortest_s, budget_s), min(longest_s, budget_s)),
        budget_s=budget_s,
        steps=steps,
        step=plan.index + 1 if isinstance(plan, ContinueSteps) else 0,
        warnings=(*plan.warnings, *_timeout_warnings(config, budget_s, shortest_s)),
        is_empty=plan.is_empty,
        endpoints=config.endpoint_overrides,
    )


def _budget_s(config: Config, group: Group, steps: tuple[Step, ...], started_s: float | None) -> float:
    sizes = [*(step.count.instances(group.target_size) for step in steps), group.target_size]
    return sum(config.rollout.budget_s(size, started_s) for size in sizes)


def estimated_s(instances: int, at_once: int, bake_s: float) -> tuple[float, float]:
    """
    Return the shortest and longest time that a rollout takes: replacements one after the other, then the bake.

    As many instances as surge and unavailable allow are replaced at once: ceil(instances / at_once) times 60 to 240 s,
    and the bake. Source: see _REPLACEMENT_S; nothing was measured on Compute Engine.

    Args:
        instances: number of instances to replace.
        at_once: number of instances that are replaced at the same time.
        bake_s: seconds that success must last.
    """
    waves = math.ceil(instances / at_once)
    shortest_s, longest_s = (waves * seconds + bake_s for seconds in _REPLACEMENT_S)
    return shortest_s, longest_s


def preview_report(preview: Preview, format_: Format) -> str:
    """Return a preview as text, JSON or Markdown."""
    if format_ == "json":
        return as_json(asdict(preview))
    head = {
        "nothing": f"{preview.group}: nothing to do, {NOTHING_PROVEN if preview.is_empty else 'it serves already'}",
        "wait": f"{preview.group}: a rollout of this release has begun already; deploy would {_wait(preview)}",
        "roll": f"{preview.group}: {preview.before} → {preview.target}",
    }[preview.action]
    diff = (*_diff("template", preview.template), *_diff("update policy", preview.update_policy))
    changes = [inline(line) for line in diff]
    lines = _lines(preview)
    if format_ == "markdown":
        block = ["", *fenced("diff", changes)] if changes else []
        return "\n".join([f"### {escaped(head)}", "", *(f"- {escaped(line)}" for line in lines), *block])
    shown = [row for line in (*changes, *lines) for row in wrapped(line, "  ", "      ")]
    return "\n".join([*wrapped(head, "", "    "), *shown])


def _wait(preview: Preview) -> str:
    return f"go on with step {preview.step} of {len(preview.steps) + 1}" if preview.step else "wait for it"


def _lines(preview: Preview) -> list[str]:
    lines = []
    if preview.action == "roll":
        count = len(preview.instances)
        names = f": {', '.join(preview.instances)}" if preview.instances else ""
        verb = "recreates" if preview.keeps_names else "replaces"
        lines = [
            f"{verb} {count} instance{'s' * (count != 1)}{names}",
            *_steps(preview),
            *_surge(preview),
            *_capacity(preview),
            _duration(preview),
            f"restores {preview.fallback} on a failure"
            if preview.fallback
            else "has no release to restore on a failure",
            f"bill of materials {preview.bill_of_materials or 'none in the registry'}",
        ]
    return lines + [f"warning: {text}" for text in preview.warnings]


def _surge(preview: Preview) -> list[str]:
    """Return a line about the surge during the rollout, if it is not that of the update policy."""
    if preview.surge is None:
        return []
    return [f"creates up to {preview.surge} instances at once, then sets the update policy again"]


def _steps(preview: Preview) -> list[str]:
    """Return a line for each step of a rollout with steps."""
    shares = [*map(str, preview.steps), "the whole group"] if preview.steps else []
    return [f"step {number} of {len(shares)}: {share}" for number, share in enumerate(shares, start=1)]


def _capacity(preview: Preview) -> list[str]:
    """Return a line about the capacity during the rollout, if it falls."""
    if not (preview.missing and preview.instances):
        return []
    size = preview.target_size
    line = f"the capacity falls by up to {preview.missing} of {size} instance{'s' * (size != 1)}"
    return [f"{line}: no instance may serve meanwhile" if preview.missing >= size else line]


def _duration(preview: Preview) -> str:
    """Return the estimate: a rollout never takes longer than its timeout."""
    shortest, longest, budget = (math.ceil(seconds / 60) for seconds in (*preview.estimated_s, preview.budget_s))
    if preview.estimated_s[1] < preview.budget_s:
        return f"about {shortest} to {longest} minutes; failed after {budget}"
    return f"at most {budget} minute{'s' * (budget != 1)}, its timeout"


def _timeout_warnings(config: Config, budget_s: float, shortest_s: float) -> tuple[str, ...]:
    """Warn of a timeout that no rollout on Compute Engine keeps; an emulator, on plain HTTP, may be faster."""
    if budget_s >= shortest_s or not config.compute_url.startswith("https://"):
        return ()
    return (f"the timeout of {budget_s:.0f} s is shorter than the {shortest_s:.0f} s that this rollout usually takes",)


def _policy_changes(config: Config, group: Group) -> tuple[Change, ...]:
    differences = update_policy.differing_values(config.rollout, group)
    return tuple(Change(key, str(before), str(after)) for key, (before, after) in differences.items())


def _diff(title: str, changes: tuple[Change, ...]) -> Iterator[str]:
    for change in changes:
        yield f"@ {title}: {change.field}"
        if change.before:
            yield f"- {change.before}"
        if change.after:
            yield f"+ {change.after}"
