"""Which registry the name of an image stands for; Docker adds Docker Hub to a name that has no registry."""

from typing import Final

DOCKER_HUB: Final = "docker.io"


def full_form(name: str) -> str:
    """
    Return what Docker reads in a short name; empty for a name that begins with the host of a registry.

    Source: github.com/distribution/reference, splitDockerDomain: a host has a dot or a port, or is `localhost`.

    Args:
        name: name of an image, with or without tag and digest.
    """
    first, slash, _ = name.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return ""
    return f"{DOCKER_HUB}/{name}" if slash else f"{DOCKER_HUB}/library/{name}"
