"""The bill of materials: what is in it, and that it depends on the image alone."""

import hashlib
import json
from pathlib import Path

import pytest

from ci.scripts import sbom

DIGEST = f"sha256:{'a' * 64}"
PACKAGES = [{"type": "library", "name": "fastapi", "version": "0.121.3", "purl": "pkg:pypi/fastapi@0.121.3"}]
DEBIAN = "libc6\t2.36-9+deb12u10\tamd64\ntzdata\t2025b-0+deb12u1\tall\n"
SUBJECT = {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": DIGEST, "size": 1234}


def test_the_interpreter_and_both_kinds_of_packages_are_in_it() -> None:
    """The interpreter is in no lock file and in no Debian package."""
    bill = sbom.bill(PACKAGES, "Python 3.10.13\n", DEBIAN, "host/app", DIGEST)
    assert [component["purl"] for component in bill["components"]] == [
        "pkg:generic/cpython@3.10.13",
        "pkg:pypi/fastapi@0.121.3",
        "pkg:deb/debian/libc6@2.36-9%2Bdeb12u10?arch=amd64",
        "pkg:deb/debian/tzdata@2025b-0%2Bdeb12u1?arch=all",
    ]
    assert bill["metadata"]["component"]["version"] == DIGEST


def test_image_without_python_has_no_interpreter_in_its_bill() -> None:
    """An image of another language holds no Python."""
    bill = sbom.bill([], "", DEBIAN, "host/app", DIGEST)
    assert [component["name"] for component in bill["components"]] == ["libc6", "tzdata"]


def test_equal_images_have_an_equal_bill(tmp_path: Path) -> None:
    """The bill has no serial number and no time."""
    first, second = (
        sbom.write(tmp_path / name, sbom.bill(PACKAGES, "Python 3.10.13\n", DEBIAN, "host/app", DIGEST), SUBJECT)
        for name in ("one", "two")
    )
    assert first == second


def test_pinned_requirements_are_packages() -> None:
    """Hashes, markers, extras, comments and settings of pip are left out, and names are written as the index does."""
    text = """\
--index-url https://index.test/simple
-i https://index.test/simple
Flask_Login[x,y]==0.6.3 \\
    --hash=sha256:12
    # via -r requirements.in
torch==2.1+cpu ; python_version < "3.14"  # comment
"""
    assert [component["purl"] for component in sbom.required_packages(text)] == [
        "pkg:pypi/flask-login@0.6.3",
        "pkg:pypi/torch@2.1%2Bcpu",
    ]


@pytest.mark.parametrize("line", ["flask", "flask>=3", "flask==3.*", "-r other.txt", "--requirement=other.txt", "-e ."])
def test_requirement_without_a_version_is_refused(line: str) -> None:
    """A bill with a package left out, or of an unknown version, would say less than it seems to."""
    with pytest.raises(sbom.RequirementError) as refused:
        sbom.required_packages(f"waitress==3.0.2\n{line}\n")
    assert str(refused.value) == (
        f"bill_of_materials: got the line '{line}', which names no package with its version. "
        "Fix: pin every package with '==', as 'uv pip compile' or 'pip freeze' writes them"
    )


def test_layout_is_an_artifact_that_belongs_to_the_image(tmp_path: Path) -> None:
    """Its subject is the manifest of the image."""
    digest = sbom.write(tmp_path / "bill", sbom.bill(PACKAGES, "Python 3.10.13\n", DEBIAN, "host/app", DIGEST), SUBJECT)
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
