"""The plan of a typed rollback: which release it restores and how, or the reason for a refusal; pure."""

from dataclasses import dataclass, replace
from datetime import datetime

from deploy.config import Config
from deploy.documents.resource import find_by_link
from deploy.errors import RefusedError
from deploy.group import health, release_proof, typed_rollback, update_policy
from deploy.group.observation import Observation
from deploy.group.policy_refusals import replaced_policy_warnings
from deploy.group.preflight import refuse_group_settings, refuse_unmet_preconditions
from deploy.group.version_name import version_name
from deploy.group.warnings import rollback_warnings
from deploy.release import history, template
from deploy.release.image_places import ImagePlaces
from deploy.release.record import Fallback
from deploy.rollout.plan import NothingToDo, RestoreRelease, RollbackPlan
from lib.image_reference import Reference


@dataclass(frozen=True, kw_only=True)
class RollbackTarget:
    """
    The release that a rollback restores.

    Args:
        restored: version of the release. Its name is empty, unless the version is restored as it was.
        reference: image of the release, by tag if the template is unmanaged and has a tag.
        image_entries: metadata entries of the release's template that hold the image.
        commit: commit of the sources; empty if it is not known.
        keeps_version: whether the version is restored as it was: the unmanaged one that the first release of the group
            replaced.
        is_current: whether the group is set to the release already.
    """

    restored: Fallback
    reference: Reference
    image_entries: tuple[str, ...]
    commit: str = ""
    keeps_version: bool = False
    is_current: bool = False


def choose_rollback_target(
    config: Config, observed: Observation, now: datetime, to: str = "", *, force: bool = False
) -> RollbackTarget:
    """
    Choose the release that a rollback restores.

    Args:
        config: names and rollout settings of the environment.
        observed: the group and its surroundings.
        now: time of Compute Engine, UTC.
        to: a template's name, or the beginning of a digest or commit; empty for the last proven release before.
        force: whether an unproven release is allowed.

    Raises:
        RefusedError: a precondition does not hold, or there is no such release.
        NotAllowedError: permissions are missing.
    """
    refuse_unmet_preconditions(config, observed, is_rollback=True)
    before = observed.group.versions[0]
    serving = "" if release_proof.unproven_reason(observed.group, now) else before.link
    releases = history.releases(observed.templates, config.repository, observed.group.qualified_name, serving)
    first = None if to else history.unmanaged_predecessor(releases, before.link)
    if first is not None:
        places = _image_places(config, observed, first)
        return RollbackTarget(
            restored=first, reference=places.reference, image_entries=places.entries, keeps_version=True
        )
    release = history.rollback_release(releases, before.link, to, force=force)
    restored = Fallback(release.link, release.template_id)
    places = _image_places(config, observed, restored)
    return RollbackTarget(
        restored=restored,
        reference=places.reference,
        image_entries=places.entries,
        commit=release.record.commit,
        is_current=release.is_in({before.link}),
    )


def plan_rollback(
    config: Config, observed: Observation, chosen: RollbackTarget, run: str, now: datetime
) -> RollbackPlan:
    """
    Decide how a rollback restores a release: with as many instances at once as the quota allows.

    Args:
        config: names and rollout settings of the environment.
        observed: the group and its surroundings.
        chosen: release to restore.
        run: id of the run that rolls back.
        now: time of Compute Engine, UTC.
    """
    group = observed.group
    is_empty, budget_s = health.is_empty(group), config.rollout.budget_s(group.target_size)
    if chosen.is_current and health.is_idle(group):
        restores_policy = typed_rollback.has_left_surge(config.rollout, group, observed.templates)
        warnings = rollback_warnings(observed, surge=0)
        return NothingToDo(
            target=group.versions[0], is_empty=is_empty, restores_policy=restores_policy, warnings=warnings
        )
    restored = chosen.restored
    if not chosen.keeps_version:
        name = version_name("rollback", chosen.reference.digest, run, now, budget_s)
        restored = replace(restored, name=str(name))
    zones, size = len(group.zones), group.target_size
    surge = update_policy.largest_surge(config.rollout, zones, size, observed.surge_room)
    most = config.rollout.surge_in(zones).instances(size) if surge is None else surge
    return RestoreRelease(
        restored=restored,
        image_entries=chosen.image_entries,
        before=group.versions[0],
        fingerprint=group.fingerprint,
        surge=surge,
        is_empty=is_empty,
        budget_s=budget_s,
        warnings=(*rollback_warnings(observed, most), *replaced_policy_warnings(config, group)),
    )


def _image_places(config: Config, observed: Observation, restored: Fallback) -> ImagePlaces:
    """
    Return the places of the image in the template of a rollback.

    Raises:
        RefusedError: the template was deleted, or was deleted and created again, or its metadata does not decide which
            image an instance starts.
    """
    where = f"rollback: template '{restored.template}', which served before,"
    fix = "name a release: `rollback --to TEMPLATE`"
    document = find_by_link(observed.templates, restored.link)
    if document is None:
        raise RefusedError(f"{where} was deleted.", fix)
    if str(document["id"]) != restored.template_id:
        text = f"was deleted and created again: its id was {restored.template_id}, and is {document['id']}"
        raise RefusedError(f"{where} {text}.", fix)
    places = template.image_places(document, config.repository, config.image_in)
    refuse_group_settings(config, observed.group, observed.health_check, places.entries, is_rollback=True)
    return places
