"""
Lay an image out for the push: `python -m scripts.oci_layout NAME` reads /image.tar and /bill, and writes /layout.

/layout/image is the image as an OCI layout, without the dates that its configuration holds of the build: equal sources
give an equal digest. /layout/bill is its bill of materials; see sbom.py. NAME is host and path of the image.

Prints one line of JSON: digest, the digest of the image as it will be pushed.
"""

import hashlib
import json
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import sbom

_LAYOUT = Path("/layout")
IMAGE = _LAYOUT / "image"
BILL = _LAYOUT / "bill"
_ARCHIVE = Path("/image.tar")
_MATERIALS = Path("/bill")
_CREATED = "1980-01-01T00:00:00Z"
FIRST = "first"


def descriptor_of(layout: Path) -> dict[str, Any]:
    """Return the descriptor of the manifest in an OCI layout of a single image: media type, digest, size."""
    return dict(json.loads((layout / "index.json").read_text())["manifests"][0])


def read_manifest(layout: Path) -> tuple[str, int]:
    """
    Read the manifest in an OCI layout of a single image.

    Returns:
        The digest of the image, and the size of its layers and configuration in bytes.
    """
    digest = descriptor_of(layout)["digest"]
    manifest = json.loads(_blob(layout, digest).read_text())
    return digest, sum(blob["size"] for blob in [manifest["config"], *manifest["layers"]])


def reconfigure(layout: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change the configuration in an OCI layout, and with it the digest of the image; its layers stay."""
    index = json.loads((layout / "index.json").read_text())
    manifest = json.loads(_blob(layout, index["manifests"][0]["digest"]).read_text())
    config = json.loads(_blob(layout, manifest["config"]["digest"]).read_text())
    change(config)
    manifest["config"] |= store(layout, config)
    index["manifests"] = [{"mediaType": index["manifests"][0]["mediaType"], **store(layout, manifest)}]
    (layout / "index.json").write_text(json.dumps(index))


def remove_build_dates(config: dict[str, Any]) -> None:
    """
    Remove the values of a configuration that differ from build to build.

    They are the time of the build, and the history: BuildKit dates every line of the history, and names layers after
    the image for which it first pulled them. Source: the OCI image specification, where both are optional.
    """
    config["created"] = _CREATED
    config.pop("history", None)


def label_first(config: dict[str, Any]) -> None:
    """Give an image a digest that no release has."""
    config["config"].setdefault("Labels", {})["delivery.release"] = FIRST


def store(layout: Path, document: dict[str, object]) -> dict[str, object]:
    """Write a blob; return its digest and size."""
    data = json.dumps(document, separators=(",", ":"), sort_keys=True).encode()
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    _blob(layout, digest).write_bytes(data)
    return {"digest": digest, "size": len(data)}


def _blob(layout: Path, digest: str) -> Path:
    return layout / "blobs" / digest.replace(":", "/")


def write_bill(layout: Path, name: str, image: dict[str, Any]) -> None:
    """Write the bill of materials of an image as an OCI layout."""
    interpreter, debian = ((_MATERIALS / file).read_text() for file in ("python.txt", "debian.tsv"))
    subject = {key: image[key] for key in ("mediaType", "digest", "size")}
    sbom.write(layout, sbom.bill(_packages(), interpreter, debian, name, image["digest"]), subject)


def _packages() -> list[dict[str, Any]]:
    """Return the packages of the application, as steps/sbom.py lists them."""
    locked, requirements = _MATERIALS / "packages.json", _MATERIALS / "requirements.txt"
    if locked.exists():
        return list(json.loads(locked.read_text())["components"])
    return sbom.required_packages(requirements.read_text()) if requirements.exists() else []


def main(name: str) -> None:
    """Unpack, reconfigure, write the bill of materials, print the digest."""
    with tarfile.open(_ARCHIVE) as archive:
        archive.extractall(IMAGE, filter="data")
    reconfigure(IMAGE, remove_build_dates)
    write_bill(BILL, name, descriptor_of(IMAGE))
    print(json.dumps({"digest": descriptor_of(IMAGE)["digest"]}))


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except sbom.RequirementError as error:
        sys.exit(str(error))
