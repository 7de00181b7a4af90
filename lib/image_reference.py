"""References of container images: parsed in full, with a registry, and with a tag or a digest."""

import re
from dataclasses import dataclass
from typing import Final

DOCKER_HUB: Final = "docker.io"
TAG: Final = r"[\w][\w.-]{0,127}"
DIGEST: Final = r"sha256:[0-9a-f]{64}"
_PATH: Final = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_SHORT_NAME: Final = re.compile(rf"{_PATH}(?:/{_PATH})*")
_REPOSITORY: Final = re.compile(rf"[a-z0-9.-]+(?::[0-9]+)?(?:/{_PATH})+")
_REFERENCE: Final = re.compile(rf"(?P<repository>.+?)(?::(?P<tag>{TAG}))?(?:@(?P<digest>{DIGEST}))?", re.ASCII)


class ImageReferenceError(ValueError):
    """
    A text that is not a full image reference.

    Args:
        message: place of the text, and what is wrong with it.
        fix: one action, without a full stop.
    """

    def __init__(self, message: str, fix: str) -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix


@dataclass(frozen=True)
class Reference:
    """
    A full image reference.

    Args:
        repository: host and path, such as `asia-northeast3-docker.pkg.dev/project/dojangkok-ai/ai-server`.
        tag: may be empty if there is a digest.
        digest: `sha256:…`; may be empty if there is a tag.
    """

    repository: str
    tag: str = ""
    digest: str = ""

    def __str__(self) -> str:
        return self.repository + (f":{self.tag}" if self.tag else "") + (f"@{self.digest}" if self.digest else "")


def parse_reference(text: str, place: str) -> Reference:
    """
    Return the reference in a text.

    Args:
        text: HOST/PATH with a tag, a digest or both.
        place: option or key that has this value, for the error.

    Raises:
        ImageReferenceError: the text is not a reference, lacks tag and digest, or lacks the host of the registry.
    """
    parts = _REFERENCE.fullmatch(text)
    if parts is None or not (parts["tag"] or parts["digest"]):
        raise _error(text, place)
    repository = parts["repository"]
    if _SHORT_NAME.fullmatch(repository) and full_form(repository):
        raise ImageReferenceError(f"{place}: got '{text}', which names no registry.", f"write '{full_form(text)}'")
    if not _REPOSITORY.fullmatch(repository):
        raise _error(text, place)
    return Reference(repository, parts["tag"] or "", parts["digest"] or "")


def _error(text: str, place: str) -> ImageReferenceError:
    return ImageReferenceError(
        f"{place}: got '{text}', which is not an image reference.", "HOST/PATH@sha256:DIGEST or HOST/PATH:TAG"
    )


def is_digest(text: str) -> bool:
    """Return whether a text is a complete digest."""
    return re.fullmatch(DIGEST, text) is not None


def full_form(name: str) -> str:
    """
    Return the name that Docker reads for a short name of Docker Hub; empty for a name with the host of a registry.

    Source: github.com/distribution/reference, splitDockerDomain: a host has a dot or a port, or is `localhost`.

    Args:
        name: name of an image, with or without tag and digest.
    """
    first, slash, _ = name.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return ""
    return f"{DOCKER_HUB}/{name}" if slash else f"{DOCKER_HUB}/library/{name}"
