"""The bill of materials: what is in it, and that it depends on the image alone."""

import hashlib
import json
from pathlib import Path

from ci.scripts import sbom

DIGEST = f"sha256:{'a' * 64}"
PYTHON = {
    "specVersion": "1.5",
    "serialNumber": "urn:uuid:1",
    "metadata": {"timestamp": "2026-11-24T21:01:09Z"},
    "components": [{"type": "library", "name": "fastapi", "version": "0.121.3", "purl": "pkg:pypi/fastapi@0.121.3"}],
}
DEBIAN = "libc6\t2.36-9+deb12u10\tamd64\ntzdata\t2025b-0+deb12u1\tall\n"
SUBJECT = {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": DIGEST, "size": 1234}


def test_the_interpreter_and_both_kinds_of_packages_are_in_it() -> None:
    """The interpreter is in no lock file and in no Debian package."""
    bill = sbom.bill(PYTHON, "Python 3.10.13\n", DEBIAN, "host/app", DIGEST)
    assert [component["purl"] for component in bill["components"]] == [
        "pkg:generic/cpython@3.10.13",
        "pkg:pypi/fastapi@0.121.3",
        "pkg:deb/debian/libc6@2.36-9%2Bdeb12u10?arch=amd64",
        "pkg:deb/debian/tzdata@2025b-0%2Bdeb12u1?arch=all",
    ]
    assert bill["metadata"]["component"]["version"] == DIGEST


def test_equal_images_have_an_equal_bill(tmp_path: Path) -> None:
    """The bill has no serial number and no time."""
    later = {**PYTHON, "serialNumber": "urn:uuid:2", "metadata": {"timestamp": "2026-11-25T00:00:00Z"}}
    first, second = (
        sbom.write(tmp_path / name, sbom.bill(python, "Python 3.10.13\n", DEBIAN, "host/app", DIGEST), SUBJECT)
        for name, python in (("one", PYTHON), ("two", later))
    )
    assert first == second


def test_layout_is_an_artifact_that_belongs_to_the_image(tmp_path: Path) -> None:
    """Its subject is the manifest of the image."""
    digest = sbom.write(tmp_path / "bill", sbom.bill(PYTHON, "Python 3.10.13\n", DEBIAN, "host/app", DIGEST), SUBJECT)
    blobs = tmp_path / "bill/blobs/sha256"
    for blob in blobs.iterdir():
        assert hashlib.sha256(blob.read_bytes()).hexdigest() == blob.name
    manifest = json.loads((blobs / digest.removeprefix("sha256:")).read_text())
    assert manifest["subject"] == SUBJECT
    assert manifest["artifactType"] == manifest["layers"][0]["mediaType"] == "application/vnd.cyclonedx+json"
    content = json.loads((blobs / manifest["layers"][0]["digest"].removeprefix("sha256:")).read_text())
    assert content["bomFormat"] == "CycloneDX"


def test_tag_names_the_image() -> None:
    """cosign reads the bill under this tag."""
    assert sbom.tag(DIGEST) == f"sha256-{'a' * 64}.sbom"
