"""The history of a group, read from its templates: its releases, their proof, and what to restore or delete."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from deploy.documents.resource import Document, links_of, name_of
from deploy.errors import RefusedError
from deploy.release.record import Fallback, ReleaseRecord
from deploy.release.template import release_record

KEPT_PROVEN: Final = 5
KEPT_UNPROVEN: Final = 2
_SHORTEST_PREFIX: Final = 7  # digits of a digest or a commit that name a release


@dataclass(frozen=True)
class Release:
    """
    A release of a group, with its template.

    Args:
        link: link of the template, by its name.
        link_by_id: link of the template, by its numeric id.
        made_at: time at which the template was inserted.
        record: release record of the template.
        is_proven: whether the group serves the release and it is proven, or a later record names its template, by link
            and id, as fallback.
    """

    link: str
    link_by_id: str
    made_at: datetime
    record: ReleaseRecord
    is_proven: bool

    @property
    def template(self) -> str:
        """The template's name."""
        return name_of(self.link)

    @property
    def template_id(self) -> str:
        """The template's numeric id."""
        return name_of(self.link_by_id)

    def is_in(self, links: Collection[str]) -> bool:
        """Return whether a link refers to this release's template."""
        return self.link in links or self.link_by_id in links


def releases(templates: Iterable[Document], repository: str, group: str, serving: str) -> tuple[Release, ...]:
    """
    Return the releases of a group, newest first.

    Args:
        templates: all templates of a project; those of other groups and repositories are left out.
        repository: repository of the releases.
        group: `ZONE/GROUP`; groups may share a repository, and never a history.
        serving: link of the template that the group serves; empty while its release is not proven.
    """
    records = [
        (document, record)
        for document in templates
        if (record := release_record(document)) is not None and (record.repository, record.group) == (repository, group)
    ]
    fallbacks = {(record.fallback.link, record.fallback.template_id) for _, record in records if record.fallback}
    group_releases = []
    for document, record in records:
        links = links_of(document)
        is_proven = serving in links or any((link, str(document["id"])) in fallbacks for link in links)
        group_releases.append(Release(*links, made_at(document), record, is_proven))
    return tuple(sorted(group_releases, key=lambda release: release.made_at, reverse=True))


def made_at(template: Document) -> datetime:
    """Return the time of a template's insertion; as text, two times could not be compared, for their offsets differ."""
    return datetime.fromisoformat(template["creationTimestamp"])


@dataclass(frozen=True)
class Origin:
    """
    The unmanaged template, of Terraform or of a person, that a group's releases descend from.

    Args:
        link: link of the template.
        made_at: time at which the template was inserted.
    """

    link: str
    made_at: datetime


def origin(template: Document) -> Origin | None:
    """Return the origin of a template, which is itself if it is unmanaged; None if the origin is unknown."""
    record = release_record(template)
    if record is None:
        return Origin(links_of(template)[0], made_at(template))
    return Origin(record.origin, record.origin_made_at) if record.origin_made_at else None


def rollback_fallback(serving: Fallback, is_proven: bool, record: ReleaseRecord | None) -> Fallback | None:
    """
    Return the version that an automatic rollback of a new release restores.

    Args:
        serving: version that the group serves.
        is_proven: whether that version's release is proven.
        record: release record of that version's template; None if the template is unmanaged.

    Returns:
        The serving version if its release is proven; otherwise its own fallback, so that a fix that is deployed onto a
        broken release never falls back onto the broken release.
    """
    if is_proven:
        return serving
    return record.fallback if record else None


def rollback_release(history: Sequence[Release], serving: str, name: str = "", *, force: bool = False) -> Release:
    """
    Choose the release of a rollback.

    Args:
        history: releases of the group, newest first.
        serving: link of the template that the group has.
        name: a template's name, or a digest or commit or the beginning of one; empty for the last proven release
            before the serving one.
        force: whether to allow an unproven release.

    Raises:
        RefusedError: no release has this name, several have it, or the release is unproven.
    """
    if not name:
        return _last_proven(history, serving)
    matches = [release for release in history if is_named(release.template, release.record, name)]
    if not matches:
        newest = ", ".join(release.template for release in history[:5]) or "none"
        raise RefusedError(f"rollback: --to '{name}' is no release of this group (newest: {newest}).", "see `history`")
    if len({release.record.digest for release in matches}) > 1:
        templates = ", ".join(release.template for release in matches)
        raise RefusedError(f"rollback: --to '{name}' means several releases: {templates}.", "write more of it")
    proven = [release for release in matches if release.is_proven]
    if proven or force:
        return proven[0] if proven else matches[0]
    raise RefusedError(
        f"rollback: '{matches[0].template}' is unproven: it failed, or was rolled back.",
        "choose another one, or add --force",
    )


def _last_proven(history: Sequence[Release], serving: str) -> Release:
    current = _serving_release(history, serving)
    earlier = [
        release
        for release in history
        if release.is_proven and not release.is_in({serving}) and (current is None or release.made_at < current.made_at)
    ]
    if not earlier:
        raise RefusedError(
            "rollback: there is no proven release before the serving one.", "name one: `rollback --to TEMPLATE`"
        )
    return earlier[0]


def _serving_release(history: Sequence[Release], serving: str) -> Release | None:
    return next((release for release in history if release.is_in({serving})), None)


def unmanaged_predecessor(history: Sequence[Release], serving: str) -> Fallback | None:
    """
    Return the unmanaged version that the group's first release replaced, while the group serves that release.

    Args:
        history: releases of the group, newest first.
        serving: link of the template that the group has.
    """
    current = _serving_release(history, serving)
    if current is None or current.record.fallback is None:
        return None
    fallback = current.record.fallback
    return None if any(release.is_in({fallback.link}) for release in history) else fallback


def prunable_releases(history: Sequence[Release], referenced: frozenset[str]) -> tuple[Release, ...]:
    """
    Return the releases that may be deleted, oldest first.

    Args:
        history: releases of the group, newest first.
        referenced: links of the templates that any group or instance of the project refers to.
    """
    proven = [release for release in history if release.is_proven]
    unproven = [release for release in history if not release.is_proven]
    kept = {release.link for release in (*proven[:KEPT_PROVEN], *unproven[:KEPT_UNPROVEN])} | referenced
    kept |= {release.record.fallback.link for release in history if release.is_in(kept) and release.record.fallback}
    return tuple(release for release in reversed(history) if not release.is_in(kept))


def is_named(template: str, record: ReleaseRecord, name: str) -> bool:
    """Return whether a name is that of a release's template, or the beginning of its digest or commit."""
    digest = name.rpartition("@")[2].removeprefix("sha256:")
    return (
        template == name
        or (len(digest) >= _SHORTEST_PREFIX and record.digest.removeprefix("sha256:").startswith(digest))
        or (len(name) >= _SHORTEST_PREFIX and record.commit.startswith(name))
    )
