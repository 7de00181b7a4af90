"""The result of a group's last rollout if no run left one: read from the group and its templates; pure."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from deploy.config import Config
from deploy.documents.group_state import Group, Version
from deploy.documents.resource import find_by_link
from deploy.group import version_name
from deploy.group.canary_health import is_canary_serving
from deploy.group.health import is_empty, is_idle
from deploy.group.observation import Observation
from deploy.group.step_rollout import StepRollout, is_paused, lost_step_reason, share_text, step_rollout
from deploy.group.version_refusal import ABORT
from deploy.release import template
from deploy.release.history import made_at
from deploy.rollout.reconcile_plan import plan_reconcile
from deploy.rollout.result import Pause, RolloutResult, RunResult
from deploy.rollout.served_release import served_release
from deploy.rollout.timeline import Timeline

_NO_VERSION: Final = Version("")


def rebuilt_result(config: Config, environment: str, observed: Observation, now: datetime) -> RunResult:
    """
    Return the last rollout as far as the group shows it: the release it serves, since when, from which template.

    The exit code is 0 if the group serves one release from every instance, has no instances, or is at a pause of a
    rollout with steps; and else None: unknown.

    Args:
        config: names and rollout settings of the environment.
        environment: name of the environment file.
        observed: the group and its surroundings.
        now: time of Compute Engine, UTC.
    """
    group, rollout = observed.group, step_rollout(observed)
    first = group.versions[0] if group.versions else _NO_VERSION
    target, document = (rollout.canary.new, rollout.template) if rollout else (first, observed.template)
    parsed_name, record = version_name.parse_version_name(target.name), template.release_record(document)
    plan = plan_reconcile(config, observed, now)
    fallback = rollout.old if rollout else record and record.fallback
    before = fallback.version if fallback else _NO_VERSION
    base = find_by_link(observed.templates, before.link)
    pause = _pause(group, rollout) if rollout else None
    is_complete = is_idle(group) or pause is not None
    # No poll has shown when an instance was in which state.
    instances = Timeline().add(group, target, 0.0).instances
    template_made_at = made_at(document) if document else now
    return RunResult(
        verb=parsed_name.kind if parsed_name else "rollout",
        environment=environment,
        project=config.project,
        zone=config.zone or "",
        region=config.region or "",
        group=config.group,
        run=parsed_name.run if parsed_name else "",
        began_at=parsed_name.began_at if parsed_name else template_made_at,
        exit_code=0 if is_complete else None,
        before=served_release(base, config.repository, config.image_in) if base else None,
        target=served_release(document, config.repository, config.image_in),
        rollout=RolloutResult(
            changed=False,
            target=target,
            before=before,
            instances=tuple(replace(times, running_s=None, healthy_s=None) for times in instances),
            warnings=plan.warnings,
            is_empty=is_empty(group),
            pause=pause,
        ),
        message="" if is_complete else f"{plan.text}.",
        fix=ABORT if lost_step_reason(observed) else "",
        is_rebuilt=True,
        compute_url=config.compute_url,
        endpoints=config.endpoint_overrides,
    )


def _pause(group: Group, rollout: StepRollout) -> Pause | None:
    """Return the pause that a group is at; None if its step has none, or its canary does not serve."""
    if not (is_paused(group, rollout) and is_canary_serving(group, rollout.canary)):
        return None
    return Pause(rollout.index + 1, len(rollout.record.steps) + 1, share_text(group, rollout.canary))
