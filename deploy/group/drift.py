"""What of a group is no longer as the last deploy left it, or as the environment file has it: pure."""

from collections import Counter

from deploy.config import Config
from deploy.documents.group_state import Document, links_of, name_of
from deploy.errors import RefusedError
from deploy.group import update_policy
from deploy.group.observation import Observation
from deploy.group.version_name import parse_version_name
from deploy.release import history, template
from deploy.release.effective_reference import deciding_reference, entries_of_instances
from deploy.release.history import made_at
from deploy.release.mentions import Mention, references, rewrite
from deploy.release.record import RECORD_KEY, ReleaseRecord, parse_record


def drift(config: Config, observation: Observation) -> tuple[str, ...]:
    """Return everything that differs, one line each; empty where nothing does."""
    newer = newer_template(config, observation)
    return (
        *_reference(config, observation),
        *manual_changes(config, observation),
        *([newer] if newer else []),
        *_machines(observation),
    )


def newer_template(config: Config, observation: Observation) -> str:
    """
    Return a line about a template that nobody deployed: made by Terraform or by hand after the one that this group's
    releases descend from; empty if there is none.

    A deploy copies the template that the group has, so what changed in such a one never reaches the machines.
    """
    origin = history.origin(observation.template) if observation.template else None
    if origin is None:
        return ""
    newer = [
        other
        for other in observation.templates
        if template.release_record(other) is None
        and made_at(other) > origin.made_at
        and len(_places(other, config.repository)) == 1
    ]
    if not newer:
        return ""
    newest = max(newer, key=made_at)
    return (
        f"template '{newest['name']}' of {made_at(newest):%Y-%m-%d %H:%M} is newer than '{name_of(origin.link)}', which"
        " the releases of this group descend from: what changed in it is not deployed"
    )


def _reference(config: Config, observation: Observation) -> list[str]:
    entries = entries_of_instances(template.metadata(observation.template), observation.group.metadata_of_all)
    try:
        reference = deciding_reference(entries, config.repository).reference
    except RefusedError as error:
        return [error.message.rstrip(".")]
    if reference.digest:
        return []
    return [f"the startup script refers to the tag '{reference.tag}': what a machine runs depends on when it started"]


def manual_changes(config: Config, observation: Observation) -> tuple[str, ...]:
    """Return what differs from what the last deploy wrote, its digest aside; one line each."""
    return (*_masked(observation), *_template(observation), *_policy(config, observation))


def _masked(observation: Observation) -> list[str]:
    key = observation.group.masking_key
    return [f"allInstancesConfig has a '{key}', which hides the template's"] if key else []


def _template(observation: Observation) -> list[str]:
    """Return how the serving template differs from its base, apart from what a deploy changes."""
    serving = observation.template
    lines = []
    if (
        serving
        and template.release_record(serving) is None
        and any(map(template.release_record, observation.templates))
    ):
        lines.append(f"template '{serving['name']}' was not made by a deploy, though others were")
    # A copy that was made by hand carries the record of the release that it was copied from.
    record = parse_record(template.metadata(serving).get(RECORD_KEY, ""))
    base = record and next(
        (one for one in observation.templates if one["id"] == record.base_id and record.base in links_of(one)), None
    )
    if not record or not base:
        return lines
    where = f"differs from '{base['name']}'"
    line = _changed_line(base, record, template.metadata(serving).get("startup-script", ""))
    lines += [f"the startup script of '{serving['name']}' {where} {line}"] if line else []
    paths = template.differences(base, serving)
    return lines + ([f"template '{serving['name']}' {where} in {', '.join(paths)}"] if paths else [])


def _changed_line(base: Document, record: ReleaseRecord, script: str) -> str:
    """Return where a script differs from its base's, the digest aside; empty where it does not."""
    before = template.metadata(base).get("startup-script", "")
    found = references(before, record.repository)
    if len(found) != 1:
        return ""
    wanted = rewrite(before, found[0], record.digest)
    if script == wanted:
        return ""
    pairs = zip(script.splitlines(), wanted.splitlines(), strict=False)
    lines = [number for number, (line, other) in enumerate(pairs, start=1) if line != other]
    return f"in line {lines[0]}" if lines else "in its length"


def _policy(config: Config, observation: Observation) -> list[str]:
    now = update_policy.policy_values(observation.group.raw.get("updatePolicy") or {})
    meant = update_policy.policy_values(update_policy.rollout_policy(config.rollout))
    told = parse_version_name(observation.group.versions[0].name) if observation.group.versions else None
    if told and told.kind == "rollback":
        meant["maxSurge"] = now["maxSurge"]  # a rollback's own
    changed = [f"{key} {now[key]}, not {meant[key]}" for key in meant if now[key] != meant[key]]
    return [f"the update policy is not the environment's: {', '.join(changed)}"] if changed else []


def _machines(observation: Observation) -> list[str]:
    told = observation.group.versions[:1]
    alike = {version.template: version.link for version in told}
    lines = []
    groups = (
        ("machines", observation.group.active_instances),
        ("standby instances", observation.group.standby_instances),
    )
    for kind, instances in groups:
        others = Counter(one.version.link for one in instances if one.version and one.version not in told)
        for link, count in sorted(others.items()):
            name = name_of(link)
            lines.append(f"{count} of the {kind} are still on '{name if alike.get(name, link) == link else link}'")
    return lines


def _places(document: Document, repository: str) -> tuple[Mention, ...]:
    return references(template.metadata(document).get("startup-script", ""), repository)
