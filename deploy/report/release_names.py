"""Short names of releases, and which of them the instances of a group serve: pure."""

from collections.abc import Sequence
from typing import Final

from deploy.rollout.result import InstanceTimes
from deploy.rollout.served_release import ServedRelease

_DIGITS: Final = 7  # as `rollback --to` takes at least


def short_name(release: ServedRelease) -> str:
    """Return the name of a release in a few words, such as `ai-server 4f0c2e6 (2b7d1c9)`: image, digest, commit."""
    image, _, digest = release.reference.rpartition("/")[2].partition("@")
    name = " ".join(filter(None, (image, short_digest(digest)))) or release.template
    return f"{name} ({short_commit(release.commit)})" if release.commit else name


def full_name(release: ServedRelease) -> str:
    """Return the reference of a release with the name of its template."""
    if release.reference and release.template:
        return f"{release.reference} ({release.template})"
    return release.reference or release.template


def short_digest(digest: str) -> str:
    """Return the first digits of a digest."""
    return digest.removeprefix("sha256:")[:_DIGITS]


def short_commit(commit: str) -> str:
    """Return the first digits of a commit."""
    return commit[:_DIGITS]


def served(instances: Sequence[InstanceTimes], releases: Sequence[ServedRelease]) -> tuple[str, str]:
    """
    Return what the instances of the last poll served, as a fact: `serves` if all served one release, or `healthy`.

    Args:
        instances: every instance that a poll showed.
        releases: releases whose templates have short names.
    """
    names = {release.template: short_name(release) for release in releases}
    present = [instance for instance in instances if instance.deleted_s is None]
    counts = {template: healthy_count(present, template) for template in dict.fromkeys(map(_template, present))}
    parts = [f"{names.get(template, template or 'leaving')} {count}" for template, count in counts.items()]
    is_served = len(counts) == 1 and all(instance.state == "healthy" for instance in present)
    return ("serves" if is_served else "healthy"), " · ".join(parts)


def healthy_count(instances: Sequence[InstanceTimes], template: str) -> str:
    """Return how many of the present instances of a template are healthy, such as `2/3`."""
    present = [times for times in instances if times.deleted_s is None and times.template == template]
    return f"{sum(times.state == 'healthy' for times in present)}/{len(present)}"


def _template(instance: InstanceTimes) -> str:
    return instance.template
