"""
Lists the images of a repository that no metadata of the listed projects, their instances or templates refers to.

The registry is read before the projects: the image of a release that begins meanwhile is either not in the list of
images, or its template is read after it. A read that fails ends the listing: what was not read may refer to an image.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from deploy.compute_engine.metadata_holders import READ_PERMISSIONS, holder_reads
from deploy.config import Config
from deploy.errors import CloudError, NotAllowedError, RefusedError
from deploy.google_apis.docker_images import LIST_PERMISSION, list_docker_images
from deploy.parallel import side_by_side
from deploy.registry.stored_manifests import ManifestReader
from deploy.release.artifact_registry import ArtifactRepository, artifact_repository
from deploy.release.image_uses import MetadataHolder, image_uses
from deploy.release.stored_image import ListedImage, unused_images
from deploy.report.unused_images import ImageListing
from deploy.retry import NOT_FOUND
from deploy.session import Session
from lib.disabled_apis import enabling_fix

RunReads = Callable[[Sequence[Callable[[], Any]]], list[Any]]


def list_unused_images(
    session: Session, config: Config, projects: Sequence[str], run_reads: RunReads = side_by_side
) -> ImageListing:
    """
    Return the images of the environment's repository that are not in use.

    Args:
        session: connections of the environment.
        config: names of the environment.
        projects: projects whose metadata, templates, instances and groups may refer to the images.
        run_reads: makes independent reads, and returns their results in order.

    Raises:
        RefusedError: the repository has no image, the registry or a project could not be read, or a text mentions the
            repository and does not show which image.
        NotAllowedError: the account may not read the registry or a project.
    """
    reader = ManifestReader(session.registry, config.repository, run_reads)
    place = _artifact_repository(config)
    manifests = reader.read_listed(_list_images(session, config, place)) if place else reader.read_tagged()
    if not manifests:
        raise RefusedError(
            f"registry {config.registry}: '{config.repository}' has no image.",
            "push one, or correct `repository` in the environment file",
        )
    holders = _read_holders(session, projects, run_reads)
    if not any((row.kind, row.name, row.project) == ("group", config.group, config.project) for row in holders):
        raise RefusedError(
            f"group '{config.group}': is not in the list of groups of project '{config.project}', so that the list may"
            " not be complete. No image is listed.",
            "correct `group` or `project` in the environment file, or try again",
        )
    uses = image_uses(holders, config.repository)
    manifests = manifests if place else reader.with_referenced(manifests, uses.digests)
    return ImageListing(
        repository=config.repository,
        projects=tuple(projects),
        unused=unused_images(manifests, uses.digests, uses.tags),
        unsearched=uses.unsearched,
        has_upload_times=place is not None,
    )


def _artifact_repository(config: Config) -> ArtifactRepository | None:
    """Return the repository in Artifact Registry; None if another registry is asked for the digests."""
    return artifact_repository(config.repository) if config.registry.rstrip("/") == config.default_registry else None


def _list_images(session: Session, config: Config, place: ArtifactRepository) -> list[ListedImage]:
    try:
        return list_docker_images(session.apis, place, config.repository)
    except NotAllowedError as error:
        grant = f"grant this account {LIST_PERMISSION} on '{place.name}', which roles/artifactregistry.reader has"
        raise NotAllowedError(f"{error.message.rstrip('.')}.", enabling_fix(error.message) or grant) from error


def _read_holders(session: Session, projects: Sequence[str], run_reads: RunReads) -> list[MetadataHolder]:
    compute = session.managed.compute
    reads = [
        partial(_read_project, project, read)
        for project in projects
        for read in holder_reads(compute if project == compute.project else compute.of_project(project))
    ]
    return [holder for holders in run_reads(reads) for holder in holders]


def _read_project(project: str, read: Callable[[], list[MetadataHolder]]) -> list[MetadataHolder]:
    """Make a read of a project; its error says that no image is listed without it."""
    try:
        return read()
    except NotAllowedError as error:
        text = f"{error.message.rstrip('.')}. No image is listed: project '{project}' may use any."
        grant = f"grant this account {', '.join(READ_PERMISSIONS)} on project '{project}', or use another account"
        raise NotAllowedError(text, enabling_fix(error.message) or grant) from error
    except CloudError as error:
        text = f"{error.message.rstrip('.')}. No image is listed: project '{project}' may use any."
        is_absent = error.status == NOT_FOUND
        raise RefusedError(text, "correct `project` in the environment files" if is_absent else "try again") from error
