"""Deletes templates of ours that nobody needs any more; last, and only a courtesy."""

from collections.abc import Iterator
from typing import Final

from deploy import history
from deploy.compute import Compute
from deploy.config import Config
from deploy.errors import CloudError, DeployError
from deploy.observe import read_group
from deploy.observed import Document, link_of

# A machine of another group may still be of it; Google says so at once or by the operation.
_IN_USE: Final = ("resourceInUseByAnotherResource", "RESOURCE_IN_USE_BY_ANOTHER_RESOURCE")
_GONE: Final = 404


def pruned(compute: Compute, config: Config) -> Iterator[str]:
    """
    Delete templates of ours that nobody needs, oldest first, and yield the name of each that is gone.

    Raises:
        DeployError: Something could not be read, or one not be deleted.
    """
    templates = list(compute.items("global/instanceTemplates"))
    groups = list(_groups(compute))
    group = read_group(compute, config)
    serving = group.versions[0].link if group.is_stable and group.versions and group.machines else ""
    referenced = {
        link_of(link, config.project)
        for each in groups
        for one in (each, *(each.get("versions") or []))
        if (link := one.get("instanceTemplate"))
    }
    referenced |= {machine.version.link for machine in group.machines if machine.version}
    found = history.releases(templates, config.repository, group.place, serving)
    for release in history.to_prune(found, frozenset(referenced)):
        try:
            outcome = compute.wait(compute.write("DELETE", f"global/instanceTemplates/{release.template}", None))
        except CloudError as error:
            if error.status == _GONE or error.reason in _IN_USE:
                continue
            raise
        if outcome.code in _IN_USE:
            continue
        if outcome.state == "failed":
            raise DeployError(f"template '{release.template}' was not deleted: {outcome.text}")
        yield release.template


def _groups(compute: Compute) -> Iterator[Document]:
    """Yield all groups of the project, of every zone and region, page by page."""
    token = ""
    while True:
        page = compute.get("aggregated/instanceGroupManagers", {"pageToken": token} if token else None)
        for scope in (page.get("items") or {}).values():
            yield from scope.get("instanceGroupManagers") or []
        token = page.get("nextPageToken", "")
        if not token:
            return
