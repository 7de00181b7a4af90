"""Every image and tool version of the pipeline, and the containers that all steps start from."""

from dataclasses import dataclass

import dagger
from dagger import dag

from ci import programs


@dataclass(frozen=True)
class Image:
    """
    A base image, pinned by an exact tag, and by a digest where one is known.

    Args:
        tag: name and tag, such as `golang:1.26-bookworm`
        digest: digest such as `sha256:…`; empty where it is unknown
    """

    tag: str
    digest: str = ""

    @property
    def reference(self) -> str:
        """The reference that is pulled."""
        return f"{self.tag}@{self.digest}" if self.digest else self.tag


PYTHON_SERIES = programs.TOOLS_PYTHON
PYTHON = Image(f"python:{PYTHON_SERIES}-slim-bookworm")  # also in ci/pyproject.toml
UV = Image(f"ghcr.io/astral-sh/uv:{programs.UV_VERSION}")
GO = Image("golang:1.26-bookworm")
TERRAFORM = Image("hashicorp/terraform:1.11.4")
GCLOUD = Image("gcr.io/google.com/cloudsdktool/google-cloud-cli:528.0.0-slim")  # no stand-in: it talks to Google alone

# Debian 12's; the archive keeps one build of each, whose revision changes with security updates.
SKOPEO_DEBIAN = "skopeo=1.9.3*"
REGISTRY_DEBIAN = "docker-registry=2.8.2*"

VENV = "/opt/venv"
WORKDIR = "/src"


def python_image(series: str) -> Image:
    """Return the image of the Python that a program ships with."""
    return PYTHON if series == PYTHON_SERIES else Image(f"python:{series}-slim")


def python(image: Image) -> dagger.Container:
    """Python with uv, and uv's cache."""
    uv = dag.container().from_(UV.reference)
    return (
        dag.container()
        .from_(image.reference)
        .with_file("/usr/local/bin/uv", uv.file("/uv"))
        .with_mounted_cache("/root/.cache/uv", dag.cache_volume("uv"))
        .with_env_variable("UV_LINK_MODE", "copy")
        .with_env_variable("UV_PYTHON_DOWNLOADS", "never")
        .with_env_variable("UV_PROJECT_ENVIRONMENT", VENV)
        .with_env_variable("PATH", f"{VENV}/bin:$PATH", expand=True)
        .with_env_variable("PYTHONUNBUFFERED", "1")
        .with_workdir(WORKDIR)
    )


def registry_tools() -> dagger.Container:
    """Python with skopeo and docker-registry, for the push and for the embedded registry."""
    install = (
        "apt-get update -q && apt-get install -qy --no-install-recommends"
        f" '{SKOPEO_DEBIAN}' '{REGISTRY_DEBIAN}' && rm -rf /var/lib/apt/lists/*"
    )
    return dag.container().from_(PYTHON.reference).with_exec(["sh", "-ec", install])
