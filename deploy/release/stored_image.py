"""
The manifests of an image repository, and which of them nothing refers to.

A manifest is an image, a list of images (an index), or an attachment of another manifest: a bill of materials, a
signature or an attestation. Sources: the OCI image specification 1.1, "Image Manifest" and "Image Index" (`subject`,
`manifests`); the OCI distribution specification 1.1, "Referrers Tag Schema" (`sha256-DIGITS`); cosign, SBOM_SPEC.md and
SIGNATURE_SPEC.md in specs/ (`sha256-DIGITS.sbom`, `.sig`, `.att`); read on 2026-11-27.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

_ATTACHMENT_TAG: Final = re.compile(r"sha256-([0-9a-f]{64})(?:\.[\w.-]+)?")
_LAST: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class ListedImage:
    """
    An entry of a registry's list of images.

    Args:
        digest: digest of the manifest.
        tags: tags that point to it.
        uploaded_at: time of its upload; None where the registry lists none.
    """

    digest: str
    tags: tuple[str, ...]
    uploaded_at: datetime | None


@dataclass(frozen=True)
class StoredManifest:
    """
    A manifest in a registry.

    Args:
        digest: digest of the manifest.
        tags: tags that point to it.
        uploaded_at: time of its upload; None where the registry lists none.
        blobs: size in bytes of the manifest itself, its configuration and its layers, by digest.
        children: digests of the manifests that an index lists.
        subject: digest of the manifest that its member `subject` names; empty for none.
    """

    digest: str
    tags: tuple[str, ...]
    uploaded_at: datetime | None
    blobs: Mapping[str, int]
    children: tuple[str, ...] = ()
    subject: str = ""

    @property
    def attached_to(self) -> frozenset[str]:
        """Digests of the manifests that it is attached to, by its subject or by its tags."""
        matches = (_ATTACHMENT_TAG.fullmatch(tag) for tag in self.tags)
        return frozenset({f"sha256:{match[1]}" for match in matches if match} | ({self.subject} - {""}))


@dataclass(frozen=True)
class UnusedImage:
    """
    An image that nothing refers to, with what belongs to it.

    Args:
        digest: digest of the image or index.
        tags: tags that point to it.
        uploaded_at: time of its upload; None where the registry lists none.
        size_bytes: size of its manifests, configurations and layers, attachments included; each counts once.
        manifests: digests of its manifests: its own, those that an index lists, and attachments.
    """

    digest: str
    tags: tuple[str, ...]
    uploaded_at: datetime | None
    size_bytes: int
    manifests: tuple[str, ...]


@dataclass(frozen=True)
class UnusedImages:
    """
    The images of a repository that nothing refers to.

    Args:
        images: the images, the oldest upload first.
        freed_bytes: size of what only these images have; a layer that several have counts once.
        kept: number of images that are in use.
    """

    images: tuple[UnusedImage, ...]
    freed_bytes: int
    kept: int

    @property
    def size_bytes(self) -> int:
        """Sum of the images' sizes; a layer that several images have counts for each."""
        return sum(image.size_bytes for image in self.images)


def unused_images(manifests: Sequence[StoredManifest], digests: Collection[str], tags: Collection[str]) -> UnusedImages:
    """
    Return the images that are not in use.

    In use are a manifest with one of these digests or tags, every index that lists it, and what belongs to one of them:
    the manifests that it lists, and its attachments.

    Args:
        manifests: all manifests of the repository.
        digests: digests that something refers to.
        tags: tags that something refers to.
    """
    by_digest = {manifest.digest: manifest for manifest in manifests}
    # A digest that the registry does not list counts too: its attachments may be listed.
    used = {*digests, *(row.digest for row in manifests if not set(tags).isdisjoint(row.tags))}
    used = _with_belongings(_with_parents(used, manifests), manifests)
    unused = [manifest for manifest in manifests if manifest.digest not in used]
    listed = {child for manifest in manifests for child in manifest.children}
    # Those that no index lists and that are attached to no other one.
    roots = [row for row in manifests if row.digest not in listed and by_digest.keys().isdisjoint(row.attached_to)]
    images = [_image(root, unused) for root in sorted(roots, key=_age_order) if root.digest not in used]
    held = {blob for row in manifests if row.digest in used for blob in row.blobs}
    freed = {blob: size for row in unused for blob, size in row.blobs.items() if blob not in held}
    return UnusedImages(tuple(images), sum(freed.values()), len(roots) - len(images))


def _with_parents(digests: set[str], manifests: Sequence[StoredManifest]) -> set[str]:
    """Return digests with those of each index that lists one of them, also over other indexes."""
    reached: set[str] = set()
    while reached != digests:
        reached = digests
        digests = reached | {row.digest for row in manifests if not reached.isdisjoint(row.children)}
    return reached


def _with_belongings(digests: set[str], manifests: Sequence[StoredManifest]) -> set[str]:
    """Return digests with those of the manifests that they list, and of attachments; absent manifests are left out."""
    reached: set[str] = set()
    while reached != digests:
        reached = digests
        listed = {child for row in manifests if row.digest in reached for child in row.children}
        digests = reached | {
            row.digest for row in manifests if row.digest in listed or not reached.isdisjoint(row.attached_to)
        }
    return reached


def _image(root: StoredManifest, unused: Sequence[StoredManifest]) -> UnusedImage:
    members = _with_belongings({root.digest}, unused)
    blobs = {blob: size for row in unused if row.digest in members for blob, size in row.blobs.items()}
    others = sorted(members - {root.digest})
    return UnusedImage(root.digest, root.tags, root.uploaded_at, sum(blobs.values()), (root.digest, *others))


def _age_order(manifest: StoredManifest) -> tuple[datetime, str]:
    return manifest.uploaded_at or _LAST, manifest.digest
