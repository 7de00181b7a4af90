"""The verbs that serve or empty the local environment: the emulator and the embedded registry."""

import dagger
from dagger import function

from ci import delivery
from ci.arguments import Group, Project
from ci.errors import exit_codes
from ci.rollouts import effect
from ci.sources import Source
from ci.steps import check, registry, rehearsal


class LocalEnvironment:
    """What the pipeline brings along; each project and group has its own."""

    @function
    async def registry(self, source: Source, project: Project = "", group: Group = "") -> dagger.Service:
        """Serve the embedded registry, to look into it with `call registry up --ports 5000:5000`."""
        with exit_codes():
            return registry.embedded(await delivery.local_volumes(source, project, group))

    @function
    async def emulator(self, source: Source, project: Project = "", group: Group = "") -> dagger.Service:
        """Serve the local environment's Compute Engine, to look at with `call emulator up --ports 8080:8080`."""
        with exit_codes():
            volumes = await delivery.local_volumes(source, project, group)
            tools = await check.project(source, "emulator")
            return rehearsal.emulator(source, tools, volumes, is_open=True)

    @effect
    async def reset_local(self, source: Source, project: Project = "", group: Group = "") -> str:
        """Empty the local environment: its group, its releases, its registry, its reports."""
        with exit_codes():
            return await delivery.forget(await delivery.local_volumes(source, project, group))
