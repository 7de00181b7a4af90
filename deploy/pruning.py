"""Deletes templates of ours that nobody needs any more; last, and only a courtesy."""

from deploy import history
from deploy.compute import Compute
from deploy.config import Config
from deploy.errors import DeployError
from deploy.observe import read_group
from deploy.observed import name_of


def prune(compute: Compute, config: Config) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Delete templates of ours that nobody needs; whatever goes wrong only warns."""
    try:
        templates = list(compute.items("global/instanceTemplates"))
        scopes = compute.get("aggregated/instanceGroupManagers").get("items") or {}
        groups = [one for scope in scopes.values() for one in scope.get("instanceGroupManagers") or []]
        group = read_group(compute, config)
        serving = group.versions[0].template if group.is_stable and group.versions and group.machines else ""
        referenced = {name_of(one["instanceTemplate"]) for each in groups for one in each.get("versions") or []}
        referenced |= {machine.version.template for machine in group.machines if machine.version}
        found = history.releases(templates, config.repository, serving)
        pruned = []
        for release in history.to_prune(found, frozenset(referenced)):
            compute.wait(compute.write("DELETE", f"global/instanceTemplates/{release.template}", None))
            pruned.append(release.template)
    except DeployError as error:
        return (), (f"old templates were not pruned: {error}",)
    return tuple(pruned), ()
