"""The bill of materials of a release, read from the layout that is pushed."""

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest

from ci import bill
from ci.errors import RefusedError
from ci.publish import Layout, Published
from ci.scripts import sbom
from tests.unit.ci.doubles import Folder

DIGEST = f"sha256:{'a' * 64}"
DOCUMENT = {"bomFormat": "CycloneDX", "components": []}


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    subject = {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": DIGEST, "size": 1234}
    sbom.write(tmp_path / "bill", DOCUMENT, subject)
    folder: Any = Folder(tmp_path)
    return Layout(folder, DIGEST)


def test_bill_of_a_release_is_the_document_that_is_pushed_with_a_serial_number(layout: Layout) -> None:
    """The same release has the same number."""
    first, second = (json.loads(asyncio.run(bill.read(layout, f"host.test/app@{DIGEST}"))) for _ in "ab")
    assert first == second
    assert re.fullmatch(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", first.pop("serialNumber"))
    assert first == DOCUMENT


@pytest.mark.parametrize("image", ["host.test/app:1", f"host.test/app@sha256:{'b' * 64}"])
def test_bill_of_another_image_is_refused(layout: Layout, image: str) -> None:
    """An attestation about it would be false."""
    with pytest.raises(RefusedError, match=rf"--image: got '{image}', and this source makes {DIGEST}. Fix: pass the "):
        asyncio.run(bill.read(layout, image))


def test_outputs_of_a_publish_are_lines_for_a_workflow() -> None:
    """The steps that attest and deploy read them."""
    published = Published("host.test/team/app", DIGEST, ("dev-1",), 1)
    assert published.outputs.splitlines() == [
        "name=host.test/team/app", f"digest={DIGEST}", f"reference=host.test/team/app@{DIGEST}",
    ]  # fmt: skip
