"""
Build and smoke of the image that is shipped.

Two builds of the same sources give the same digest, also after the engine lost its cache, if the Dockerfile leaves
nothing of the moment in its layers: it gets SOURCE_DATE_EPOCH, the commit is not part of the image, and
scripts/oci_layout.py removes the dates from the configuration, which the engine (v0.19.10) offers no way to set. The
digest changes with the sources and the base image: a tag moves upstream, and a stand-in is made anew with each set-up
of a local engine.

Smoke runs its own Python inside the image, by the loader of that Python: an image needs neither Python nor a shell.
"""

import json
from typing import Final

import dagger
from dagger import dag

from ci.application import Application
from ci.defaults import STAND_IN_LABEL
from ci.steps.base import PYTHON, PYTHON_SERIES
from ci.steps.scripts import scripts

PLATFORM: Final = dagger.Platform("linux/amd64")
_EPOCH: Final = "315532800"  # 1980-01-01
_HOST: Final = "app"
# Paths of our own: the image has folders such as /scripts itself.
_SCRIPTS: Final = "/opt/smoke-scripts"
_RUNTIME: Final = "/opt/smoke-python"
_LIBRARIES: Final = f"{_RUNTIME}/usr/local/lib:{_RUNTIME}/usr/lib/x86_64-linux-gnu"
# `-I`: the variables of the image that begin with PYTHON are for its own Python.
_PYTHON_COMMAND: Final = [
    f"{_RUNTIME}/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2",
    "--library-path",
    _LIBRARIES,
    f"{_RUNTIME}/usr/local/bin/python{PYTHON_SERIES}",
    "-I",
]


def build(context: dagger.Directory, application: Application) -> dagger.Container:
    """Return the image, built from the files of its context."""
    return context.docker_build(
        dockerfile=application.dockerfile,
        platform=PLATFORM,
        build_args=[dagger.BuildArg("SOURCE_DATE_EPOCH", _EPOCH)],
    )


async def stand_in(built: dagger.Container) -> str:
    """Return the name of the official image that a stand-in of the local engine replaces; empty where none does."""
    return await built.label(STAND_IN_LABEL) or ""


async def command(built: dagger.Container) -> list[str]:
    """Return the command that starts the image: its ENTRYPOINT and CMD."""
    return [*(await built.entrypoint() or []), *(await built.default_args() or [])]


def started(built: dagger.Container, application: Application) -> dagger.Service:
    """
    Return the image as an instance starts it: its own command, the variables of delivery.yaml.

    The engine (v0.19.10) would wait 15 minutes for a port on which nothing listens; smoke.py waits itself.
    """
    container = configured(built, application, application.image)
    container = container.with_exposed_port(application.port, experimental_skip_healthcheck=True)
    return container.as_service(use_entrypoint=True)


def smoke_health(built: dagger.Container, application: Application) -> dagger.Container:
    """Request the paths of the started image from another container."""
    return (
        dag.container()
        .from_(PYTHON.reference)
        .with_service_binding(_HOST, started(built, application))
        .with_mounted_directory(_SCRIPTS, scripts())
        .with_exec(
            [
                "python",
                f"{_SCRIPTS}/smoke.py",
                "health",
                f"http://{_HOST}:{application.port}",
                expectations(application),
            ]
        )
    )


def smoke_lifecycle(built: dagger.Container, application: Application, arguments: list[str]) -> dagger.Container:
    """Start and stop the server inside its own image, and check its user and the programs beside it."""
    server = f"http://127.0.0.1:{application.port}"
    container = with_python(configured(built, application, application.image))
    script = [*_PYTHON_COMMAND, f"{_SCRIPTS}/smoke.py", "lifecycle", server, expectations(application)]
    return container.with_exec([*script, *arguments])


def installed(built: dagger.Container) -> dagger.Directory:
    """
    List what an image holds beside the packages of a lock file, in one exec, which costs seconds.

    Returns:
        python.txt: the version of Python, or nothing; debian.tsv: name, version, architecture of each Debian package.
    """
    folder = "/opt/sbom-installed"
    container = with_python(built.with_user("0"))
    return container.with_exec([*_PYTHON_COMMAND, f"{_SCRIPTS}/installed.py", folder]).directory(folder)


def with_python(built: dagger.Container) -> dagger.Container:
    """Mount the scripts, and the Python that _PYTHON_COMMAND starts."""
    runtime = dag.container(platform=PLATFORM).from_(PYTHON.reference).rootfs()
    return built.with_mounted_directory(_RUNTIME, runtime).with_mounted_directory(_SCRIPTS, scripts())


def expectations(application: Application) -> str:
    """Return what smoke.py expects of the server, as JSON."""
    paths = (application.liveness, application.readiness, application.health)
    return json.dumps(
        {
            "liveness": application.liveness,
            "readiness": application.readiness,
            "responses": {**dict.fromkeys(paths, ""), **application.responses},
            "drain_s": application.drain_s,
            "allow_root": application.allow_root,
            "allow_build_tools": application.allow_build_tools,
        }
    )


def configured(built: dagger.Container, application: Application, reference: str) -> dagger.Container:
    """Set the variables of delivery.yaml."""
    for name, value in application.variables(reference).items():
        built = built.with_env_variable(name, value)
    return built
