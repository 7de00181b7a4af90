"""The container that runs `python -m deploy`: its own lock, its own source, nothing else."""

from dataclasses import dataclass
from typing import Final

import dagger
from dagger import dag

from ci.environments import LOCAL
from ci.steps import emulator, registry
from ci.steps.base import PYTHON, WORKDIR
from ci.steps.local_volumes import LocalVolumes
from ci.steps.python_checks import Project, environment

_CREDENTIALS: Final = "/run/secrets/credentials"
_REGISTRY_CREDENTIALS: Final = "/run/secrets/registry-credentials"
_RESULTS: Final = "/var/lib/deploy"


@dataclass(frozen=True)
class Target:
    """
    Which group, and who asks.

    Args:
        env: Name of a file in environments/.
        credentials: Google credential file; None for the local environment.
        project: Instead of the environment's, as all that follow; empty where the environment's holds.
        zone: Of the group.
        group: Its name.
        repository: HOST/PATH of the image, in full.
        by: Who asks, for the record.
        registry_credentials: Logins of registries that take no Google token.
    """

    env: str
    credentials: dagger.Secret | None = None
    project: str = ""
    zone: str = ""
    group: str = ""
    repository: str = ""
    by: str = ""
    registry_credentials: dagger.Secret | None = None

    @property
    def is_local(self) -> bool:
        """Whether it is the environment that the pipeline brings along."""
        return self.env == LOCAL

    @property
    def flags(self) -> list[str]:
        """What `python -m deploy` is told of it."""
        overrides = (
            ("--project", self.project),
            ("--zone", self.zone),
            ("--group", self.group),
            ("--repository", self.repository),
        )
        return ["--env", self.env, *(part for name, value in overrides if value for part in (name, value))]

    @property
    def typed(self) -> str:
        """
        What a person types for the same group beside `--env`; deploy prints it with the command that undoes it.

        `.env` passes the Google credential file.
        """
        overrides = (
            ("--project", self.project),
            ("--zone", self.zone),
            ("--group", self.group),
            ("--repository", self.repository),
            ("--registry-credentials", "file:$REGISTRY_CREDENTIALS" if self.registry_credentials else ""),
        )
        return " ".join(f"{name} {value}" for name, value in overrides if value)


@dataclass(frozen=True)
class Rehearsal:
    """
    What plays Compute Engine.

    Args:
        emulator: The service.
        volumes: Where the local environment is kept.
        tie: `IMAGE=HEALTH_URL` of the container behind the machines of a release; empty where there is none.
    """

    emulator: dagger.Service
    volumes: LocalVolumes
    tie: str = ""

    @property
    def services(self) -> tuple[dagger.Service, dagger.Service]:
        """The emulator and the registry that deploy is bound to."""
        return self.emulator, registry.embedded(self.volumes)


def deploy(
    source: dagger.Directory,
    tools: Project,
    target: Target,
    args: list[str],
    run_id: str,
    rehearsing: Rehearsal | None,
) -> dagger.Container:
    """
    Run one verb, whatever it ends with.

    Args:
        source: The repository.
        tools: Project `deploy`.
        target: Group and credentials.
        args: The verb and its own flags.
        run_id: Fresh in every run, so that none is ever answered from a cache.
        rehearsing: For the local environment; else None.
    """
    command = ["python", "-m", "deploy", *args, *target.flags]
    container = (
        environment(tools, PYTHON, dev=False)
        .with_mounted_directory(f"{WORKDIR}/deploy", source.directory("deploy"))
        .with_mounted_directory(f"{WORKDIR}/lib", source.directory("lib"))
        .with_mounted_directory(f"{WORKDIR}/environments", source.directory("environments"))
        .with_mounted_cache(_RESULTS, rehearsing.volumes.reports if rehearsing else _results())
        .with_env_variable("DEPLOY_RESULTS", f"{_RESULTS}/{target.env}")
        .with_env_variable("DEPLOY_COMMAND", "./daggerw call")
        .with_env_variable("DEPLOY_ARGUMENTS", target.typed)
        .with_env_variable("GITHUB_ACTOR", target.by)
        .with_env_variable("RUN_ID", run_id)
    )
    if target.credentials is not None:
        container = container.with_mounted_secret(_CREDENTIALS, target.credentials)
        container = container.with_env_variable("GOOGLE_APPLICATION_CREDENTIALS", _CREDENTIALS)
    if target.registry_credentials is not None:
        container = container.with_mounted_secret(_REGISTRY_CREDENTIALS, target.registry_credentials)
        container = container.with_env_variable("REGISTRY_CREDENTIALS", _REGISTRY_CREDENTIALS)
    if rehearsing is not None:
        container = (
            container.with_service_binding("emulator", rehearsing.emulator)
            .with_service_binding(registry.EMBEDDED_HOST.split(":")[0], registry.embedded(rehearsing.volumes))
            .with_mounted_temp("/scratch")
            .with_mounted_file("/scripts/rehearse.py", source.file("ci/scripts/rehearse.py"))
        )
        tie = [rehearsing.tie] if rehearsing.tie else []
        command = ["python", "/scripts/rehearse.py", emulator.URL, *tie, "--", *command]
    return container.with_exec(command, expect=dagger.ReturnType.ANY)


def forget_report(env: str, names: tuple[str, str, str], volumes: LocalVolumes | None, run_id: str) -> dagger.Container:
    """
    Delete what is kept of a group's last run: a run that ends at a gate must not be reported as the run before.

    Args:
        env: Name of a file in environments/.
        names: Project, zone and group, by which deploy/report/lastrun.py names the file.
        volumes: For the local environment; else None.
        run_id: Fresh in every run, so that the deletion is never answered from a cache.
    """
    return (
        dag.container()
        .from_(PYTHON.reference)
        .with_mounted_cache(_RESULTS, volumes.reports if volumes else _results())
        .with_env_variable("RUN_ID", run_id)
        .with_exec(["find", _RESULTS, "-path", f"{_RESULTS}/{env}/{'_'.join(names)}_*.json", "-delete"])
    )


def forget(volumes: LocalVolumes, run_id: str) -> dagger.Container:
    """Empty the emulator's state, the registry and the reports, once no process holds the state any more."""
    reports = f"{_RESULTS}/{LOCAL}"
    empty = (
        f"mkdir -p {reports}; find {emulator.STATE} {registry.STORAGE} {reports} -mindepth 1 ! -name '*.lock' -delete"
    )
    lock = f"{emulator.STATE_FILE}.lock"
    return (
        dag.container()
        .from_(PYTHON.reference)
        .with_mounted_cache(emulator.STATE, volumes.emulator)
        .with_mounted_cache(registry.STORAGE, volumes.registry)
        .with_mounted_cache(_RESULTS, volumes.reports)
        .with_env_variable("RUN_ID", run_id)
        .with_exec(["flock", "--timeout", str(emulator.WAIT_S), lock, "sh", "-ec", empty])
    )


def _results() -> dagger.CacheVolume:
    """Outcomes of the last runs in environments at Google, whose files are named by project, zone and group."""
    return dag.cache_volume("deploy-results")
