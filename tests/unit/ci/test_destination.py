"""Destinations of images, and what is refused before anything is written."""

import pytest

from ci.destination import Destination, push_tags, refuse_stand_in, without_tag
from ci.errors import RefusedError
from tests.unit.ci.doubles import VOLUMES

IMAGE = "asia-northeast3-docker.pkg.dev/some-project/dojangkok-ai/ai-server"
EMBEDDED = "registry:5000/dojangkok-ai/ai-server"


def test_embedded_registry_is_recognized_by_its_host() -> None:
    """Only a name that begins with the host of the embedded registry goes there."""
    assert Destination(EMBEDDED, (), volumes=VOLUMES).is_embedded
    assert not Destination(IMAGE, (), volumes=VOLUMES).is_embedded


def test_commit_becomes_the_first_tag() -> None:
    """Without a commit, the first tag is completed with the digest."""
    assert push_tags("0123456789abcdef0123456789abcdef01234567", latest=False) == ("0123456", "0123456-")
    assert push_tags("", latest=True) == ("dev-", "latest")


@pytest.mark.parametrize("commit", ["HEAD", "012345", "0123456;rm", "0123456G", "ABCDEF0"])
def test_wrong_commit_is_refused(commit: str) -> None:
    """A commit is 7 to 40 lower-case hexadecimal digits."""
    with pytest.raises(RefusedError) as refused:
        push_tags(commit, latest=True)
    assert str(refused.value) == (
        f"--commit: got '{commit}'. Fix: 7 to 40 lower-case hexadecimal digits, as 'git rev-parse HEAD' prints"
    )


def test_image_built_on_a_stand_in_is_refused_for_a_real_registry() -> None:
    """The error names the destination, the stand-in and the flag that allows the push."""
    with pytest.raises(RefusedError) as refused:
        refuse_stand_in(Destination(IMAGE, (), volumes=VOLUMES), "python:3.10-slim", is_allowed=False)
    assert str(refused.value) == (
        f"{IMAGE}: got an image that is built on a stand-in of python:3.10-slim. "
        "Fix: build it where the official images can be pulled, or pass --allow-stand-in"
    )


@pytest.mark.parametrize(
    ("name", "stand_in", "is_allowed"),
    [
        (EMBEDDED, "python:3.10-slim", False),
        (IMAGE, None, False),
        (IMAGE, "python:3.10-slim", True),
    ],
)
def test_other_images_may_be_pushed(name: str, stand_in: str | None, is_allowed: bool) -> None:
    """The embedded registry takes stand-ins, a real registry takes official images, and the flag allows both."""
    refuse_stand_in(Destination(name, (), volumes=VOLUMES), stand_in, is_allowed=is_allowed)


def test_reference_without_tag_is_host_and_path() -> None:
    """The colon of a port is no colon of a tag."""
    assert without_tag("registry:5000/a/b:1") == "registry:5000/a/b"
    assert without_tag("registry:5000/a/b@sha256:1") == "registry:5000/a/b"
    assert without_tag("registry:5000/a/b") == "registry:5000/a/b"
