"""The releases of a group, newest first, as a person reads them: pure."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Literal

from deploy.config import Config
from deploy.endpoints import EndpointOverride
from deploy.group import release_proof
from deploy.group.health import is_settled
from deploy.group.observation import Observation
from deploy.release import history
from deploy.report import table
from deploy.report.formats import Format
from lib.output import as_json


@dataclass(frozen=True)
class Row:
    """
    A release.

    Args:
        template: Its name.
        state: good: it is proven, or a later release goes back to it; unproven: neither, and the group is told another
            one: it failed, or was rolled back, and no template tells which; other: the group is told it, and it is not
            proven yet.
        is_serving: Whether it serves from every machine now.
        made_at: When its template was made.
        age_s: Since then.
        digest: Of its image.
        commit: Of its sources; like run and by, empty where nobody said.
        run: Of the deploy that made it.
        by: Who ran that.
        back_to: Template that it goes back to if it fails; empty if there is none.
        endpoints: Endpoints that are not the environment file's.
    """

    template: str
    state: Literal["good", "unproven", "other"]
    is_serving: bool
    made_at: datetime
    age_s: float
    digest: str
    commit: str
    run: str
    by: str
    back_to: str
    endpoints: tuple[EndpointOverride, ...]


def rows(config: Config, observed: Observation, now: datetime) -> tuple[Row, ...]:
    """Return the releases of the environment's repository, newest first."""
    told = {version.link for version in observed.group.versions}
    proved = "" if release_proof.unproven_reason(observed.group, now) else next(iter(told))
    serves = proved if is_settled(observed.group) else ""
    return tuple(
        Row(
            template=one.template,
            state="good" if one.is_proven else "other" if one.is_in(told) else "unproven",
            is_serving=one.is_in({serves}),
            made_at=one.made_at,
            age_s=(now - one.made_at).total_seconds(),
            digest=one.record.digest,
            commit=one.record.commit,
            run=one.record.run,
            by=one.record.by,
            back_to=one.record.fallback.template if one.record.fallback else "",
            endpoints=config.endpoint_overrides,
        )
        for one in history.releases(observed.templates, config.repository, observed.group.qualified_name, proved)
    )


def shown(found: Sequence[Row], shape: Format) -> str:
    """Return releases as a table, a list in JSON, or a table in Markdown."""
    if shape == "json":
        return as_json([asdict(row) | {"made_at": row.made_at.isoformat()} for row in found])
    if not found:
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
        for row in found
    ]
    return "\n".join(table.markdown(head, cells) if shape == "markdown" else table.text(head, cells))
