"""The container that runs `python -m deploy`: its own lock, its own source, nothing else."""

from dataclasses import dataclass
from typing import Final

import dagger
from dagger import dag

from ci.environments import LOCAL
from ci.options import Options
from ci.steps import emulator, registry
from ci.steps.base import PYTHON, WORKDIR
from ci.steps.environment import Project, environment
from ci.steps.local_volumes import LocalVolumes
from ci.steps.scripts import script

_CREDENTIALS: Final = "/run/secrets/credentials"
_REGISTRY_CREDENTIALS: Final = "/run/secrets/registry-credentials"
_METRICS_LOGIN: Final = "/run/secrets/prometheus-token"
_RESULTS: Final = "/var/lib/deploy"
_LOCKED: Final = 75  # exit code of flock where another process has the lock


@dataclass(frozen=True)
class Rehearsal:
    """
    The services that stand for Compute Engine and the registry in the local environment.

    Args:
        emulator: service of the emulator
        volumes: cache volumes of the local environment
        binding: `IMAGE=HEALTH_URL` of the container behind the instances of a release; empty where there is none
    """

    emulator: dagger.Service
    volumes: LocalVolumes
    binding: str = ""

    @property
    def services(self) -> tuple[dagger.Service, dagger.Service]:
        """The emulator and the registry that deploy is bound to."""
        return self.emulator, registry.embedded(self.volumes)


def deploy(
    project: Project,
    options: Options,
    arguments: list[str],
    run_id: str,
    rehearsal: Rehearsal | None,
) -> dagger.Container:
    """
    Run a verb of deploy; any exit code is accepted.

    Args:
        project: project `deploy`
        options: options of the call
        arguments: the verb and its own flags
        run_id: fresh id, so that no run is answered from a cache
        rehearsal: services of the local environment; None for a real environment
    """
    command = ["python", "-m", "deploy", *arguments]
    command += options.flags("env", "project", "zone", "region", "group", "repository")
    container = (
        environment(project, PYTHON, dev=False)
        .with_mounted_directory(f"{WORKDIR}/deploy", options.tools.directory("deploy"))
        .with_mounted_directory(f"{WORKDIR}/lib", options.tools.directory("lib"))
        .with_mounted_directory(f"{WORKDIR}/environments", options.environment_files)
        .with_mounted_cache(_RESULTS, _reports(rehearsal.volumes if rehearsal else None))
        .with_env_variable("DEPLOY_RESULTS", f"{_RESULTS}/{options.env}")
        .with_env_variable("DEPLOY_COMMAND", options.command)
        .with_env_variable("DEPLOY_ARGUMENTS", options.retyped)
        .with_env_variable("GITHUB_ACTOR", options.by)
        .with_env_variable("RUN_ID", run_id)
    )
    if options.credentials is not None:
        container = container.with_mounted_secret(_CREDENTIALS, options.credentials)
        container = container.with_env_variable("GOOGLE_APPLICATION_CREDENTIALS", _CREDENTIALS)
    if options.registry_credentials is not None:
        container = container.with_mounted_secret(_REGISTRY_CREDENTIALS, options.registry_credentials)
        container = container.with_env_variable("REGISTRY_CREDENTIALS", _REGISTRY_CREDENTIALS)
    if options.prometheus_token is not None:
        container = container.with_mounted_secret(_METRICS_LOGIN, options.prometheus_token)
        container = container.with_env_variable("PROMETHEUS_TOKEN_FILE", _METRICS_LOGIN)
    if rehearsal is not None:
        container = (
            container.with_service_binding("emulator", rehearsal.emulator)
            .with_service_binding(registry.ALIAS, registry.embedded(rehearsal.volumes))
            .with_mounted_temp("/scratch")
            .with_mounted_file("/scripts/rehearse.py", script("rehearse.py"))
        )
        binding = [rehearsal.binding] if rehearsal.binding else []
        command = ["python", "/scripts/rehearse.py", emulator.URL, *binding, "--", *command]
    return container.with_exec(command, expect=dagger.ReturnType.ANY)


def delete_report(env: str, names: tuple[str, str, str], volumes: LocalVolumes | None, run_id: str) -> dagger.Container:
    """
    Delete the report of a group's last run: a run that ends at a gate must not be reported as the run before it.

    Args:
        env: name of a file in environments/
        names: project, zone or region, and group, which name the report file of deploy
        volumes: cache volumes of the local environment; None for a real environment
        run_id: fresh id, so that the deletion is never answered from a cache
    """
    return (
        dag.container()
        .from_(PYTHON.reference)
        .with_mounted_cache(_RESULTS, _reports(volumes))
        .with_env_variable("RUN_ID", run_id)
        .with_exec(["find", _RESULTS, "-path", f"{_RESULTS}/{env}/{'_'.join(names)}_*.json", "-delete"])
    )


def empty(volumes: LocalVolumes, run_id: str) -> dagger.Container:
    """
    Empty the emulator's state, the registry and the reports, once no push and no process that holds the state is left.

    It holds both locks or none while it waits: a release takes them in either order.
    """
    reports = f"{_RESULTS}/{LOCAL}"
    delete = (
        f'mkdir -p {reports}; find {emulator.STATE} {registry.STORAGE} {reports} -mindepth 1 ! -name "*.lock" -delete'
    )
    locks = (f"{registry.STORAGE}/push.lock", f"{emulator.STATE_FILE}.lock")
    locked = " ".join(f"flock --nonblock --conflict-exit-code {_LOCKED} {lock}" for lock in locks)
    script = (
        f"end=$(($(date +%s) + {emulator.WAIT_S})); until {locked} sh -ec '{delete}'; do code=$?; "
        f"[ $code = {_LOCKED} ] && [ $(date +%s) -lt $end ] || exit $code; sleep 1; done"
    )
    return (
        dag.container()
        .from_(PYTHON.reference)
        .with_mounted_cache(emulator.STATE, volumes.emulator)
        .with_mounted_cache(registry.STORAGE, volumes.registry)
        .with_mounted_cache(_RESULTS, volumes.reports)
        .with_env_variable("RUN_ID", run_id)
        .with_exec(["sh", "-c", script])
    )


def _reports(volumes: LocalVolumes | None) -> dagger.CacheVolume:
    """Return the reports of the last runs; those of real environments share a volume."""
    return volumes.reports if volumes else dag.cache_volume("deploy-results")
