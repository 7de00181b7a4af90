"""The container that runs `python -m accessory`: its own lock, its own source, and gcloud, which makes the tunnel."""

from dataclasses import dataclass
from typing import Final

import dagger
from dagger import dag

from ci.steps.base import GCLOUD, PYTHON, WORKDIR
from ci.steps.python_checks import Project, environment

_CREDENTIALS: Final = "/run/secrets/credentials"
_TYPED: Final = "./daggerw call accessory"
_SDK: Final = "/usr/lib/google-cloud-sdk"  # where gcloud's image of Debian packages has it


@dataclass(frozen=True)
class Update:
    """
    What is asked of a machine that cannot roll.

    Args:
        name: vllm or chromadb.
        env: Name of a file in environments/.
        credentials: Google credential file; None where none was passed, which is refused before `run`.
        image: To serve; empty for the environment's.
        is_rollback: Go back to what served before.
        shape: text, json or markdown.
        by: Who asks, for the record.
    """

    name: str
    env: str
    credentials: dagger.Secret | None
    image: str = ""
    is_rollback: bool = False
    shape: str = "text"
    by: str = ""

    @property
    def command(self) -> list[str]:
        """The command line."""
        named = ["--name", self.name, "--env", self.env, "--format", self.shape]
        if self.is_rollback:
            return ["rollback", *named]
        return ["update", *named, *(["--image", self.image] if self.image else [])]


def run(source: dagger.Directory, tools: Project, update: Update, run_id: str) -> dagger.Container:
    """
    Run it, whatever it ends with.

    Args:
        source: The repository.
        tools: Project `accessory`.
        update: What is asked.
        run_id: Fresh in every run, so that none is ever answered from a cache.
    """
    ssh = (
        "apt-get update -q && apt-get install -qy --no-install-recommends openssh-client && rm -rf /var/lib/apt/lists/*"
    )
    container = (
        environment(tools, PYTHON, dev=False)
        .with_exec(["sh", "-ec", ssh])
        .with_directory(_SDK, dag.container().from_(GCLOUD.reference).directory(_SDK))
        .with_env_variable("PATH", f"{_SDK}/bin:$PATH", expand=True)
        .with_env_variable("CLOUDSDK_CORE_DISABLE_PROMPTS", "1")
        .with_mounted_directory(f"{WORKDIR}/accessory", source.directory("accessory"))
        .with_mounted_directory(f"{WORKDIR}/lib", source.directory("lib"))
        .with_mounted_directory(f"{WORKDIR}/environments", source.directory("environments"))
        .with_env_variable("ACCESSORY_COMMAND", _TYPED)
        .with_env_variable("GITHUB_ACTOR", update.by)
        .with_env_variable("RUN_ID", run_id)
    )
    if update.credentials is not None:
        container = container.with_mounted_secret(_CREDENTIALS, update.credentials)
        container = container.with_env_variable("GOOGLE_APPLICATION_CREDENTIALS", _CREDENTIALS)
    return container.with_exec(["python", "-m", "accessory", *update.command], expect=dagger.ReturnType.ANY)
