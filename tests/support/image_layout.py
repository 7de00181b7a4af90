"""Small images without layers, written as an OCI layout for skopeo."""

import hashlib
import json
from pathlib import Path
from typing import Any, Final

_KIND: Final = "application/vnd.oci.image"


def write_image(folder: Path, architecture: str = "amd64") -> str:
    """Write a layout that holds an image; return the digest of its manifest."""
    return _write_layout(folder, _store_image(folder, architecture))


def write_image_list(folder: Path, *architectures: str) -> dict[str, str]:
    """Write a layout that holds a list of images, as Docker Hub has it; return the digest of each architecture."""
    images = {architecture: _store_image(folder, architecture) for architecture in architectures}
    manifests = [
        {**image, "platform": {"architecture": architecture, "os": "linux"}} for architecture, image in images.items()
    ]
    _write_layout(folder, _store(folder, "index", {"schemaVersion": 2, "manifests": manifests}))
    return {architecture: image["digest"] for architecture, image in images.items()}


def _store_image(folder: Path, architecture: str) -> dict[str, Any]:
    """Store configuration and manifest of an image; return the descriptor of the manifest."""
    rootfs = {"type": "layers", "diff_ids": []}
    config = {"architecture": architecture, "os": "linux", "config": {}, "rootfs": rootfs}
    manifest = {"schemaVersion": 2, "config": _store(folder, "config", config), "layers": []}
    return _store(folder, "manifest", manifest)


def _store(folder: Path, kind: str, document: dict[str, Any]) -> dict[str, Any]:
    """Store a document as a blob; return its descriptor."""
    media_type = f"{_KIND}.{kind}.v1+json"
    named = document if kind == "config" else {"mediaType": media_type, **document}
    data = json.dumps(named, separators=(",", ":"), sort_keys=True).encode()
    name = hashlib.sha256(data).hexdigest()
    blobs = folder / "blobs/sha256"
    blobs.mkdir(parents=True, exist_ok=True)
    (blobs / name).write_bytes(data)
    return {"mediaType": media_type, "digest": f"sha256:{name}", "size": len(data)}


def _write_layout(folder: Path, descriptor: dict[str, Any]) -> str:
    """Write the files that name the only image, or the only list, of a layout; return its digest."""
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [descriptor]}))
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    return str(descriptor["digest"])
