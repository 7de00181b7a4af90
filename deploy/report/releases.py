"""The releases of a group, newest first, as a person reads them: pure."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Literal

from deploy.config import Config
from deploy.documents.canary import Canary, canary_of
from deploy.endpoints import EndpointOverride
from deploy.group import release_proof
from deploy.group.health import is_settled
from deploy.group.observation import Observation
from deploy.release import history
from deploy.report import table
from deploy.report.formats import Format
from lib.output import as_json


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


def _state(
    release: history.Release, current: set[str], canary: Canary | None
) -> Literal["proven", "unproven", "current", "canary"]:
    if release.is_proven:
        return "proven"
    if canary and release.is_in({canary.new.link}):
        return "canary"
    return "current" if release.is_in(current) else "unproven"


def releases_report(rows: Sequence[ReleaseRow], format_: Format) -> str:
    """Return releases as a table, a list in JSON, or a table in Markdown."""
    if format_ == "json":
        return as_json([asdict(row) | {"made_at": row.made_at.isoformat()} for row in rows])
    if not rows:
        return "no release yet"
    head = ("", "age", "state", "digest", "commit", "by", "template")
    cells = [
        (
            "→" if row.is_serving else "",
            table.age(row.age_s),
            row.state,
            row.digest.removeprefix("sha256:")[:12],
            row.commit[:7] or "-",
            row.by or "-",
            row.template,
        )
        for row in rows
    ]
    return "\n".join(table.markdown(head, cells) if format_ == "markdown" else table.text(head, cells))
