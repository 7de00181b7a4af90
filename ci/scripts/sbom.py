"""
The bill of materials of an image: its Python, its packages and those of Debian, as CycloneDX in an OCI layout.

Its packages are listed by a file of the source: a uv.lock, which uv exports, or pinned requirements.

Equal images give an equal bill, because the bill has no serial number and no time. It is pushed beside its image, under
the tag that cosign reads (its specification of SBOMs): the digest of the image with `.sbom`. Old registries take it.
"""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

_EMPTY = b"{}"
_EMPTY_TYPE = "application/vnd.oci.empty.v1+json"
_BILL_TYPE = "application/vnd.cyclonedx+json"
_MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
_SPECIFICATION = "1.5"
_PINNED = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?\s*===?\s*([^\s;,*]+)\s*(?:[;\s].*)?")
_SETTING = re.compile(r"-{1,2}+(?!r\b|c\b|e\b|requirement\b|constraint\b|editable\b)[a-z-]+\b.*")


class RequirementError(Exception):
    """A line of a requirements file that names no version; the text has the fix."""


def tag(image_digest: str) -> str:
    """Return the tag of an image's bill: `sha256-<64 digits>.sbom`."""
    return f"{image_digest.replace(':', '-')}.sbom"


def required_packages(requirements: str) -> list[dict[str, Any]]:
    """
    Return the packages of a requirements file, as components.

    Raises:
        RequirementError: a line is no package with its exact version
    """
    components = []
    for line in re.sub(r"\\\r?\n", " ", requirements).splitlines():
        text = re.sub(r"(^|\s)#.*", "", line).strip()
        if not text or _SETTING.fullmatch(text):
            continue
        pinned = _PINNED.fullmatch(text)
        if not pinned:
            raise RequirementError(
                f"bill_of_materials: got the line '{text:.60}', which names no package with its version. "
                "Fix: pin every package with '==', as 'uv pip compile' or 'pip freeze' writes them"
            )
        name, version = re.sub(r"[-_.]+", "-", pinned[1]).lower(), pinned[2]
        purl = f"pkg:pypi/{name}@{version.replace('+', '%2B')}"
        components.append({"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl})
    return components


def bill(
    packages: list[dict[str, Any]], interpreter: str, debian: str, image_name: str, image_digest: str
) -> dict[str, Any]:
    """
    Return the bill of materials of an image.

    Args:
        packages: components of the application's packages
        interpreter: output of `python --version`, which is in no Debian package and in no lock file; empty without one
        debian: a line for each Debian package: name, version, architecture, with tabs between them
        image_name: host and path of the image
        image_digest: digest of the image, `sha256:…`
    """
    rows = [line.split("\t") for line in debian.splitlines()]
    system = [
        {
            "type": "library",
            "bom-ref": f"debian:{name}",
            "name": name,
            "version": version,
            "purl": f"pkg:deb/debian/{name}@{version.replace('+', '%2B')}?arch={architecture}",
        }
        for name, version, architecture in rows
    ]
    image = {"type": "container", "bom-ref": "image", "name": image_name, "version": image_digest}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": _SPECIFICATION,
        "version": 1,
        "metadata": {"component": image},
        "components": [*_cpython(interpreter), *packages, *system],
    }


def _cpython(interpreter: str) -> list[dict[str, str]]:
    if not interpreter:
        return []
    version = interpreter.split()[1]
    purl = f"pkg:generic/cpython@{version}"
    return [{"type": "application", "bom-ref": "cpython", "name": "cpython", "version": version, "purl": purl}]


def write(layout: Path, document: dict[str, Any], subject: dict[str, Any]) -> str:
    """
    Write an OCI layout that holds a bill and nothing else.

    Args:
        layout: folder to be made
        document: the bill
        subject: media type, digest and size of the image's manifest

    Returns:
        The digest of the bill's manifest.
    """
    (layout / "blobs/sha256").mkdir(parents=True)
    empty = {"mediaType": _EMPTY_TYPE, **_stored(layout, _EMPTY)}
    content = {"mediaType": _BILL_TYPE, **_stored(layout, json.dumps(document, sort_keys=True).encode())}
    manifest = {
        "schemaVersion": 2,
        "mediaType": _MANIFEST_TYPE,
        "artifactType": _BILL_TYPE,
        "config": empty,
        "layers": [content],
        "subject": subject,
    }
    stored = _stored(layout, json.dumps(manifest, sort_keys=True).encode())
    index = {"schemaVersion": 2, "manifests": [{"mediaType": _MANIFEST_TYPE, **stored}]}
    (layout / "index.json").write_text(json.dumps(index))
    (layout / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    return str(stored["digest"])


def _stored(layout: Path, data: bytes) -> dict[str, object]:
    name = hashlib.sha256(data).hexdigest()
    (layout / "blobs/sha256" / name).write_bytes(data)
    return {"digest": f"sha256:{name}", "size": len(data)}
