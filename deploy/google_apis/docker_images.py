"""
The images of a repository in Artifact Registry, by its API: unlike the tags of a registry, it lists images without one.

Source: Artifact Registry v1, projects.locations.repositories.dockerImages.list: permission
artifactregistry.dockerimages.list, at most 1,000 rows a page (google-cloud-artifact_registry-v1 1.10.0,
ListDockerImagesRequest, read on 2026-11-27).
"""

from datetime import datetime
from typing import Final
from urllib.parse import unquote

from deploy.documents.project_shapes import DockerImagePage
from deploy.documents.validation import shape_check
from deploy.google_apis.client import GoogleApis
from deploy.release.artifact_registry import ArtifactRepository
from deploy.release.stored_image import ListedImage

LIST_PERMISSION: Final = "artifactregistry.dockerimages.list"
_PAGE_SIZE: Final = 1_000
_PAGE: Final = shape_check(DockerImagePage)


def list_docker_images(apis: GoogleApis, place: ArtifactRepository, repository: str) -> list[ListedImage]:
    """
    Return the images of one name; the repository may have images of other names, which are left out.

    Args:
        apis: Google's APIs.
        place: the repository.
        repository: host and path of the image.

    Raises:
        CloudError: a page could not be read, so that the list would be incomplete; NotAllowedError, too.
    """
    images = []
    for row in apis.items("artifactregistry", f"{place.path}/dockerImages", "dockerImages", _PAGE, _PAGE_SIZE):
        name, _, digest = unquote(row["uri"]).partition("@")
        if name == repository:
            tags = tuple(sorted(row.get("tags") or ()))
            images.append(ListedImage(digest, tags, datetime.fromisoformat(row["uploadTime"])))
    return images
