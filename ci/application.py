"""The application that is shipped, as `delivery.yaml` at the root of the source describes it."""

from dataclasses import dataclass, field
from typing import Final

import dagger

from ci.errors import RefusedError

FILE: Final = "delivery.yaml"
NAMED_CHECKS: Final = ("lint", "types", "test")
_REFERENCE: Final = "${IMAGE}"


@dataclass(frozen=True)
class Gate:
    """
    A check that must pass before the image is pushed.

    Args:
        name: name of the stage; without a command the name of a check of this module
        image: image that the command runs in; empty for a check of this module
        command: shell command, which runs in a copy of the source
        reads: files and folders of the source that the command reads; all of them where it is empty
    """

    name: str
    image: str = ""
    command: str = ""
    reads: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Application:
    """
    What the pipeline must know of the application.

    Args:
        image: name of the image, the last part of `repository` in each environment file
        port: port on which the container listens
        context: folder of the build context
        dockerfile: path of the Dockerfile in the context
        liveness: path that answers 200 as long as the process serves; without it that of health
        readiness: path that answers 200 from the end of the start to SIGTERM; without it that of health
        health: path that the group's health check requests
        responses: further paths, each with a text that its response contains
        environment: variables of the container in smoke and in the local environment
        drain_s: seconds after SIGTERM in which the container still answers, but is not ready
        allow_root: whether the image's user may be root
        allow_build_tools: whether compilers, make and uv may be in the image
        gates: checks in the order of the summary, each lint, types or test, or a command
        bill_of_materials: path of a uv.lock or of a file of pinned requirements; empty for neither
        seed: seed of the emulator in the local environment: a path, or the name of one that the emulator ships; empty
            for a group that is made of this file
    """

    image: str
    port: int
    context: str = "."
    dockerfile: str = "Dockerfile"
    liveness: str = "/healthz"
    readiness: str = "/healthz"
    health: str = "/healthz"
    responses: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    drain_s: float = 0
    allow_root: bool = False
    allow_build_tools: bool = False
    gates: tuple[Gate, ...] = ()
    bill_of_materials: str = ""
    seed: str = ""

    def variables(self, reference: str) -> dict[str, str]:
        """Return the variables of the container, with the reference of its image in place of `${IMAGE}`."""
        return {name: value.replace(_REFERENCE, reference) for name, value in self.environment.items()}

    def refuse_other_image(self, place: str, repository: str) -> None:
        """
        Refuse to push to the repository of another image.

        Args:
            place: the flag or the file that names the repository
            repository: host and path

        Raises:
            RefusedError: the last part of the path is not the name of the image
        """
        if repository.rpartition("/")[2] != self.image:
            raise RefusedError(
                f"{place}: got '{repository}', and {FILE} says that the image is '{self.image}'. "
                f"Fix: a repository that ends in '/{self.image}', or another 'image' in {FILE}"
            )


async def read_text(source: dagger.Directory, path: str, fix: str) -> str:
    """
    Read a file of the source that delivery.yaml names, or that file itself.

    Raises:
        RefusedError: the file is missing, or is no text
    """
    try:
        return await source.file(path).contents()
    except dagger.QueryError as error:
        raise RefusedError(f"{path}: cannot be read: {error}. Fix: {fix}") from error
