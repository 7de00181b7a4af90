"""The releases of a group, newest first, as a person reads them: pure."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final, Literal

from deploy.config import Config
from deploy.documents.canary import Canary, canary_of
from deploy.endpoints import EndpointOverride
from deploy.group import release_proof
from deploy.group.health import is_settled
from deploy.group.observation import Observation
from deploy.release import history
from deploy.release.template import image_reference, release_record
from deploy.report import durations, table
from deploy.report.formats import Format
from deploy.report.release_names import short_commit, short_digest
from lib.output import as_json

_HEAD: Final = ("age", "state", "digest", "commit", "by", "template")


@dataclass(frozen=True, kw_only=True)
class ReleaseRow:
    """
    A release.

    Args:
        template: name of the template.
        state: proven: the group has proven it, or a later release has it as fallback; canary: it is on a part of the
            group, beside the old release; current: the group is set to it, and it is not proven yet; unproven: none of
            these. An unproven release failed, or was rolled back, and no template shows which.
        is_serving: whether the release serves from every instance now.
        made_at: creation time of the template.
        age_s: seconds since then.
        digest: digest of the image.
        commit: commit of the sources; empty if it is not known.
        run: id of the run that deployed the release; empty if it is not known.
        by: person or account that deployed the release; empty if it is not known.
        fallback: name of the template that is restored if the release fails; empty if there is none.
        endpoints: endpoints that differ from the environment file.
    """

    template: str
    state: Literal["proven", "unproven", "current", "canary"]
    is_serving: bool
    made_at: datetime
    age_s: float
    digest: str
    commit: str
    run: str
    by: str
    fallback: str
    endpoints: tuple[EndpointOverride, ...]


def release_rows(config: Config, observed: Observation, now: datetime) -> tuple[ReleaseRow, ...]:
    """
    Return the releases of the environment's repository, newest first.

    Args:
        config: names of the environment.
        observed: the group and its surroundings.
        now: time of Compute Engine, UTC.
    """
    group = observed.group
    current = {version.link for version in group.versions}
    proven = "" if release_proof.unproven_reason(group, now) else next(iter(current))
    serving = proven if is_settled(group) else ""
    canary = canary_of(group)
    return tuple(
        ReleaseRow(
            template=release.template,
            state=_state(release, current, canary),
            is_serving=release.is_in({serving}),
            made_at=release.made_at,
            age_s=(now - release.made_at).total_seconds(),
            digest=release.record.digest,
            commit=release.record.commit,
            run=release.record.run,
            by=release.record.by,
            fallback=release.record.fallback.template if release.record.fallback else "",
            endpoints=config.endpoint_overrides,
        )
        for release in history.releases(observed.templates, config.repository, group.qualified_name, proven)
    )


@dataclass(frozen=True)
class UnmanagedRelease:
    """
    The image that the group serves by an unmanaged template.

    Args:
        template: name of the template.
        image: digest of the image, or its tag; empty if the template's metadata does not decide it.
        age_s: seconds since the template was made.
    """

    template: str
    image: str
    age_s: float


def unmanaged_release(config: Config, observed: Observation, now: datetime) -> UnmanagedRelease | None:
    """Return what the group serves from every instance; None if `deploy` made its template. Args: as `release_rows`."""
    document, group = observed.template, observed.group
    if not document or release_record(document) is not None or not is_settled(group) or len(group.versions) > 1:
        return None
    reference = image_reference(document, config.repository, config.image_in)
    image = (reference.digest or reference.tag) if reference else ""
    return UnmanagedRelease(group.versions[0].template, image, (now - history.made_at(document)).total_seconds())


def _state(
    release: history.Release, current: set[str], canary: Canary | None
) -> Literal["proven", "unproven", "current", "canary"]:
    if release.is_proven:
        return "proven"
    if canary and release.is_in({canary.new.link}):
        return "canary"
    return "current" if release.is_in(current) else "unproven"


def releases_report(
    rows: Sequence[ReleaseRow], format_: Format, unmanaged: UnmanagedRelease | None = None, *, is_long: bool = False
) -> str:
    """
    Return releases as a table, or as a list in JSON.

    Args:
        rows: releases, newest first.
        format_: format of the report.
        unmanaged: what the group serves by an unmanaged template, which is no release in JSON; None for a release.
        is_long: whether the text has the names of the templates; Markdown always does.
    """
    if format_ == "json":
        return as_json([asdict(row) | {"made_at": row.made_at.isoformat()} for row in rows])
    aged = [(row.age_s, _cells(row)) for row in rows]
    if unmanaged:
        image = short_digest(unmanaged.image) or "-"
        cells = ("→", durations.age(unmanaged.age_s), "unmanaged", image, "-", "-", unmanaged.template)
        aged.append((unmanaged.age_s, cells))
    if not aged:
        return "no release yet"
    cells_by_age = [cells for _, cells in sorted(aged, key=lambda row: row[0])]
    if format_ == "markdown":
        return "\n".join(table.markdown(("serves", *_HEAD), cells_by_age))
    width = len(_HEAD) + 1 if is_long else len(_HEAD)
    return "\n".join(table.text(("", *_HEAD)[:width], [cells[:width] for cells in cells_by_age]))


def _cells(row: ReleaseRow) -> tuple[str, ...]:
    mark, age, digest = "→" if row.is_serving else "", durations.age(row.age_s), short_digest(row.digest)
    return (mark, age, row.state, digest, short_commit(row.commit) or "-", row.by or "-", row.template)
