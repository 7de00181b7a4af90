"""The registry that the host of an image reference stands for, with the short names that Docker Hub allows."""

from typing import Final

from lib.image_reference import DOCKER_HUB

_DOCKER_HUB_HOSTS: Final = ("docker.io", "index.docker.io", "registry-1.docker.io")


def registry_url_of(host: str) -> str:
    """Return scheme and host of the registry that the host of an image reference stands for."""
    return "https://registry-1.docker.io" if host in _DOCKER_HUB_HOSTS else f"https://{host}"


def login_name(host: str) -> str:
    """Return the name of a registry in a file of logins: its host, and one name for all hosts of Docker Hub."""
    return DOCKER_HUB if host in _DOCKER_HUB_HOSTS else host


def api_path(repository: str) -> str:
    """Return the path of a repository in the registry's API; Docker Hub has its own images in `library`."""
    host, _, path = repository.partition("/")
    return f"library/{path}" if host in _DOCKER_HUB_HOSTS and "/" not in path else path


def other_names(repository: str) -> tuple[str, ...]:
    """Return the other names by which container engines pull a repository of Docker Hub; none for another registry."""
    host, _, path = repository.partition("/")
    if host not in _DOCKER_HUB_HOSTS:
        return ()
    path = api_path(repository)
    paths = (path, path.removeprefix("library/")) if path.count("/") == 1 and path.startswith("library/") else (path,)
    names = (*(f"{hub}/{path}" for hub in _DOCKER_HUB_HOSTS for path in paths), *paths)
    return tuple(name for name in names if name != repository)
