"""
Push /image.tar, by digest first and by tags last, and read the digest back: `python -m inside.push NAME TAG [TAG …]`.

Between them goes its bill of materials, made from what lies in /bill: see bill.py.

Before, the image loses what its configuration knows of the moment of its build: equal sources give an equal digest.

NAME is host and path; the tag `dev-` is completed with the first 12 digits of the digest. Of what lies in /run/secrets,
`python -m deploy.authfile` makes an authfile in /scratch, which is memory: it decides what this registry is sent.

A digest counts as pushed when the bytes of the manifest that the registry serves have it.

Prints one line of JSON: digest, bill (its digest), tags, size_bytes (compressed layers and configuration).
Exit codes: 0, 3 a login that this registry may not be sent, 4 the registry wants another login, 6 anything else; the
words of skopeo or of deploy are on stderr.
"""

import hashlib
import json
import os
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import bill
from .skopeo import PushError, authfile, refuse_other_content, secrets, skopeo, wanted_login

_ARCHIVE = Path("/image.tar")
_BILL = Path("/bill")
_SCRATCH = Path("/scratch")
_EMBEDDED_HOST = "registry:5000"
_DEV_DIGITS = 12
_FIRST = "first"
_CREATED = "1980-01-01T00:00:00Z"


def described(layout: Path) -> dict[str, Any]:
    """Return what an OCI layout of one image says of its manifest: media type, digest, size."""
    return dict(json.loads((layout / "index.json").read_text())["manifests"][0])


def read_manifest(layout: Path) -> tuple[str, int]:
    """
    Look into an OCI layout of one image.

    Returns:
        Its digest, and the size of its layers and configuration in bytes.
    """
    digest = described(layout)["digest"]
    manifest = json.loads(_blob(layout, digest).read_text())
    return digest, sum(blob["size"] for blob in [manifest["config"], *manifest["layers"]])


def reconfigure(layout: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change an OCI layout's configuration, and with it the image's digest; layers are not touched."""
    index = json.loads((layout / "index.json").read_text())
    manifest = json.loads(_blob(layout, index["manifests"][0]["digest"]).read_text())
    config = json.loads(_blob(layout, manifest["config"]["digest"]).read_text())
    change(config)
    manifest["config"] |= _store(layout, config)
    index["manifests"] = [{"mediaType": index["manifests"][0]["mediaType"], **_store(layout, manifest)}]
    (layout / "index.json").write_text(json.dumps(index))


def forget_the_moment(config: dict[str, Any]) -> None:
    """
    Take out of a configuration what differs from build to build.

    That is the time of the build, and the history: BuildKit dates every line of it, and names layers after whatever it
    first pulled them for. Source: the OCI image specification, where both are optional.
    """
    config["created"] = _CREATED
    config.pop("history", None)


def call_first(config: dict[str, Any]) -> None:
    """Give an image a digest that is nobody's release."""
    config["config"].setdefault("Labels", {})["dojangkok.release"] = _FIRST


def _store(layout: Path, document: dict[str, object]) -> dict[str, object]:
    """Write a blob; returns its digest and size."""
    data = json.dumps(document, separators=(",", ":"), sort_keys=True).encode()
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    _blob(layout, digest).write_bytes(data)
    return {"digest": digest, "size": len(data)}


def _blob(layout: Path, digest: str) -> Path:
    return layout / "blobs" / digest.replace(":", "/")


def push_first(layout: Path, name: str) -> None:
    """
    Let the embedded registry hold what the first template of a fresh local environment refers to.

    Raises:
        PushError: It could not be pushed.
    """
    target = f"docker://{name}:{_FIRST}"
    try:
        skopeo("inspect", "--tls-verify=false", target)
    except PushError:
        reconfigure(layout, call_first)
        skopeo("copy", "--quiet", "--preserve-digests", "--dest-tls-verify=false", f"oci:{layout}", target)


def push(layout: Path, name: str, tags: list[str]) -> dict[str, object]:
    """
    Push an OCI layout.

    Raises:
        PushError: Nothing refers to what was pushed so far, or some of the tags do.
    """
    digest, size_bytes = read_manifest(layout)
    host = name.split("/", 1)[0]
    options = [f"--tls-verify={'false' if host == _EMBEDDED_HOST else 'true'}"]
    logins = authfile(name)
    if logins:
        file = _SCRATCH / "auth.json"
        file.touch(mode=0o600)
        file.write_text(logins)
        options.append(f"--authfile={file}")
    copy_options = [option.replace("--tls", "--dest-tls") for option in options]
    named = [tag + digest.removeprefix("sha256:")[:_DEV_DIGITS] if tag == "dev-" else tag for tag in tags]
    materials = _SCRATCH / "bill"
    bill_digest = write_bill(materials, name, described(layout))
    pushed = [(layout, f"{name}@{digest}"), (materials, f"{name}:{bill.tag(digest)}")]
    pushed += [(layout, f"{name}:{tag}") for tag in named]
    try:
        for folder, target in pushed:
            copy = ["--quiet", "--preserve-digests", "--retry-times=3", *copy_options]
            skopeo("copy", *copy, f"oci:{folder}", f"docker://{target}")
        for folder, target in pushed:
            refuse_other_content(target, described(folder)["digest"], options)
    except PushError as error:
        if error.exit_code == 4:
            raise PushError(f"{error}\n{wanted_login(host, logins)}") from error
        raise
    return {"digest": digest, "bill": bill_digest, "tags": named, "size_bytes": size_bytes}


def write_bill(layout: Path, name: str, image: dict[str, Any]) -> str:
    """Write the image's bill of materials as an OCI layout, and return its digest."""
    python = json.loads((_BILL / "python.json").read_text())
    interpreter, debian = ((_BILL / file).read_text() for file in ("python.txt", "debian.tsv"))
    subject = {key: image[key] for key in ("mediaType", "digest", "size")}
    return bill.write(layout, bill.bill(python, interpreter, debian, name, image["digest"]), subject)


def main(name: str, tags: list[str]) -> int:
    """Unpack, push, report."""
    layout = _SCRATCH / "image"
    with tarfile.open(_ARCHIVE) as archive:
        archive.extractall(layout, filter="data")
    reconfigure(layout, forget_the_moment)
    os.environ["TMPDIR"] = str(_SCRATCH)
    try:
        pushed = push(layout, name, tags)
        if name.split("/", 1)[0] == _EMBEDDED_HOST and not secrets():
            push_first(layout, name)
        print(json.dumps(pushed))
    except PushError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
