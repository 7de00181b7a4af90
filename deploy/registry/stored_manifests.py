"""Reads the manifests of a repository: those of a list of images or of its tags, and those that an index lists."""

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from deploy.errors import RefusedError
from deploy.registry.client import Registry
from deploy.release.stored_image import ListedImage, StoredManifest
from lib.image_reference import Reference

_DEEPEST: Final = 4  # indexes in indexes
RunReads = Callable[[Sequence[Callable[[], Any]]], list[Any]]


class _Descriptor(BaseModel):
    """A reference of a manifest to a blob or to another manifest. Source: the OCI image specification 1.1."""

    model_config = ConfigDict(extra="ignore")
    digest: Annotated[str, Field(pattern=r"^[a-z0-9]+(?:[+._-][a-z0-9]+)*:[A-Za-z0-9=_-]+$")]
    size: Annotated[int, Field(ge=0)] = 0


class _Manifest(BaseModel):
    """The members of a manifest or an index that decide what belongs to it. Source: the same specification."""

    model_config = ConfigDict(extra="ignore")
    config: _Descriptor | None = None
    layers: list[_Descriptor] = []
    manifests: list[_Descriptor] = []
    subject: _Descriptor | None = None


@dataclass(frozen=True)
class ManifestReader:
    """
    The manifests of one repository.

    Args:
        registry: the registry.
        repository: host and path.
        run_reads: makes independent reads, and returns their results in order.
    """

    registry: Registry
    repository: str
    run_reads: RunReads

    def read_tagged(self) -> tuple[StoredManifest, ...]:
        """
        Read every manifest with a tag, and those that an index lists; no registry lists the others by this API.

        Raises:
            DeployError: the tags or a manifest could not be read, so that the list would be incomplete.
        """
        tags = self.registry.list_tags(self.repository)
        bodies = self._read([Reference(self.repository, tag) for tag in tags])
        tagged: dict[str, list[str]] = {}
        for tag, body in zip(tags, bodies, strict=True):
            tagged.setdefault(_digest(body), []).append(tag)
        by_digest = {_digest(body): body for body in bodies}
        listed = [ListedImage(digest, tuple(sorted(names)), None) for digest, names in tagged.items()]
        return self._with_children(listed, by_digest)

    def read_listed(self, images: Sequence[ListedImage]) -> tuple[StoredManifest, ...]:
        """Read the manifests of listed images, and those that an index lists; errors as of `read_tagged`."""
        bodies = self._read([Reference(self.repository, digest=image.digest) for image in images])
        return self._with_children(images, {_digest(body): body for body in bodies})

    def with_referenced(
        self, manifests: Sequence[StoredManifest], digests: Collection[str]
    ) -> tuple[StoredManifest, ...]:
        """
        Return manifests with those of more digests that the registry holds, and with what these list.

        An index that lost its tag is in no list of tags, and an image that it lists may have one.

        Args:
            manifests: manifests that were read before.
            digests: digests that something refers to, also of other repositories.

        Raises:
            DeployError: a manifest could not be read.
        """
        known = {manifest.digest for manifest in manifests}
        missing = sorted(set(digests) - known)
        bodies = self.run_reads([partial(self._read_digest, digest) for digest in missing])
        held = {digest: body for digest, body in zip(missing, bodies, strict=True) if body is not None}
        more = self._with_children([ListedImage(digest, (), None) for digest in held], held)
        return (*manifests, *(manifest for manifest in more if manifest.digest not in known))

    def _read_digest(self, digest: str) -> bytes | None:
        return self.registry.read_manifest(Reference(self.repository, digest=digest))

    def _with_children(self, images: Sequence[ListedImage], bodies: Mapping[str, bytes]) -> tuple[StoredManifest, ...]:
        manifests = {image.digest: self._parsed(image, bodies[image.digest]) for image in images}
        newest: Iterable[StoredManifest] = list(manifests.values())
        for _ in range(_DEEPEST):
            missing = sorted({child for row in newest for child in row.children} - manifests.keys())
            children = self.run_reads([partial(self._read_digest, digest) for digest in missing])
            newest = [
                self._parsed(ListedImage(digest, (), None), body)
                for digest, body in zip(missing, children, strict=True)
                if body is not None  # an index may list images that are not in its registry
            ]
            manifests |= {row.digest: row for row in newest}
        return tuple(manifests.values())

    def _read(self, references: Sequence[Reference]) -> list[bytes]:
        """Read manifests that a list has just named: one that is absent now would hide what it lists."""
        bodies = self.run_reads([partial(self.registry.read_manifest, reference) for reference in references])
        for reference, body in zip(references, bodies, strict=True):
            if body is None:
                raise RefusedError(
                    f"registry {self.registry.url}: '{reference}' was listed, and is absent. No image is listed.",
                    "try again",
                )
        return bodies

    def _parsed(self, image: ListedImage, body: bytes) -> StoredManifest:
        try:
            manifest = _Manifest.model_validate_json(body)
        except ValidationError as error:
            first = error.errors()[0]
            raise RefusedError(
                f"registry {self.registry.url}: '{self.repository}@{image.digest}': the manifest has another form:"
                f" {'.'.join(map(str, first['loc']))}: {first['msg']}. No image is listed.",
                "push the image again, or delete it in the registry",
            ) from error
        blobs = [manifest.config, *manifest.layers]
        return StoredManifest(
            digest=image.digest,
            tags=image.tags,
            uploaded_at=image.uploaded_at,
            blobs={image.digest: len(body)} | {blob.digest: blob.size for blob in blobs if blob},
            children=tuple(child.digest for child in manifest.manifests),
            subject=manifest.subject.digest if manifest.subject else "",
        )


def _digest(body: bytes) -> str:
    return f"sha256:{hashlib.sha256(body).hexdigest()}"
