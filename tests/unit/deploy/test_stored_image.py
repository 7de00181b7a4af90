"""Which manifests of a repository belong together, and which images nothing refers to."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.release.stored_image import StoredManifest, UnusedImages, unused_images
from tests.unit.deploy.values import digest


def manifest(
    letter: str,
    *tags: str,
    children: str = "",
    subject: str = "",
    blobs: dict[str, int] | None = None,
    day: int | None = None,
) -> StoredManifest:
    """Return a manifest whose digest, and those that it names, are of one letter each."""
    return StoredManifest(
        digest(letter),
        tags,
        datetime(2026, 11, day, tzinfo=UTC) if day else None,
        {digest(letter): 1} if blobs is None else blobs,
        tuple(digest(child) for child in children),
        digest(subject) if subject else "",
    )


def unused(manifests: Sequence[StoredManifest], digests: str = "", tags: Sequence[str] = ()) -> UnusedImages:
    """Return the unused images beside digests of these letters and these tags."""
    return unused_images(manifests, {digest(letter) for letter in digests}, tags)


def letters(listing: UnusedImages) -> list[str]:
    """Return the letter of each unused image."""
    return [image.digest[7] for image in listing.images]


@pytest.mark.parametrize(
    ("manifests", "digests", "tags", "expected"),
    [
        ((manifest("a"), manifest("b", "v1")), "a", (), "b"),
        ((manifest("a"), manifest("b", "v1", "v2")), "", ("v2", "v9"), "a"),
        ((manifest("a"), manifest("b")), "", (), "ab"),
        # An attachment belongs to its image, by its tag or by its subject.
        ((manifest("a"), manifest("b", f"sha256-{'a' * 64}.sbom")), "a", (), ""),
        ((manifest("a"), manifest("b", f"sha256-{'a' * 64}.sbom")), "", (), "a"),
        ((manifest("a"), manifest("b", f"sha256-{'a' * 64}")), "a", (), ""),
        ((manifest("a"), manifest("b", subject="a")), "a", (), ""),
        ((manifest("a"), manifest("b", subject="a")), "", (), "a"),
        # An attachment of an attachment, such as the signature of a bill of materials.
        ((manifest("a"), manifest("b", subject="a"), manifest("c", subject="b")), "a", (), ""),
        # An attachment whose image is absent stands alone.
        ((manifest("a"), manifest("b", subject="f"), manifest("c", f"sha256-{'e' * 64}.att")), "a", (), "bc"),
        # It is kept where the image is used, and the registry does not list the image.
        ((manifest("a"), manifest("b", f"sha256-{'f' * 64}.sbom")), "af", (), ""),
        # An attachment of two images stays with the one that is used.
        ((manifest("a"), manifest("b"), manifest("c", f"sha256-{'a' * 64}.sbom", subject="b")), "a", (), "b"),
        # The children of an index belong to it, with their attachments.
        ((manifest("a", children="bc"), manifest("b"), manifest("c")), "a", (), ""),
        ((manifest("a", children="bc"), manifest("b"), manifest("c")), "", (), "a"),
        ((manifest("a", children="b"), manifest("b"), manifest("c", subject="b")), "a", (), ""),
        # An index of which one child is used is kept with all children.
        ((manifest("a", "v1", children="bc"), manifest("b"), manifest("c")), "b", (), ""),
        ((manifest("a", children="b"), manifest("b", children="c"), manifest("c")), "c", (), ""),
        # A child of two indexes is kept with the one that is used; the other one is listed.
        ((manifest("a", children="c"), manifest("b", children="c"), manifest("c")), "a", (), "b"),
        # An index may list manifests that the registry lacks.
        ((manifest("a", children="ef"),), "a", (), ""),
        # A tag with a digit less than that of an attachment.
        ((manifest("a"), manifest("b", f"sha256-{'a' * 63}.sbom")), "a", (), "b"),
    ],
)
def test_images_that_nothing_refers_to(
    manifests: tuple[StoredManifest, ...], digests: str, tags: tuple[str, ...], expected: str
) -> None:
    """What belongs to a used image is used, and what belongs to an unused image is no image of its own."""
    assert letters(unused(manifests, digests, tags)) == list(expected)


def test_size_of_an_image_counts_each_blob_once() -> None:
    """An image has the size of its own blobs, its children's and its attachments'; a layer of two images frees less."""
    listing = unused(
        (
            manifest("a", "v1", blobs={"a": 1, "shared": 100}),
            manifest("b", "v2", children="c", blobs={"b": 2}),
            manifest("c", blobs={"c": 3, "shared": 100, "own": 50, "both": 7}),
            manifest("d", f"sha256-{'b' * 64}.sbom", blobs={"d": 4}),
            manifest("e", blobs={"e": 5, "both": 7}),
        ),
        "a",
    )
    assert [(row.digest[7], row.size_bytes) for row in listing.images] == [
        ("b", 2 + 3 + 100 + 50 + 7 + 4),
        ("e", 5 + 7),
    ]
    assert [row.digest[7] for row in listing.images] == ["b", "e"]
    assert listing.images[0].manifests == (digest("b"), digest("c"), digest("d"))
    assert (listing.size_bytes, listing.freed_bytes, listing.kept) == (166 + 12, 2 + 3 + 50 + 7 + 4 + 5, 1)


def test_oldest_upload_is_first() -> None:
    """Images without an upload time are last, in the order of their digests."""
    listing = unused((manifest("c"), manifest("a", day=2), manifest("b", day=1), manifest("0")))
    assert letters(listing) == ["b", "a", "0", "c"]


@given(
    children=st.dictionaries(st.sampled_from("0123"), st.text("456789", max_size=3), max_size=4),
    subjects=st.dictionaries(st.sampled_from("abcdef"), st.sampled_from("0123456789abc"), max_size=6),
    used=st.text("0123456789abcdef", max_size=4),
)
def test_nothing_that_a_used_image_needs_is_listed(
    children: dict[str, str], subjects: dict[str, str], used: str
) -> None:
    """Of any repository, no used digest, child of one or attachment of one is in the list, and no manifest twice."""
    manifests = [
        manifest(letter, children=children.get(letter, ""), subject=subjects.get(letter, ""))
        for letter in "0123456789abcdef"
        if subjects.get(letter) != letter
    ]
    listing = unused(manifests, used)
    listed = [member for image in listing.images for member in image.manifests]
    needed = {digest(letter) for letter in used}
    needed |= {child for row in manifests if row.digest in needed for child in row.children}
    needed |= {row.digest for row in manifests if row.subject in needed}
    assert needed.isdisjoint(listed)
