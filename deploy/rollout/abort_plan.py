"""
The plan that restores the version beside a canary, for `abort` and `rollback`: pure.

Nothing but the canary itself and the template beside it is needed: a size that another client set, a lost release
record, or a setting that a release would be refused for, must not prevent an abort.
"""

from deploy.config import Config
from deploy.documents.canary import canary_of, serving_version
from deploy.documents.group_state import Group
from deploy.group import health
from deploy.group.observation import Observation
from deploy.group.policy_refusals import replaced_policy_warnings
from deploy.group.preflight import foreign_template, group_refusals
from deploy.group.step_rollout import is_own_canary
from deploy.group.version_refusal import no_canary
from deploy.group.warnings import rollback_warnings
from deploy.release.record import Fallback
from deploy.release.template import image_entries
from deploy.rollout.plan import RestoreRelease


def is_abort(group: Group, to: str) -> bool:
    """
    Return whether a rollback aborts a canary of `deploy`.

    Args:
        group: the group.
        to: template, digest or commit of the rollback; empty for none.
    """
    old = serving_version(group)
    return is_own_canary(group) and old is not None and to in ("", old.template)


def plan_abort(config: Config, observed: Observation) -> RestoreRelease:
    """
    Decide how the version beside a canary is restored: as it is, with the surge of the environment file.

    Args:
        config: names and rollout settings of the environment.
        observed: the group and its surroundings.

    Raises:
        RefusedError: the group has no canary of `deploy`, or the template of the version beside it was not found.
    """
    group, canary = observed.group, canary_of(observed.group)
    if canary is None or not is_own_canary(group):
        raise no_canary(config, group, "abort")
    if not observed.template:
        raise foreign_template(config, group)
    surge = config.rollout.surge_in(len(group.zones)).instances(group.target_size)
    return RestoreRelease(
        restored=Fallback(canary.old.link, str(observed.template["id"]), canary.old.name),
        image_entries=(),
        before=canary,
        fingerprint=None,
        surge=None,
        is_empty=health.is_empty(group),
        budget_s=config.rollout.rollback_budget_s(group.target_size),
        warnings=(
            *rollback_warnings(observed, surge),
            *replaced_policy_warnings(config, group),
            *_unmet_preconditions(config, observed),
        ),
    )


def _unmet_preconditions(config: Config, observed: Observation) -> tuple[str, ...]:
    """Return what a release would be refused for, and this plan is not."""
    group, entries = observed.group, image_entries(observed.template, config.repository, config.image_in)
    refusals = group_refusals(config, group, observed.health_check, entries, planned=canary_of(group), is_rollback=True)
    return tuple(f"{refusal.message.rstrip('.')}. Fix: {refusal.fix}" for refusal in refusals)
