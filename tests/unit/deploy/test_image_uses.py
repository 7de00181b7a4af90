"""Which images metadata refers to: every digest, every tag behind the repository's name, and what is not searched."""

import pytest

from deploy.errors import RefusedError
from deploy.release.image_uses import ImageUses, MetadataHolder, image_uses
from tests.unit.deploy.values import REPOSITORY, digest


def uses(**metadata: str) -> ImageUses:
    """Return what one template refers to; `_` in a key stands for `-`."""
    entries = {key.replace("_", "-"): text for key, text in metadata.items()}
    return image_uses([MetadataHolder("template", "t", "p", entries)], REPOSITORY)


@pytest.mark.parametrize(
    ("text", "digests", "tags"),
    [
        (f"docker run {REPOSITORY}@{digest('a')}", "a", ()),
        (f"docker run {REPOSITORY}:v1", "", ("v1",)),
        (f"docker run {REPOSITORY}:v1@{digest('a')}", "a", ("v1",)),
        # A digest counts without the name in front of it, and without its algorithm.
        (f"DIGEST={digest('b')}\ndocker run $IMAGE@$DIGEST", "b", ()),
        (f"DIGITS={'c' * 64}", "c", ()),
        (f"docker run other.example/app@{digest('d')}", "d", ()),
        # Comments, and commands that start nothing, count too.
        (f"# docker run {REPOSITORY}:v2", "", ("v2",)),
        (f"docker rmi {REPOSITORY}:v3", "", ("v3",)),
        # The marks of a URL, in both cases, wherever they stand in the name.
        (f"docker run {'%2F'.join(REPOSITORY.rsplit('/', 1))}:v6", "", ("v6",)),
        (f"docker run {REPOSITORY.replace('/', '%2f')}%3Av7%40sha256%3a{'e' * 64}", "e", ("v7",)),
        # A slash that is escaped for sed, or in JSON.
        (f"#!/bin/sh\nsed -i 's/IMAGE/{REPOSITORY.replace('/', chr(92) + '/')}:v8/' compose.yml", "", ("v8",)),
        (f'{{"image":"{REPOSITORY.replace("/", chr(92) + "/")}:v9"}}', "", ("v9",)),
        (f'{{"image":"{REPOSITORY.replace("/", chr(92) + "u002f")}:v10"}}', "", ("v10",)),
        # Longer hexadecimal numbers are no digests; another repository's tags are none of these.
        ("a" * 65, "", ()),
        (f"docker run {REPOSITORY}-other:v4", "", ()),
        ("docker run other.example/app:v5", "", ()),
    ],
)
def test_references_of_a_script(text: str, digests: str, tags: tuple[str, ...]) -> None:
    """Every digest and every tag of the repository is a use, also where the script starts nothing."""
    referred = uses(startup_script=f"#!/bin/sh\n{text}\n")
    assert (referred.digests, referred.tags) == (frozenset(map(digest, digests)), frozenset(tags))


def test_digest_of_a_release_record_counts() -> None:
    """A record names its repository without a tag, and this mention is not undecidable."""
    record = f'{{"repository":"{REPOSITORY}","digest":"{digest("a")}"}}'
    assert uses(release=record) == ImageUses(frozenset({digest("a")}), frozenset(), ())


def test_uses_of_all_holders_are_joined() -> None:
    """Templates, instances and groups of several projects count alike."""
    holders = [
        MetadataHolder("template", "t", "dev", {"startup-script": f"docker run {REPOSITORY}:v1"}),
        MetadataHolder("instance", "i", "prod", {"user-data": f"image: {REPOSITORY}@{digest('a')}"}),
        MetadataHolder("group", "g", "prod", {"tag": f"{REPOSITORY}:v2"}),
    ]
    assert image_uses(holders, REPOSITORY) == ImageUses(frozenset({digest("a")}), frozenset({"v1", "v2"}), ())


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (f"docker run {REPOSITORY}:$TAG", "its tag or digest is not written out"),
        (f"docker run {REPOSITORY}", "it has no tag and no digest"),
        (f"docker run {REPOSITORY.replace('/', '%2F')}:$TAG", "its tag or digest is not written out"),
        (f"docker run $REGISTRY/{REPOSITORY.partition('/')[2]}:v1", "a variable stands for the beginning of its name"),
    ],
)
def test_mention_that_does_not_show_its_image_is_refused(text: str, why: str) -> None:
    """An image that cannot be told may be any, so that none is listed; the refusal has the place."""
    with pytest.raises(RefusedError) as caught:
        uses(startup_script=f"#!/bin/sh\n{text}\n")
    assert str(caught.value) == (
        f"metadata: which image of '{REPOSITORY}' is used is not written out: template 't' of project 'p':"
        f" 'startup-script' line 2 ({why}). No image is listed. Fix: write the image in full, HOST/PATH:TAG or"
        " HOST/PATH@sha256:DIGEST, or delete the template, instance or entry."
    )


def test_many_undecidable_places_are_counted() -> None:
    """A refusal names five places, and the number of the others."""
    holders = [
        MetadataHolder("instance", f"i{number}", "p", {"startup-script": f"docker run {REPOSITORY}:$V{number}"})
        for number in range(8)
    ]
    with pytest.raises(RefusedError, match=r"instance 'i4' of project 'p': .*, and 3 more\. No image is listed"):
        image_uses(holders, REPOSITORY)


def test_text_that_is_not_searched_is_named() -> None:
    """Encoded text, and a script outside of the metadata, may start an image that the metadata does not show."""
    referred = uses(user_data="#cloud-config\nencoding: gzip+b64\n", startup_script_url="gs://b/s")
    assert referred.unsearched == (
        "template 't' of project 'p': 'user-data' line 2 (encoding: gzip+b64)",
        "template 't' of project 'p': 'startup-script-url' (a script outside of the metadata)",
    )


def test_equal_texts_are_named_once() -> None:
    """The instances of a template have its metadata."""
    holders = [MetadataHolder("instance", name, "p", {"startup-script-url": "gs://b/s"}) for name in "abc"]
    assert len(image_uses(holders, REPOSITORY).unsearched) == 1
