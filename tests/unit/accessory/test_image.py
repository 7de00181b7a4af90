"""Image references."""

import pytest

from accessory import image
from accessory.errors import RefusedError
from tests.unit.accessory.settings import DIGEST


def test_digest_counts_more_than_tag() -> None:
    assert str(image.parse(f"host:5000/a/b:1@{DIGEST}")) == f"host:5000/a/b@{DIGEST}"
    assert str(image.parse("h.example/a/b:1.0_x-2")) == "h.example/a/b:1.0_x-2"


@pytest.mark.parametrize(
    "text", ["", "a", "host/a", "host/a:", "host/A:1", "h.example/a@sha256:12", "host/a:1 b", "host/a:1\n"]
)
def test_anything_else_is_refused(text: str) -> None:
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
def test_a_short_name_is_refused_with_its_full_form(text: str, full: str) -> None:
    with pytest.raises(RefusedError) as error:
        image.parse(text)
    assert str(error.value) == f"--image: got '{text}', which names no registry. Fix: write '{full}'."
    assert str(image.parse(full)) == full
