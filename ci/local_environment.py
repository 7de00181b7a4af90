"""The verbs that serve or empty the local environment: the emulator and the embedded registry."""

import uuid

import dagger
from dagger import function

from ci import deploy_runner
from ci.deploy_verbs import effect
from ci.errors import RefusedError, exit_codes
from ci.inputs import Source
from ci.options import Group, Project, refuse_odd_name
from ci.steps import deployer, emulator, python_checks, registry
from ci.steps.local_volumes import LocalVolumes


class LocalEnvironment:
    """What the pipeline brings along; each project and group has its own."""

    @function
    async def registry(self, source: Source, project: Project = "", group: Group = "") -> dagger.Service:
        """Serve the embedded registry, to look into it with `call registry up --ports 5000:5000`."""
        with exit_codes():
            return registry.embedded(await _volumes(source, project, group))

    @function
    async def emulator(self, source: Source, project: Project = "", group: Group = "") -> dagger.Service:
        """Serve the local environment's Compute Engine, to look at with `call emulator up --ports 8080:8080`."""
        with exit_codes():
            volumes = await _volumes(source, project, group)
            tools = await python_checks.project(source, "emulator")
            return emulator.emulator(source, tools, volumes, is_open=True)

    @effect
    async def reset_local(self, source: Source, project: Project = "", group: Group = "") -> str:
        """Empty the local environment: its group, its releases, its registry, its reports."""
        with exit_codes():
            return await _forget(await _volumes(source, project, group))


async def _forget(volumes: LocalVolumes) -> str:
    """Empty a local environment."""
    try:
        await deployer.forget(volumes, uuid.uuid4().hex).sync()
    except dagger.ExecError as error:
        raise RefusedError(
            "the local environment is in use. Fix: end the other call, such as 'call emulator up', and ask again"
        ) from error
    return (
        f"the local environment of group '{volumes.group}' in project '{volumes.project}' is empty: "
        "no release, no image, no report"
    )


async def _volumes(source: dagger.Directory, project: str, group: str) -> LocalVolumes:
    refuse_odd_name("--project", project)
    refuse_odd_name("--group", group)
    return await deploy_runner.local_volumes(source, project, group)
