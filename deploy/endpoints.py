"""Endpoints that a flag or a variable sets to another value than the environment file."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class EndpointOverride:
    """
    An endpoint that differs from the environment file.

    Args:
        key: compute_url or registry_url.
        url: URL that this run uses.
        file_url: URL of the environment file.
        file: path of the environment file.
    """

    key: str
    url: str
    file_url: str
    file: str

    def __str__(self) -> str:
        flag = f"--{self.key.replace('_', '-')}"
        source = f"{flag} or COMPUTE_URL" if self.key == "compute_url" else flag
        return f"endpoint: {self.key} is '{self.url}', set by {source}; {self.file} has '{self.file_url}'"


def endpoint_overrides(file: str, endpoints: Sequence[tuple[str, str, str]]) -> tuple[EndpointOverride, ...]:
    """
    Return the endpoints that differ from the environment file.

    Args:
        file: path of the environment file.
        endpoints: key, URL in use and URL of the file for each endpoint.
    """
    return tuple(
        EndpointOverride(key, url, file_url, file)
        for key, url, file_url in endpoints
        if url.rstrip("/") != file_url.rstrip("/")
    )
