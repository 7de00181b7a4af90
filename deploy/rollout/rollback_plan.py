"""What a typed rollback restores, and how, or why not: pure."""

from dataclasses import dataclass, replace
from datetime import datetime

from deploy.config import Config
from deploy.documents.group_state import Version
from deploy.documents.resource import links_of
from deploy.errors import RefusedError
from deploy.group import health, release_proof, update_policy
from deploy.group.observation import Observation
from deploy.group.preflight import refuse_unmet_preconditions
from deploy.group.warnings import rollback_warnings
from deploy.release import history, template
from deploy.release.effective_reference import deciding_reference, entries_of_instances
from deploy.release.record import Fallback
from deploy.rollout.plan import Wanted, intent_of
from lib.image_reference import Reference


@dataclass(frozen=True)
class Rollback:
    """
    A way back to a release.

    Args:
        reference: That serves in the end.
        commit: Of that release; empty where nobody said.
        target: What the group is to have.
        before: The group's version entry as it was read.
        budget_s: How long it may take.
        surge: Machines above the target size.
        is_needed: False if the release serves from every machine, or the group has it and no instances.
        is_empty: Whether the group has no instances, and is to have none.
        fingerprint: Of the group that the refusals were checked on.
        warnings: What to know, one line each.
    """

    reference: Reference
    commit: str
    target: Fallback
    before: Version
    budget_s: float
    surge: int
    is_needed: bool
    is_empty: bool
    fingerprint: str
    warnings: tuple[str, ...] = ()

    @property
    def version(self) -> Version:
        """Entry that the group is to have."""
        return self.target.version


def plan_rollback(
    config: Config, observed: Observation, run: str, now: datetime, to: str = "", *, force: bool = False
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
    refuse_unmet_preconditions(config, observed)
    before, size = observed.group.versions[0], observed.group.target_size
    serving = "" if release_proof.unproven_reason(observed.group, now) else before.link
    found = history.releases(observed.templates, config.repository, observed.group.qualified_name, serving)
    budget_s, is_empty = config.rollout.budget_s(size), health.is_empty(observed.group)
    surge = update_policy.rollback_surge(config.rollout, size, observed.surge_room)
    known = rollback_warnings(config, observed)
    first = None if to else history.unmanaged_predecessor(found, before.link)
    if first is not None:
        reference = _reference(config, observed, first)
        return Rollback(
            reference, "", first, before, budget_s, surge, True, is_empty, observed.group.fingerprint, known
        )
    release = history.rollback_release(found, before.link, to, force=force)
    target = Fallback(release.link, release.template_id)
    reference = _reference(config, observed, target)
    intent = intent_of(Wanted(reference, run, now, kind="rollback"), budget_s)
    target = replace(target, name=str(intent))
    is_needed = not release.is_in({before.link}) or not health.is_idle(observed.group)
    commit, fingerprint = release.record.commit, observed.group.fingerprint
    return Rollback(reference, commit, target, before, budget_s, surge, is_needed, is_empty, fingerprint, known)


def _reference(config: Config, observed: Observation, target: Fallback) -> Reference:
    """
    Return the reference that the template of a rollback holds, by tag where the template is unmanaged.

    Raises:
        RefusedError: The template is gone, or another one has its link.
    """
    where, fix = f"rollback: template '{target.template}', which served before,", "name a release with --to"
    document = next((one for one in observed.templates if target.link in links_of(one)), None)
    if document is None:
        raise RefusedError(f"{where} is gone.", fix)
    if str(document["id"]) != target.template_id:
        raise RefusedError(
            f"{where} was deleted and created again: its id was {target.template_id}, and is {document['id']}.", fix
        )
    entries = entries_of_instances(template.metadata(document), observed.group.metadata_of_all)
    return deciding_reference(entries, config.repository).reference
