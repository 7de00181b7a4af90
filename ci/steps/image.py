"""
Build and smoke of the image that is shipped.

Two builds of the same sources give the same digest, also after the engine lost its cache, because nothing of the
moment gets into the pushed image: the Dockerfile sets every time that its lines leave, bytecode carries no time stamps,
packages come from uv.lock, the commit is not part of the image, and scripts/oci_layout.py removes the dates from the
configuration, which the engine (v0.19.10) offers no way to set. The digest changes with the sources, the lock file,
and the base image: `python:3.10-slim` is a tag that moves upstream, and a stand-in is made anew with each set-up of a
local engine.
"""

from typing import Final

import dagger
from dagger import dag

from ci.steps.base import PYTHON
from ci.steps.scripts import scripts

PLATFORM: Final = dagger.Platform("linux/amd64")
STAND_IN_LABEL: Final = "dojangkok.stand-in"
PORT: Final = 8000

_CONTEXT: Final = ["Dockerfile", ".dockerignore", "pyproject.toml", "uv.lock", "app/**"]
READS: Final = tuple(_CONTEXT)  # the files that the build reads
_EPOCH: Final = "315532800"  # 1980-01-01, also in the Dockerfile
_DRAIN_S: Final = 2

# The environment that an instance of the group sets; the addresses lead nowhere.
_PRODUCTION_LIKE: Final = {
    "APP_ENV": "prod",
    "VLLM_BASE_URL": "http://vllm.smoke.internal:8001/v1",
    "VLLM_API_KEY": "smoke",
    "VLLM_LORA_ADAPTER_CHECKLIST": "checklist",
    "VLLM_LORA_ADAPTER_EASYCONTRACT": "easycontract",
    "CHROMADB_URL": "http://chromadb.smoke.internal:8100",
    "BACKEND_CALLBACK_BASE_URL": "https://backend.smoke.internal/api",
    "BACKEND_INTERNAL_TOKEN": "smoke",
    "OCR_API": "smoke",
    "HTTP_TIMEOUT_SEC": "30",
    "AI_SERVER_IMAGE": "smoke",
    "DRAIN_SEC": str(_DRAIN_S),
}


def build(source: dagger.Directory) -> dagger.Container:
    """Return the image, built from the part of the sources that goes into it."""
    context = source.filter(include=_CONTEXT, exclude=["**/__pycache__"])
    return context.docker_build(platform=PLATFORM, build_args=[dagger.BuildArg("SOURCE_DATE_EPOCH", _EPOCH)])


def started(image: dagger.Container) -> dagger.Service:
    """
    Return the image as an instance starts it: its own command, a production-like environment.

    The engine (v0.19.10) would wait 15 minutes for a port on which nothing listens; smoke.py waits itself.
    """
    return production_like(image).with_exposed_port(PORT, experimental_skip_healthcheck=True).as_service()


def smoke_health(image: dagger.Container) -> dagger.Container:
    """Request the health of the started image from another container."""
    return (
        dag.container()
        .from_(PYTHON.reference)
        .with_service_binding("app", started(image))
        .with_mounted_directory("/scripts", scripts())
        .with_exec(["python", "/scripts/smoke.py", "health", f"http://app:{PORT}"])
    )


def smoke_lifecycle(image: dagger.Container, command: list[str]) -> dagger.Container:
    """Start and stop the server inside its own image, and check its user and the programs beside it."""
    return (
        production_like(image)
        .with_mounted_directory("/scripts", scripts())
        .with_exec(["python", "/scripts/smoke.py", "lifecycle", f"http://127.0.0.1:{PORT}", str(_DRAIN_S), *command])
    )


def production_like(image: dagger.Container) -> dagger.Container:
    """Set the environment that an instance of the group sets."""
    for name, value in _PRODUCTION_LIKE.items():
        image = image.with_env_variable(name, value)
    return image
