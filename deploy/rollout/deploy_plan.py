"""The plan of a deploy, from the request and an observation of the group, or the reason for a refusal: pure."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from deploy.config import Config
from deploy.documents.group_state import Version
from deploy.documents.resource import links_of
from deploy.group import health, release_proof, typed_rollback
from deploy.group.boot_phases import boot_facts
from deploy.group.drift import manual_changes
from deploy.group.observation import Observation
from deploy.group.preflight import refuse_quota_shortage, refuse_secrets, refuse_unmet_preconditions
from deploy.group.replacement import auto_surge
from deploy.group.step_refusals import refuse_steps
from deploy.group.step_rollout import step_rollout
from deploy.group.version_name import version_name
from deploy.group.warnings import preflight_warnings, short_initial_delay
from deploy.release import history, template
from deploy.release.image_places import find_image
from deploy.release.record import Fallback, ReleaseRecord
from deploy.rollout.plan import DeployPlan, DeployRelease, NothingToDo, WaitForRollout
from deploy.rollout.step_plan import plan_steps
from deploy.rollout.wait_plan import plan_wait
from lib.image_reference import Reference

_UNKNOWN_BAKE: Final = "the end of the last bake is not recorded; after an interrupted run, `reconcile` bakes again"


@dataclass(frozen=True, kw_only=True)
class DeployRequest:
    """
    The request of a deploy.

    Args:
        reference: image to serve, by digest.
        run: id of the run that deploys.
        now: time of Compute Engine, UTC.
        commit: commit of the sources; empty if it is not known.
        by: person or account that asked for the deploy; empty if it is not known.
    """

    reference: Reference
    run: str
    now: datetime
    commit: str = ""
    by: str = ""


def plan_deploy(config: Config, request: DeployRequest, observed: Observation) -> DeployPlan:
    """
    Decide what a deploy does.

    Raises:
        RefusedError: a precondition does not hold; nothing was written.
        NotAllowedError: permissions are missing; the text lists all of them.
    """
    rollout = step_rollout(observed)
    if rollout and rollout.record.digest == request.reference.digest:
        return plan_steps(config, observed, rollout)
    refuse_unmet_preconditions(config, observed)
    places = find_image(template.metadata(observed.template), config.repository, config.image_in)
    if places.reference.digest == request.reference.digest:
        return plan_same_release(config, observed, request.now)
    return _plan_new_release(config, request, observed, places.entries)


def plan_same_release(config: Config, observed: Observation, now: datetime) -> NothingToDo | WaitForRollout:
    """
    Decide what to do with a group that is set to the requested release alone.

    Args:
        config: names and rollout settings of the environment.
        observed: the group and its surroundings.
        now: time of Compute Engine, UTC.
    """
    group, waiting = observed.group, plan_wait(config, observed, now)
    drift = tuple(f"drift: {line}" for line in manual_changes(config, observed))
    known = (*preflight_warnings(config, observed), *drift)
    may_bake = typed_rollback.may_be_in_last_bake(config.rollout, group, observed.templates, now)
    if not health.is_idle(group) or (may_bake and waiting.restores_policy):
        return replace(waiting, warnings=known)
    return NothingToDo(
        target=waiting.target,
        fallback=waiting.fallback,
        is_empty=waiting.is_empty,
        restores_policy=waiting.restores_policy,
        warnings=(*known, _UNKNOWN_BAKE) if may_bake else known,
    )


def _plan_new_release(
    config: Config, request: DeployRequest, observed: Observation, image_entries: tuple[str, ...]
) -> DeployRelease:
    refuse_steps(config, observed.group, request.now)
    refuse_secrets(config, observed.template)
    refuse_quota_shortage(config, observed)
    group, before = observed.group, observed.group.versions[0]
    reason = release_proof.unproven_reason(group, request.now)
    serving = Fallback(before.link, str(observed.template["id"]), before.name)
    fallback = history.rollback_fallback(serving, not reason, template.release_record(observed.template))
    body = template.new_template(observed.template, _record(config, request, observed, fallback), config.image_in)
    boot = boot_facts(observed, body)
    budget_s = config.rollout.budget_s(group.target_size, boot.started_s)
    steps = config.rollout.release_steps
    name = version_name("deploy", request.reference.digest, request.run, request.now, None if steps else budget_s)
    link = f"{links_of(observed.template)[0].rpartition('/')[0]}/{body['name']}"
    return DeployRelease(
        target=Version(link, str(name)),
        before=before,
        fingerprint=group.fingerprint,
        template=body,
        image_entries=image_entries,
        fallback=fallback,
        is_empty=health.is_empty(group),
        budget_s=budget_s,
        steps=steps,
        surge=auto_surge(config, observed),
        boot=boot,
        short_delay=short_initial_delay(observed),
        warnings=(*preflight_warnings(config, observed), *release_proof.fallback_warnings(fallback, before, reason)),
    )


def _record(config: Config, request: DeployRequest, observed: Observation, fallback: Fallback | None) -> ReleaseRecord:
    origin = history.origin(observed.template)
    return ReleaseRecord(
        repository=config.repository,
        digest=request.reference.digest,
        base=links_of(observed.template)[0],
        base_id=str(observed.template["id"]),
        group=observed.group.qualified_name,
        commit=request.commit,
        run=request.run,
        by=request.by,
        fallback=fallback,
        origin=origin.link if origin else "",
        origin_made_at=origin.made_at if origin else None,
        steps=config.rollout.release_steps,
        checks=config.rollout.check_names if config.rollout.steps else (),
        boot=observed.boot,
    )
