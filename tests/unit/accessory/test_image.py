"""Image references."""

import pytest

from accessory import image
from accessory.errors import RefusedError
from tests.unit.accessory.settings import DIGEST


def test_reference_with_a_digest_has_no_tag() -> None:
    """Docker pulls the digest, so the tag is dropped."""
    assert str(image.parse(f"host:5000/a/b:1@{DIGEST}")) == f"host:5000/a/b@{DIGEST}"
    assert str(image.parse("h.example/a/b:1.0_x-2")) == "h.example/a/b:1.0_x-2"


@pytest.mark.parametrize(
    "text", ["", "a", "host/a", "host/a:", "host/A:1", "h.example/a@sha256:12", "host/a:1 b", "host/a:1\n"]
)
def test_other_text_is_refused(text: str) -> None:
    """A text that is not a full reference raises RefusedError."""
    with pytest.raises(RefusedError, match=r"which is not an image reference\. Fix: HOST"):
        image.parse(text)


@pytest.mark.parametrize(
    ("text", "full"),
    [
        ("chroma:1", "docker.io/library/chroma:1"),
        ("chromadb/chroma:1", "docker.io/chromadb/chroma:1"),
        (f"chromadb/chroma@{DIGEST}", f"docker.io/chromadb/chroma@{DIGEST}"),
    ],
)
def test_short_name_is_refused_with_its_full_form(text: str, full: str) -> None:
    """The fix is the name with the host of Docker Hub."""
    with pytest.raises(RefusedError) as error:
        image.parse(text)
    assert str(error.value) == f"--image: got '{text}', which names no registry. Fix: write '{full}'."
    assert str(image.parse(full)) == full
