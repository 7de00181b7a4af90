"""How a group differs from what the last deploy left, and from the environment file."""

from collections import Counter
from typing import Any

from deploy.config import Config
from deploy.documents.group_state import Group
from deploy.documents.resource import Document, links_of, name_of
from deploy.errors import RefusedError
from deploy.group import typed_rollback, update_policy
from deploy.group.all_instances_config import metadata_overrides
from deploy.group.health import failing_check_warnings, is_idle
from deploy.group.observation import Observation
from deploy.group.step_rollout import is_own_canary
from deploy.release import history, template
from deploy.release.history import made_at
from deploy.release.image_places import references
from deploy.release.mentions import rewrite
from deploy.release.record import RECORD_KEY, ReleaseRecord, parse_record


def drift(config: Config, observation: Observation) -> tuple[str, ...]:
    """Return each difference in a line; empty if there is none."""
    newer = newer_template(config, observation)
    return (
        *_tag_reference(config, observation),
        *manual_changes(config, observation),
        *([newer] if newer else []),
        *_outdated_instances(observation),
        *failing_check_warnings(observation.group),
    )


def newer_template(config: Config, observation: Observation) -> str:
    """
    Return a line about an unmanaged template that is newer than the origin of this group's releases.

    A deploy copies the template of the group, so a change in the newer template never reaches an instance.

    Returns:
        The line; empty if there is no such template.
    """
    origin = history.origin(observation.template) if observation.template else None
    if origin is None:
        return ""
    newer = [
        document
        for document in observation.templates
        if template.release_record(document) is None
        and made_at(document) > origin.made_at
        and template.image_reference(document, config.repository, config.image_in)
    ]
    if not newer:
        return ""
    newest = max(newer, key=made_at)
    return (
        f"template '{newest['name']}' of {made_at(newest):%Y-%m-%d %H:%M} is newer than '{name_of(origin.link)}', which"
        " the releases of this group descend from: its changes are not deployed"
    )


def manual_changes(config: Config, observation: Observation) -> tuple[str, ...]:
    """Return each difference from what the last deploy wrote, the digest aside, in a line."""
    return (*_overrides(config, observation), *_template_changes(observation), *_policy_changes(config, observation))


def _tag_reference(config: Config, observation: Observation) -> list[str]:
    try:
        places = template.image_places(observation.template, config.repository, config.image_in)
    except RefusedError as error:
        return [error.message.rstrip(".")]
    if places.reference.digest:
        return []
    tag = f"the template refers to the tag '{places.reference.tag}' ({places})"
    return [f"{tag}: the image of an instance depends on the time of its start"]


def _overrides(config: Config, observation: Observation) -> list[str]:
    entries = template.image_entries(observation.template, config.repository, config.image_in)
    overrides = metadata_overrides(config, observation.group, entries)
    return [f"allInstancesConfig has {override}" for override in overrides.values()]


def _template_changes(observation: Observation) -> list[str]:
    """Return how the template of the group differs from its base, apart from what a deploy changes."""
    serving = observation.template
    lines = []
    is_unmanaged = bool(serving) and template.release_record(serving) is None
    if is_unmanaged and any(map(template.release_record, observation.templates)):
        lines.append(f"template '{serving['name']}' was not created by a deploy, and other templates were")
    # A manual copy of a release's template carries the record of that release.
    record = parse_record(template.metadata(serving).get(RECORD_KEY, ""))
    base = record and _find_base(record, observation.templates)
    if not record or not base:
        return lines
    where = f"differs from '{base['name']}'"
    for key in record.entries:
        line = _changed_line(key, base, record, template.metadata(serving).get(key, ""))
        lines += [f"'{key}' of '{serving['name']}' {where} {line}"] if line else []
    paths = template.differences(base, serving, record.entries)
    return lines + ([f"template '{serving['name']}' {where} in {', '.join(paths)}"] if paths else [])


def _find_base(record: ReleaseRecord, templates: tuple[Document, ...]) -> Document | None:
    return next(
        (document for document in templates if document["id"] == record.base_id and record.base in links_of(document)),
        None,
    )


def _changed_line(key: str, base: Document, record: ReleaseRecord, text: str) -> str:
    """Return where an entry's text differs from its base's, the digest aside; empty if the texts are equal."""
    base_text = template.metadata(base).get(key, "")
    deployed = rewrite(base_text, references(key, base_text, record.repository), record.digest)
    if text == deployed:
        return ""
    pairs = zip(text.splitlines(), deployed.splitlines(), strict=False)
    numbers = [number for number, (line, deployed_line) in enumerate(pairs, start=1) if line != deployed_line]
    return f"in line {numbers[0]}" if numbers else "in its length"


def _policy_changes(config: Config, observation: Observation) -> list[str]:
    differences = policy_differences(config, observation.group, observation.templates)
    changes = update_policy.differences_text(differences)
    return [f"the update policy is not the environment's: {changes}"] if changes else []


def policy_differences(
    config: Config, group: Group, templates: tuple[Document, ...] = ()
) -> dict[str, tuple[Any, Any]]:
    """
    Return the members of the update policy that differ from the environment file, with the group's and its value.

    Args:
        config: rollout settings of the environment.
        group: the group.
        templates: templates of the project, which show a rollback to an unmanaged version; empty if they were not
            read.
    """
    differences = update_policy.differing_values(config.rollout, group)
    if not is_idle(group) and typed_rollback.may_have_own_surge(config.rollout, group, templates):
        differences.pop("maxSurge", None)  # a rollout has a surge of its own until it has settled
    return differences


def _outdated_instances(observation: Observation) -> list[str]:
    """Return a line for each template that instances still have and the group does not."""
    group = observation.group
    target_versions = group.versions if is_own_canary(group) else group.versions[:1]
    target_links = {version.template: version.link for version in target_versions}
    lines = []
    for kind, instances in (("instances", group.active_instances), ("standby instances", group.standby_instances)):
        outdated = Counter(
            instance.version.link
            for instance in instances
            if instance.version and instance.version not in target_versions
        )
        for link, count in sorted(outdated.items()):
            name = name_of(link)
            shown = name if target_links.get(name, link) == link else link
            lines.append(f"{count} of the {kind} are still on '{shown}'")
    return lines
