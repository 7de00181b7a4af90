"""
Makes another image of the layers of an image: only its entry point differs, so no Docker is needed.

    python -m acceptance.variants REPOSITORY@DIGEST never-healthy dir [http]

prints the reference of the new image. `http` is for a registry without TLS.
"""

import hashlib
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from lib.image_reference import parse_reference

_CRASH_AFTER_S: Final = 600  # after the start of a container: longer than a rollout of two instances with its bake
_SKOPEO_S: Final = 1800
# The entry point of each variant, which gets the command of the image as its arguments; None keeps that of the image. A
# container of `crashes` stays, so that Docker does not start it again, and only the group's health check fails.
ENTRY_POINTS: Final[Mapping[str, list[str] | None]] = {
    "second": None,
    "third": None,
    "exits": ["false"],
    "never-healthy": ["sh", "-c", "exec sleep infinity", "sh"],
    "crashes": ["sh", "-c", f'timeout {_CRASH_AFTER_S} "$@"; exec sleep infinity', "sh"],
}


def variant_config(config: dict[str, Any], name: str) -> dict[str, Any]:
    """
    Return the configuration of a variant: with a label of its name, and its entry point.

    Args:
        config: configuration of the image.
        name: name of the variant.
    """
    settings = dict(config.get("config") or {})
    settings["Labels"] = {**(settings.get("Labels") or {}), "acceptance": name}
    entry_point = ENTRY_POINTS[name]
    if entry_point is not None:
        command = [*(settings.get("Entrypoint") or []), *(settings.get("Cmd") or [])]
        settings |= {"Entrypoint": entry_point, "Cmd": command}
    return {**config, "config": settings}


def rewrite(folder: Path, name: str) -> str:
    """
    Turn an image in the layout `dir:` of skopeo into a variant; return the digest of its manifest.

    Args:
        folder: folder of the layout.
        name: name of the variant.
    """
    manifest_file = folder / "manifest.json"
    manifest = json.loads(manifest_file.read_text())
    former = folder / manifest["config"]["digest"].partition(":")[2]
    config = json.dumps(variant_config(json.loads(former.read_text()), name)).encode()
    digest = hashlib.sha256(config).hexdigest()
    (folder / digest).write_bytes(config)
    manifest["config"] |= {"digest": f"sha256:{digest}", "size": len(config)}
    content = json.dumps(manifest).encode()
    manifest_file.write_bytes(content)
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def push_variant(source: str, name: str, folder: Path, *, is_http: bool) -> str:
    """
    Push a variant of an image into the image's repository; return the reference of the variant.

    Args:
        source: reference of the image, by its digest.
        name: name of the variant.
        folder: folder for the layout; it does not exist yet.
        is_http: whether the registry has no TLS.
    """
    repository = parse_reference(source, "SOURCE").repository
    _copy(f"docker://{source}", f"dir:{folder}", *(["--src-tls-verify=false"] if is_http else []))
    digest = rewrite(folder, name)
    target = f"docker://{repository}:acceptance-{name}"
    _copy(f"dir:{folder}", target, "--preserve-digests", *(["--dest-tls-verify=false"] if is_http else []))
    return f"{repository}@{digest}"


def _copy(source: str, target: str, *flags: str) -> None:
    subprocess.run(["skopeo", "copy", "--quiet", *flags, source, target], check=True, timeout=_SKOPEO_S)


if __name__ == "__main__":
    _source, _name, _folder, *_scheme = sys.argv[1:]
    print(push_variant(_source, _name, Path(_folder), is_http=_scheme == ["http"]))
