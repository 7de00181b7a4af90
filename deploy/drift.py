"""What of a group is no longer as the last deploy left it, or as the environment file has it: pure."""

from collections import Counter

from deploy import image, policy, template
from deploy.config import Config
from deploy.errors import RefusedError
from deploy.history import made_at, root
from deploy.intent import parse
from deploy.observe import Observed
from deploy.observed import Document, name_of


def drift(config: Config, observed: Observed) -> tuple[str, ...]:
    """Return everything that differs, one line each; empty where nothing does."""
    found = [*_reference(config, observed), *_script(config, observed)]
    newer = newer_template(config, observed)
    found += [newer] if newer else []
    found += _policy(config, observed)
    return (*found, *_machines(observed))


def newer_template(config: Config, observed: Observed) -> str:
    """
    Return a line about a template that nobody deployed: made by Terraform or by hand after the one that this group's
    releases descend from; empty if there is none.

    A deploy copies the template that the group has, so what changed in such a one never reaches the machines.
    """
    origin = root(observed.template) if observed.template else None
    if origin is None:
        return ""
    newer = [
        other
        for other in observed.templates
        if template.entry(other) is None
        and other["name"] != origin.template
        and made_at(other) > origin.made_at
        and len(_places(other, config.repository)) == 1
    ]
    if not newer:
        return ""
    newest = max(newer, key=made_at)
    return (
        f"template '{newest['name']}' of {made_at(newest):%Y-%m-%d %H:%M} is newer than '{origin.template}', which the"
        " releases of this group descend from: what changed in it is not deployed"
    )


def _reference(config: Config, observed: Observed) -> list[str]:
    places = _places(observed.template, config.repository)
    if len(places) != 1:
        return [f"the startup script refers to '{config.repository}' {len(places)} times"]
    reference = places[0].reference
    if reference.digest:
        return []
    return [f"the startup script refers to the tag '{reference.tag}': what a machine runs depends on when it started"]


def _script(config: Config, observed: Observed) -> list[str]:
    """Tell a script that no deploy wrote: its template is nobody's, or its base's script says something else."""
    serving = observed.template
    entry = template.entry(serving)
    if entry is None:
        ours = any(one.repository == config.repository for one in map(template.entry, observed.templates) if one)
        name = serving.get("name", "")
        return [f"template '{name}' was not made by a deploy, though others were: edited by hand?"] if ours else []
    base = next((one for one in observed.templates if (one["name"], one["id"]) == (entry.base, entry.base_id)), None)
    if base is None:
        return []
    try:
        before = template.script(base)
        meant = image.rewrite(before, image.the_reference(before, entry.repository), entry.digest)
    except RefusedError:
        return []
    now = template.metadata(serving).get("startup-script", "")
    if now == meant:
        return []
    lines = [
        number
        for number, (one, other) in enumerate(zip(now.splitlines(), meant.splitlines(), strict=False), start=1)
        if one != other
    ]
    at = f"in line {lines[0]}" if lines else "in its length"
    return [f"the startup script of '{serving['name']}' differs from '{entry.base}' {at}: edited by hand?"]


def _policy(config: Config, observed: Observed) -> list[str]:
    now = policy.flat(observed.group.raw.get("updatePolicy") or {})
    meant = policy.flat(policy.wanted(config.rollout))
    told = parse(observed.group.versions[0].name) if observed.group.versions else None
    if told and told.kind == "rollback":
        meant["maxSurge"] = now["maxSurge"]  # a rollback's own
    changed = [f"{key} {now[key]}, not {meant[key]}" for key in meant if now[key] != meant[key]]
    return [f"the update policy is not the environment's: {', '.join(changed)}"] if changed else []


def _machines(observed: Observed) -> list[str]:
    told = observed.group.versions[:1]
    alike = {version.template: version.link for version in told}
    lines = []
    groups = (("machines", observed.group.active_instances), ("standby instances", observed.group.standby_instances))
    for kind, instances in groups:
        others = Counter(one.version.link for one in instances if one.version and one.version not in told)
        for link, count in sorted(others.items()):
            name = name_of(link)
            lines.append(f"{count} of the {kind} are still on '{name if alike.get(name, link) == link else link}'")
    return lines


def _places(document: Document, repository: str) -> list[image.Place]:
    return image.places(template.metadata(document).get("startup-script", ""), repository)
