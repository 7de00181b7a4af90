"""The releases of a group, newest first, as a person reads them: pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final, Literal

from deploy.config import Config
from deploy.documents.canary import Canary, canary_of
from deploy.documents.resource import Document, links_of, name_of
from deploy.endpoints import EndpointOverride
from deploy.group import release_proof
from deploy.group.health import is_serving, is_settled
from deploy.group.observation import Observation
from deploy.release import history
from deploy.release.template import image_reference, release_record
from deploy.report import durations, table
from deploy.report.formats import Format
from deploy.report.release_names import short_commit, short_digest
from lib.output import as_json

State = Literal["proven", "unproven", "current", "canary", "unmanaged"]
_HEAD: Final = ("age", "state", "digest", "commit", "by", "template")


@dataclass(frozen=True, kw_only=True)
class ReleaseRow:
    """
    A release, or an unmanaged template from which instances serve.

    Args:
        template: name of the template.
        state: proven: the group has proven it, or a later release has it as fallback; canary: it is on a part of the
            group, beside the old release; current: the group is set to it, and it is not proven yet; unproven: none of
            these. An unproven release failed, or was rolled back, and no template shows which. unmanaged: `deploy` did
            not make the template, which has no release record; its row has a template, an image and times alone.
        is_serving: whether the release serves from every instance now.
        instances: number of instances from which the release serves now.
        target_size: target size of the group.
        made_at: creation time of the template.
        age_s: seconds since then.
        digest: digest of the image; empty if the metadata of an unmanaged template does not hold one.
        tag: tag of an unmanaged template's image; empty if the image has a digest.
        commit: commit of the sources; empty if it is not known.
        run: id of the run that deployed the release; empty if it is not known.
        by: person or account that deployed the release; empty if it is not known.
        fallback: name of the template that is restored if the release fails; empty if there is none.
        endpoints: endpoints that differ from the environment file.
    """

    template: str
    state: State
    is_serving: bool
    instances: int
    target_size: int
    made_at: datetime
    age_s: float
    digest: str
    tag: str = ""
    commit: str = ""
    run: str = ""
    by: str = ""
    fallback: str = ""
    endpoints: tuple[EndpointOverride, ...]


def release_rows(config: Config, observed: Observation, now: datetime) -> tuple[ReleaseRow, ...]:
    """
    Return the releases of the environment's repository and the unmanaged templates that serve, newest first.

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
    counts = Counter(
        instance.version.link
        for instance in group.active_instances
        if instance.version and is_serving(instance, instance.version)
    )
    rows = [
        ReleaseRow(
            template=release.template,
            state=_state(release, current, canary),
            is_serving=release.is_in({serving}),
            instances=counts[release.link] + counts[release.link_by_id],
            target_size=group.target_size,
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
    ]
    rows += [
        _unmanaged_row(config, document, group.target_size, counts, now, is_serving=serving in links_of(document))
        for document in observed.templates
        if release_record(document) is None and any(link in counts for link in links_of(document))
    ]
    return tuple(sorted(rows, key=lambda row: row.made_at, reverse=True))


def _unmanaged_row(
    config: Config, document: Document, target_size: int, counts: Counter[str], now: datetime, *, is_serving: bool
) -> ReleaseRow:
    """Return the row of a template that `deploy` did not make; `counts` has the serving instances by template link."""
    made_at = history.made_at(document)
    reference = image_reference(document, config.repository, config.image_in)
    links = links_of(document)
    return ReleaseRow(
        template=name_of(links[0]),
        state="unmanaged",
        is_serving=is_serving,
        instances=sum(counts[link] for link in links),
        target_size=target_size,
        made_at=made_at,
        age_s=(now - made_at).total_seconds(),
        digest=reference.digest if reference else "",
        tag=reference.tag if reference and not reference.digest else "",
        endpoints=config.endpoint_overrides,
    )


def _state(release: history.Release, current: set[str], canary: Canary | None) -> State:
    if release.is_proven:
        return "proven"
    if canary and release.is_in({canary.new.link}):
        return "canary"
    return "current" if release.is_in(current) else "unproven"


def releases_report(rows: Sequence[ReleaseRow], format_: Format, *, is_long: bool = False) -> str:
    """
    Return releases as a table, or as a list in JSON.

    Args:
        rows: releases, newest first.
        format_: format of the report.
        is_long: whether the text has the names of the templates; Markdown always does.
    """
    if format_ == "json":
        return as_json([asdict(row) | {"made_at": row.made_at.isoformat()} for row in rows])
    if not rows:
        return "no release yet"
    cells = [_cells(row) for row in rows]
    if format_ == "markdown":
        return "\n".join(table.markdown(("serves", *_HEAD), cells))
    width = len(_HEAD) + 1 if is_long else len(_HEAD)
    return "\n".join(table.text(("", *_HEAD)[:width], [row[:width] for row in cells]))


def _cells(row: ReleaseRow) -> tuple[str, ...]:
    some = f"{row.instances}/{row.target_size}" if row.instances else ""
    image = short_digest(row.digest) or row.tag or "-"
    commit, by = short_commit(row.commit) or "-", row.by or "-"
    return ("→" if row.is_serving else some, durations.age(row.age_s), row.state, image, commit, by, row.template)
