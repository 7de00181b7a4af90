"""Image references."""

import pytest

from accessory import image
from accessory.errors import RefusedError
from tests.unit.accessory.settings import DIGEST


def test_digest_counts_more_than_tag() -> None:
    assert str(image.parse(f"host:5000/a/b:1@{DIGEST}")) == f"host:5000/a/b@{DIGEST}"
    assert str(image.parse("host/a/b:1.0_x-2")) == "host/a/b:1.0_x-2"


@pytest.mark.parametrize(
    "text", ["", "a", "host/a", "host/a:", "host/A:1", "host/a@sha256:12", "host/a:1 b", "host/a:1\n"]
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(RefusedError, match=r"which is no reference\. Fix: HOST"):
        image.parse(text)
