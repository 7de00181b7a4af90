"""The container that runs `python -m accessory`: its own lock, its own source, and gcloud, which makes the tunnel."""

from dataclasses import dataclass
from typing import Final

import dagger
from dagger import dag

from ci.options import Options
from ci.steps.base import GCLOUD, PYTHON, WORKDIR
from ci.steps.environment import Project, environment

_CREDENTIALS: Final = "/run/secrets/credentials"
_SDK: Final = "/usr/lib/google-cloud-sdk"  # where gcloud's image of Debian packages has it


@dataclass(frozen=True)
class Update:
    """
    An update of a single VM, which no group replaces.

    Args:
        name: key of `accessories` in the environment file
        env: name of a file in environments/
        credentials: Google credential file; None where no file was passed, which is refused before `run`
        image: image to serve; empty for the image of the environment
        is_rollback: whether the VM returns to the image that served before
        format: text, json or markdown
        by: person or account that updates, for the record
    """

    name: str
    env: str
    credentials: dagger.Secret | None
    image: str = ""
    is_rollback: bool = False
    format: str = "text"
    by: str = ""

    @property
    def command(self) -> list[str]:
        """The command line."""
        named = ["--name", self.name, "--env", self.env, "--format", self.format]
        if self.is_rollback:
            return ["rollback", *named]
        return ["update", *named, *(["--image", self.image] if self.image else [])]


def run(options: Options, project: Project, update: Update, run_id: str) -> dagger.Container:
    """
    Run an update; any exit code is accepted.

    Args:
        options: options of the call
        project: project `accessory`
        update: the update
        run_id: fresh id, so that no update is answered from a cache
    """
    ssh = (
        "apt-get update -q && apt-get install -qy --no-install-recommends openssh-client && rm -rf /var/lib/apt/lists/*"
    )
    container = (
        environment(project, PYTHON, dev=False)
        .with_exec(["sh", "-ec", ssh])
        .with_directory(_SDK, dag.container().from_(GCLOUD.reference).directory(_SDK))
        .with_env_variable("PATH", f"{_SDK}/bin:$PATH", expand=True)
        .with_env_variable("CLOUDSDK_CORE_DISABLE_PROMPTS", "1")
        .with_mounted_directory(f"{WORKDIR}/accessory", options.tools.directory("accessory"))
        .with_mounted_directory(f"{WORKDIR}/lib", options.tools.directory("lib"))
        .with_mounted_directory(f"{WORKDIR}/environments", options.environment_files)
        .with_env_variable("ACCESSORY_COMMAND", f"{options.command} accessory {options.retyped}".rstrip())
        .with_env_variable("GITHUB_ACTOR", update.by)
        .with_env_variable("RUN_ID", run_id)
    )
    if update.credentials is not None:
        container = container.with_mounted_secret(_CREDENTIALS, update.credentials)
        container = container.with_env_variable("GOOGLE_APPLICATION_CREDENTIALS", _CREDENTIALS)
    return container.with_exec(["python", "-m", "accessory", *update.command], expect=dagger.ReturnType.ANY)
