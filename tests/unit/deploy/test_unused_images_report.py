"""The report of unused images in its three formats, and the refusals of the verb."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from deploy.release.stored_image import UnusedImage, UnusedImages
from deploy.report.unused_images import ImageListing, unused_images_report
from tests.unit.deploy.values import CONFIG, REPOSITORY, digest

_OLD = UnusedImage(
    digest("a"),
    ("4f2a91c", "4f2a91c-aaaaaaaaaaaa"),
    datetime(2026, 11, 2, 10, 11, tzinfo=UTC),
    82_100_000,
    (digest("a"), digest("c")),
)
_UNTAGGED = UnusedImage(digest("b"), (), None, 1_234_567_890, (digest("b"),))
_LISTING = ImageListing(
    repository=REPOSITORY,
    projects=("dojangkok-dev", "dojangkok-prod"),
    unused=UnusedImages((_OLD, _UNTAGGED), 12_000_000, 5),
    unsearched=(),
    has_upload_times=True,
)


def test_text() -> None:
    """Each image has a line with its upload time, size, short digest and tags; the sums follow."""
    assert unused_images_report(CONFIG, _LISTING, "text").splitlines() == [
        f"{REPOSITORY}:",
        "  2 images are unused, 5 in use (projects dojangkok-dev, dojangkok-prod)",
        "",
        "uploaded          size        digest   tags",
        "2026-11-02 10:11  82.1 MB     aaaaaaa  4f2a91c, 4f2a91c-aaaaaaaaaaaa",
        "-                 1,234.6 MB  bbbbbbb  -",
        "",
        "sum 1,316.7 MB; deleting them frees at most 12.0 MB",
    ]


def test_long_text_has_whole_digests() -> None:
    """A digest that is deleted by hand has to be whole, on a line of its own."""
    lines = unused_images_report(CONFIG, _LISTING, "text", is_long=True).splitlines()
    assert f"  {digest('a')}" in lines
    assert max(map(len, lines)) <= 80


def test_text_without_unused_images() -> None:
    """A line says so."""
    listing = replace(_LISTING, unused=UnusedImages((), 0, 5))
    lines = f"{REPOSITORY}:\n  0 images are unused, 5 in use (projects dojangkok-dev, dojangkok-prod)"
    assert unused_images_report(CONFIG, listing, "text") == lines


def test_text_names_what_is_left_out() -> None:
    """What the list cannot know stands below it."""
    places = ("template 't' of project 'p': 'user-data' line 2 (encoding: gzip+b64)",)
    listing = replace(_LISTING, has_upload_times=False, unsearched=places)
    assert unused_images_report(CONFIG, listing, "text").splitlines()[-5:] == [
        "",
        "not listed: images without a tag, which this registry does not list",
        "",
        "not searched, so that an image that is named there may be in the list:",
        f"- {places[0]}",
    ]


def test_json() -> None:
    """All values, sizes in bytes, each manifest that belongs to an image."""
    document = json.loads(unused_images_report(CONFIG, _LISTING, "json"))
    assert document["images"] == [
        {
            "digest": digest("a"),
            "tags": ["4f2a91c", "4f2a91c-aaaaaaaaaaaa"],
            "uploaded_at": "2026-11-02T10:11:00+00:00",
            "size_bytes": 82_100_000,
            "manifests": [digest("a"), digest("c")],
        },
        {
            "digest": digest("b"), "tags": [], "uploaded_at": None, "size_bytes": 1_234_567_890,
            "manifests": [digest("b")],
        },
    ]  # fmt: skip
    assert {key: value for key, value in document.items() if key != "images"} == {
        "repository": REPOSITORY, "projects": ["dojangkok-dev", "dojangkok-prod"], "size_bytes": 1_316_667_890,
        "freed_bytes": 12_000_000, "kept": 5, "unsearched": [], "endpoints": [],
    }  # fmt: skip


def test_markdown() -> None:
    """The table has a head, and no text of a registry is Markdown."""
    listing = replace(_LISTING, unused=UnusedImages((replace(_OLD, tags=("<b>x</b>|*y*",)),), 1, 5))
    report = unused_images_report(CONFIG, listing, "markdown")
    assert "| uploaded | size | digest | tags |\n| --- | --- | --- | --- |\n| 2026-11-02 10:11 | 82.1 MB | " in report
    assert "| &lt;b&gt;x&lt;/b&gt;\\|\\*y\\* |" in report


@pytest.mark.parametrize("format_", ["text", "markdown"])
def test_control_characters_of_a_registry_are_pictures(format_: str) -> None:
    """Tags and places come from outside."""
    hostile = "x\x1b[31m\n::error::"
    listing = replace(_LISTING, unsearched=(hostile,), unused=UnusedImages((replace(_OLD, tags=(hostile,)),), 1, 5))
    report = unused_images_report(CONFIG, listing, format_)  # type: ignore[arg-type]
    assert "\x1b" not in report
    assert "\n::" not in report
