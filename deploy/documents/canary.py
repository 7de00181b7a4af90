"""Two versions of a group: a canary with a target size, and the version of all other instances. Pure."""

from dataclasses import dataclass

from deploy.documents.group_state import Group, Version
from deploy.documents.instance_count import InstanceCount
from deploy.documents.resource import Document


@dataclass(frozen=True)
class Canary:
    """
    What a group with two versions is set to.

    Args:
        old: version without a target size, of all other instances.
        new: version of the canary.
        size: number of instances that are to have the new version.
    """

    old: Version
    new: Version
    size: InstanceCount


# What a group is set to.
Target = Version | Canary


def target_of(group: Group) -> Target | None:
    """Return what a group is set to; None for versions that are neither one version nor an old and a new one."""
    if len(group.versions) == 1:
        return group.versions[0]
    sizes = [_size(entry) for entry in group.raw.get("versions") or []]
    match list(zip(group.versions, sizes, strict=False)):
        case [(old, None), (new, size)] | [(new, size), (old, None)] if size is not None:
            return Canary(old, new, size)
    return None


def canary_of(group: Group) -> Canary | None:
    """Return the canary of a group; None if the group is set to one version, or to versions of another form."""
    target = target_of(group)
    return target if isinstance(target, Canary) else None


def serving_version(group: Group) -> Version | None:
    """Return the version that a group is to serve: its only or first one, and beside a canary the old one."""
    target = target_of(group) or (group.versions[0] if group.versions else None)
    return target.old if isinstance(target, Canary) else target


def canary_instances(group: Group, canary: Canary) -> int:
    """
    Return the number of instances that a group gives a canary.

    Compute Engine's own number counts, because its rounding of a percentage is documented only as "rounded"; a fixed
    number counts up to the target size. Source: google-cloud-compute 1.57.0, FixedOrPercent.calculated and
    InstanceGroupManagerVersion.target_size, read on 2026-11-27.
    """
    entries = [entry for entry in group.raw.get("versions") or [] if _size(entry) is not None]
    calculated = entries[0]["targetSize"].get("calculated") if entries else None
    size = canary.size.instances(group.target_size) if calculated is None else int(calculated)
    return min(size, group.target_size)


def version_entries(target: Target) -> list[Document]:
    """Return the member `versions` of a PATCH that sets a group to a target."""
    if isinstance(target, Version):
        return [_entry(target)]
    size = {"percent" if target.size.is_percent else "fixed": target.size.number}
    return [_entry(target.old), {**_entry(target.new), "targetSize": size}]


def _entry(version: Version) -> Document:
    return {"instanceTemplate": version.link} | ({"name": version.name} if version.name else {})


def _size(entry: Document) -> InstanceCount | None:
    """Return the size of a version of its own; the server adds `calculated` to each version, which is none."""
    size = entry.get("targetSize") or {}
    if size.get("percent") is not None:
        return InstanceCount(int(size["percent"]), is_percent=True)
    return None if size.get("fixed") is None else InstanceCount(int(size["fixed"]))
