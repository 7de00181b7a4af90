"""The repository's cleanup policies keep every image that `prune --images` counts as in use, and more."""

import hashlib
import random
from collections.abc import Sequence

import pytest

from deploy.release.stored_image import StoredManifest, unused_images
from policy.cleanup import Version, deleted, stated_policies

_DAY_S = 24 * 60 * 60
_PUSHES = 400


def digest_of(name: object) -> str:
    """Return the digest of a manifest with a name."""
    return f"sha256:{hashlib.sha256(repr(name).encode()).hexdigest()}"


def pushes(count: int, *, has_digest_tag: bool = True, pushes_a_day: int = 2) -> tuple[list[Version], list[str]]:
    """
    Return the versions after pushes of an image with its bill of materials, and the digests of the images.

    Each commit is pushed three times with other content, so that its tag moves. ci/destination.py has these tags.

    Args:
        count: number of pushes.
        has_digest_tag: whether a push also gives the tag that never moves.
        pushes_a_day: pushes of a day; the last one is of today.
    """
    images, bills, owner = [], [], dict[str, str]()
    for number in range(count):
        image, commit = digest_of(number), f"{number // 3:07x}"
        images.append(image)
        bills.append((digest_of(("bill", number)), f"{image.replace(':', '-')}.sbom"))
        fixed = [f"{commit}-{image[7:19]}"] if has_digest_tag else []
        owner |= dict.fromkeys([commit, *fixed, "latest"], image)
    ages = [(count - 1 - number) / pushes_a_day * _DAY_S for number in range(count)]
    rows = [
        Version(image, tuple(tag for tag, held in owner.items() if held == image), age)
        for image, age in zip(images, ages, strict=True)
    ]
    rows += [Version(bill, (tag,), age) for (bill, tag), age in zip(bills, ages, strict=True)]
    return rows, images


def listed(versions: Sequence[Version], used: Sequence[str]) -> set[str]:
    """Return the digests that `prune --images` lists while templates refer to these digests."""
    manifests = [StoredManifest(row.digest, row.tags, None, {row.digest: 1}, row.children) for row in versions]
    return {member for image in unused_images(manifests, used, ()).images for member in image.manifests}


@pytest.mark.parametrize(
    ("tags", "age_days", "newer", "is_deleted"),
    [
        ((), 31, 60, True),
        ((), 29, 60, False),
        ((), 31, 59, False),
        (("v1",), 3_000, 500, False),
    ],
)
def test_policies_of_the_files(tags: tuple[str, ...], age_days: float, newer: int, is_deleted: bool) -> None:
    """A version without a tag is deleted after 30 days if 60 are newer; one with a tag never is."""
    others = [Version(digest_of(number), ("t",), number) for number in range(newer)]
    gone = deleted(stated_policies(), [*others, Version("sha256:x", tags, age_days * _DAY_S)])
    assert gone == ({"sha256:x"} if is_deleted else set())


def test_every_image_of_the_pipeline_may_be_in_use() -> None:
    """After 400 pushes in 200 days, any of the images may be that of a template: none of them is deleted."""
    versions, images = pushes(_PUSHES)
    gone = deleted(stated_policies(), versions)
    assert gone == set()
    choice = random.Random(19)  # noqa: S311 - a sample of templates
    for count in (0, 1, 7, _PUSHES):
        used = choice.sample(images, count)
        unused = listed(versions, used)
        assert set(used).isdisjoint(unused)
        assert len(unused) == 2 * (_PUSHES - count)  # the image and its bill of materials
        assert gone <= unused


def test_versions_of_other_tools_are_deleted_only_if_they_are_old() -> None:
    """Of images without a tag of their own, an image in use is safe among the 60 newest versions and for 30 days."""
    versions, images = pushes(_PUSHES, has_digest_tag=False)
    gone = deleted(stated_policies(), versions)
    assert gone, "the evaluation deletes nothing, so that the test above shows nothing"
    newest = images[-30:]
    assert gone <= listed(versions, newest)
    assert gone.isdisjoint(row.digest for row in versions if row.age_s <= 30 * _DAY_S)


def test_image_in_use_would_be_lost_without_the_tag_of_its_digest() -> None:
    """A second push of a commit takes the tag; the first image, of a template, is then deleted after a month."""
    used = digest_of(0)
    assert used in deleted(stated_policies(), pushes(_PUSHES, has_digest_tag=False)[0])
    assert used not in deleted(stated_policies(), pushes(_PUSHES)[0])


def test_children_of_a_kept_index_are_kept() -> None:
    """The images of an index have no tags, and Artifact Registry deletes none of them before the index."""
    children = tuple(digest_of(("child", number)) for number in range(2))
    old = [Version(child, (), 90 * _DAY_S) for child in children]
    index = Version(digest_of("index"), ("v1",), 90 * _DAY_S, children)
    versions, _ = pushes(_PUSHES)
    assert deleted(stated_policies(), [*versions, *old]) == set(children)
    assert deleted(stated_policies(), [*versions, *old, index]) == set()
    assert set(children).isdisjoint(listed([*versions, *old, index], [index.digest]))
