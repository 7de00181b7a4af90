"""The verbs that serve or empty the local environment: the emulator and the embedded registry."""

import uuid

import dagger
from dagger import function

from ci import application_file, deploy_runner
from ci.environments import Environment, folder
from ci.errors import RefusedError, exit_codes
from ci.inputs import Settings, Source, Tools
from ci.options import Group, Project, refuse_invalid_name
from ci.steps import deployer, emulator, registry
from ci.steps.environment import read_project
from ci.steps.local_volumes import LocalVolumes
from ci.verbs import uncached


class LocalEnvironment:
    """The services that the pipeline starts itself; each project and group has its own."""

    @function
    async def registry(
        self, source: Source, settings: Settings = None, project: Project = "", group: Group = ""
    ) -> dagger.Service:
        """Serve the embedded registry, to read it with `call registry up --ports 5000:5000`."""
        with exit_codes():
            return registry.embedded(deploy_runner.volumes_of(await _local(folder(source, settings), project, group)))

    @function
    async def emulator(
        self, source: Source, tools: Tools, settings: Settings = None, project: Project = "", group: Group = ""
    ) -> dagger.Service:
        """Serve the local environment's Compute Engine, to read it with `call emulator up --ports 8080:8080`."""
        with exit_codes():
            local = await _local(folder(source, settings), project, group)
            application = await application_file.read(source)
            seed = await deploy_runner.seed_text(source, tools, application, local)
            emulators = await read_project(tools, "emulator")
            return emulator.service(tools, emulators, deploy_runner.volumes_of(local), seed, is_open=True)

    @uncached
    async def reset_local(
        self, source: Source, settings: Settings = None, project: Project = "", group: Group = ""
    ) -> str:
        """Empty the local environment: its group, its releases, its registry, its reports."""
        with exit_codes():
            return await _empty(deploy_runner.volumes_of(await _local(folder(source, settings), project, group)))


async def _empty(volumes: LocalVolumes) -> str:
    """Empty a local environment."""
    try:
        await deployer.empty(volumes, uuid.uuid4().hex).sync()
    except dagger.ExecError as error:
        raise RefusedError(
            "the local environment is in use. Fix: end the other call, such as 'call emulator up', and try again"
        ) from error
    return (
        f"the local environment of group '{volumes.group}' in project '{volumes.project}' is empty: "
        "no release, no image, no report"
    )


async def _local(files: dagger.Directory, project: str, group: str) -> Environment:
    refuse_invalid_name("--project", project)
    refuse_invalid_name("--group", group)
    return await deploy_runner.local_environment(files, project, group)
