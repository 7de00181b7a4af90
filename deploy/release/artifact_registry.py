"""The repository in Artifact Registry that an image's name is in."""

import re
from dataclasses import dataclass
from typing import Final

_NAME: Final = re.compile(r"([a-z0-9-]+)-docker\.pkg\.dev/([^/]+)/([^/]+)/.+")


@dataclass(frozen=True)
class ArtifactRepository:
    """
    A repository in Artifact Registry.

    Args:
        project: project of the repository.
        location: region or multi-region.
        name: name of the repository.
    """

    project: str
    location: str
    name: str

    @property
    def path(self) -> str:
        """Its name in the API of Artifact Registry."""
        return f"projects/{self.project}/locations/{self.location}/repositories/{self.name}"

    @property
    def flags(self) -> str:
        """Its name and the flags of gcloud that select it."""
        return f"{self.name} --location {self.location} --project {self.project}"


def artifact_repository(repository: str) -> ArtifactRepository | None:
    """Return the repository of an image, `HOST/PATH`; None if another registry has the image."""
    parts = _NAME.fullmatch(repository)
    return ArtifactRepository(parts[2], parts[1], parts[3]) if parts else None
