"""Endpoints that a flag or a variable sets to another value than the environment file; pure."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class EndpointOverride:
    """
    An endpoint that is not the environment file's.

    Args:
        key: compute_url or registry_url.
        url: URL that this run uses.
        file_url: URL that the environment file has.
        file: Path of the environment file.
    """

    key: str
    url: str
    file_url: str
    file: str

    def __str__(self) -> str:
        flag = f"--{self.key.replace('_', '-')}"
        source = f"{flag} or COMPUTE_URL" if self.key == "compute_url" else flag
        return f"endpoint: {self.key} is '{self.url}', set by {source}; {self.file} has '{self.file_url}'"


def endpoint_overrides(file: str, pairs: Sequence[tuple[str, str, str]]) -> tuple[EndpointOverride, ...]:
    """
    Return the endpoints that differ from the environment file's.

    Args:
        file: Path of the environment file.
        pairs: Key, URL in use and URL of the file of each endpoint.
    """
    return tuple(
        EndpointOverride(key, url, other, file) for key, url, other in pairs if url.rstrip("/") != other.rstrip("/")
    )


def with_endpoint_lines(endpoints: Sequence[EndpointOverride], report: str, shape: str) -> str:
    """
    Return a report below a line for each endpoint.

    Args:
        endpoints: Endpoints that are not the environment file's.
        report: Text of the report.
        shape: Format of the report; JSON is returned as it is, because it has a field for them.
    """
    if shape == "json":
        return report
    lines = [f"**{endpoint}**\n" if shape == "markdown" else str(endpoint) for endpoint in endpoints]
    return "\n".join([*lines, report])
