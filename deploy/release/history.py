"""The history of a group, read from its templates: what there was, what is proven, what to restore or prune; pure."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from deploy.documents.resource import Document, links_of, name_of
from deploy.errors import RefusedError
from deploy.release.record import Fallback, ReleaseRecord
from deploy.release.template import release_record

KEPT_GOOD: Final = 5
KEPT_OTHERS: Final = 2


@dataclass(frozen=True)
class Release:
    """
    A template of ours.

    Args:
        link: Of the template, by its name.
        link_by_id: The same by its numeric id.
        made_at: When it was inserted.
        record: Its release record.
        is_proven: Whether the group serves it and it is proven, or a later record names it as fallback, link and id.
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
        """Return whether one of some links refers to this template."""
        return self.link in links or self.link_by_id in links


def releases(templates: Iterable[Document], repository: str, group: str, serving: str) -> tuple[Release, ...]:
    """
    Return the releases of a group, newest first.

    Args:
        templates: All of a project; foreign ones are left out.
        repository: That the releases are of.
        group: `ZONE/GROUP`; groups may share a repository, and never a history.
        serving: Link of the template that the group serves; empty while that is not proven.
    """
    ours = [
        (document, found)
        for document in templates
        if (found := release_record(document)) is not None and (found.repository, found.group) == (repository, group)
    ]
    fallbacks = {(found.fallback.link, found.fallback.template_id) for _, found in ours if found.fallback}
    made = []
    for document, found in ours:
        links = links_of(document)
        is_proven = serving in links or any((link, str(document["id"])) in fallbacks for link in links)
        made.append(Release(*links, made_at(document), found, is_proven))
    return tuple(sorted(made, key=lambda release: release.made_at, reverse=True))


def made_at(template: Document) -> datetime:
    """Return when a template was made; times carry an offset that changes with the season, and are never text."""
    return datetime.fromisoformat(template["creationTimestamp"])


@dataclass(frozen=True)
class Origin:
    """The template that a group's releases descend from: made by Terraform or by hand."""

    link: str
    made_at: datetime


def origin(template: Document) -> Origin | None:
    """Return what a template descends from, itself if it is unmanaged; None where that is not known."""
    found = release_record(template)
    if found is None:
        return Origin(links_of(template)[0], made_at(template))
    return Origin(found.origin, found.origin_made_at) if found.origin_made_at else None


def rollback_fallback(serving: Fallback, is_proven: bool, serving_entry: ReleaseRecord | None) -> Fallback | None:
    """
    Return what a rollback of a new release would restore.

    Args:
        serving: What the group has.
        is_proven: Whether it is proven.
        serving_entry: The release record of its template, if that has one.

    Returns:
        What the group has, if that is proven; else the fallback of what it has, so that a fix that is deployed onto a
        broken release never falls back onto the broken one.
    """
    if is_proven:
        return serving
    return serving_entry.fallback if serving_entry else None


def rollback_release(found: Sequence[Release], serving: str, wanted: str = "", *, force: bool = False) -> Release:
    """
    Choose the release of a rollback.

    Args:
        found: Newest first.
        serving: Link of the template that the group has.
        wanted: A template's name, or a digest or commit or the beginning of one; empty for the last good release before
            the one serving.
        force: Allow one that is not good.

    Raises:
        RefusedError: There is none, several, or one that failed.
    """
    if not wanted:
        now = next((release for release in found if release.is_in({serving})), None)
        good = [release for release in found if release.is_proven and not release.is_in({serving})]
        earlier = [release for release in good if now is None or release.made_at < now.made_at]
        if not earlier:
            raise RefusedError("rollback: there is no good release before the one serving.", "name one with --to")
        return earlier[0]
    meant = [release for release in found if _is_meant(release, wanted)]
    digests = {release.record.digest for release in meant}
    if not meant:
        known = ", ".join(release.template for release in found[:5]) or "none"
        raise RefusedError(f"rollback: --to '{wanted}' is no release of this group (newest: {known}).", "see `history`")
    if len(digests) > 1:
        names = ", ".join(release.template for release in meant)
        raise RefusedError(f"rollback: --to '{wanted}' means several releases: {names}.", "write more of it")
    proven = [release for release in meant if release.is_proven]
    if proven or force:
        return proven[0] if proven else meant[0]
    raise RefusedError(
        f"rollback: '{meant[0].template}' is not known to be good: it failed, or was rolled back.",
        "choose another one, or add --force",
    )


def unmanaged_predecessor(found: Sequence[Release], serving: str) -> Fallback | None:
    """
    Return the version that the first release of all took the place of, while that release is the one serving.

    Its template is unmanaged, and yet it is what served before: the rollback of a group's first day.

    Args:
        found: Newest first.
        serving: Link of the template that the group has.
    """
    now = next((release for release in found if release.is_in({serving})), None)
    if now is None or now.record.fallback is None:
        return None
    return None if any(release.is_in({now.record.fallback.link}) for release in found) else now.record.fallback


def prunable_releases(found: Sequence[Release], referenced: frozenset[str]) -> tuple[Release, ...]:
    """
    Return the releases that nobody needs any more, oldest first.

    Args:
        found: Newest first.
        referenced: Links of templates that any group or machine of the project refers to.
    """
    good = [release for release in found if release.is_proven]
    others = [release for release in found if not release.is_proven]
    kept = {release.link for release in (*good[:KEPT_GOOD], *others[:KEPT_OTHERS])} | referenced
    kept |= {release.record.fallback.link for release in found if release.is_in(kept) and release.record.fallback}
    return tuple(release for release in reversed(found) if not release.is_in(kept))


def _is_meant(release: Release, wanted: str) -> bool:
    digest = wanted.rpartition("@")[2].removeprefix("sha256:")
    found = release.record
    return (
        release.template == wanted
        or (len(digest) >= 7 and found.digest.removeprefix("sha256:").startswith(digest))
        or (len(wanted) >= 7 and found.commit.startswith(wanted))
    )
