"""What can be told of a group's last rollout where no run left an outcome: from the group and its templates; pure."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from deploy.config import Config
from deploy.documents.group_state import Version
from deploy.documents.resource import Document, links_of
from deploy.group import version_name
from deploy.group.health import is_empty
from deploy.group.observation import Observation
from deploy.release import template
from deploy.release.effective_reference import decided_reference
from deploy.release.history import made_at
from deploy.rollout import plan as plans
from deploy.rollout.result import Outcome, Result, Serving
from deploy.rollout.timeline import Timeline

_NOTHING: Final = Version("")


def rebuilt(observed: Observation, config: Config, environment: str, now: datetime) -> Outcome:
    """
    Return the last rollout as far as the group tells it: what serves, since when, from which template.

    Its exit code is 0 if the group serves one release from every machine or has none, and else None: nobody knows it.
    """
    version = observed.group.versions[0] if observed.group.versions else _NOTHING
    said, entry = version_name.parse_version_name(version.name), template.release_record(observed.template)
    found = plans.reconcile(observed, now)
    back = entry.fallback.version if entry and entry.fallback else _NOTHING
    before = next((one for one in observed.templates if back.link in links_of(one)), None)
    # When each of them was what, nobody has seen.
    seen = Timeline().add(observed.group, version, 0.0).machines
    machines = tuple(replace(machine, running_s=None, healthy_s=None) for machine in seen)
    is_without = is_empty(observed.group)
    return Outcome(
        verb=said.kind if said else "rollout",
        environment=environment,
        project=config.project,
        zone=config.zone,
        group=config.group,
        run=said.run if said else "",
        began_at=said.began_at if said else made_at(observed.template) if observed.template else now,
        exit_code=0 if found.action == "nothing" else None,
        was=serving(before, config.repository) if before else None,
        wanted=serving(observed.template, config.repository),
        result=Result(False, version, back, machines=machines, warnings=found.warnings, is_empty=is_without),
        message="" if found.action == "nothing" else f"{found.text}.",
        is_rebuilt=True,
        compute_url=config.compute_url,
        endpoints=config.endpoint_overrides,
    )


def serving(document: Document, repository: str) -> Serving:
    """Return what a template serves; of one whose metadata does not decide the image, its name alone."""
    entry = template.release_record(document)
    reference = decided_reference(template.metadata(document), repository)
    return Serving(document.get("name", ""), str(reference or ""), entry.commit if entry else "")
