"""The plan that waits for the only version of a group: pure."""

from datetime import datetime

from deploy.config import Config
from deploy.group import health, typed_rollback
from deploy.group.boot_phases import boot_facts
from deploy.group.observation import Observation
from deploy.group.warnings import short_initial_delay
from deploy.release import template
from deploy.rollout.plan import WaitForRollout


def plan_wait(config: Config, observed: Observation, now: datetime) -> WaitForRollout:
    """
    Return the plan that waits for the version of a group, with the time of a whole rollout.

    Args:
        config: names and rollout settings of the environment.
        observed: the group and its surroundings.
        now: time of Compute Engine, UTC.
    """
    group, templates, settings = observed.group, observed.templates, config.rollout
    record = template.release_record(observed.template)
    return WaitForRollout(
        target=group.versions[0],
        fallback=record.fallback if record else None,
        is_empty=health.is_empty(group),
        budget_s=settings.budget_s(group.target_size, observed.boot.started_s),
        boot=boot_facts(observed, observed.template),
        short_delay=short_initial_delay(observed),
        restores_policy=typed_rollback.has_left_surge(settings, group, templates),
        is_judged=typed_rollback.is_judged(settings, group, templates, now),
        may_be_proven=typed_rollback.may_have_served(settings, group, templates, now),
        steps=record.steps if record else (),
    )
