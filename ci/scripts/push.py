"""
Push an image: `python -m scripts.push NAME TAG [TAG …]` pushes /layout/image, and reads its digest back.

The image is pushed by digest first, then its bill of materials, /layout/bill, then the tags. oci_layout.py writes both.

NAME is host and path; a tag that ends in `-` is completed with the first 12 digits of the digest. From the files in
/run/secrets `python -m deploy.authfile` makes an authfile in /scratch, which is memory: it decides which
login this registry is sent. A push to the embedded registry holds a lock in its volume, for which `reset-local` waits.

A digest counts as pushed when the registry serves a manifest whose bytes have that digest.

Prints one line of JSON: digest, bill (its digest), tags, size_bytes (compressed layers and configuration).
Exit codes: 0 pushed, 3 the registry may not be sent the login, 4 the registry wants another login, 6 any other failure;
the error text of skopeo or of deploy is on stderr.
"""

import fcntl
import json
import os
import sys
from pathlib import Path

from . import sbom
from .oci_layout import BILL, FIRST, IMAGE, descriptor_of, label_first, read_manifest, reconfigure
from .skopeo import PushError, authfile, login_fix, refuse_other_content, secrets, served_digest, skopeo

_SCRATCH = Path("/scratch")
_LOCK = Path("/var/lib/registry/push.lock")
_EMBEDDED_HOST = "registry:5000"
_DIGITS = 12


def lock(file: Path) -> int | None:
    """
    Wait for the end of a reset and of other pushes, and keep the next ones waiting until this process ends.

    Returns:
        The descriptor of the locked file; None where the volume of the embedded registry is not mounted.
    """
    if not file.parent.is_dir():
        return None
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    return descriptor


def push_first(layout: Path, name: str) -> None:
    """
    Push the image that the first template of a fresh local environment refers to.

    Raises:
        PushError: the push failed
    """
    target = f"docker://{name}:{FIRST}"
    try:
        skopeo("inspect", "--tls-verify=false", target)
    except PushError:
        reconfigure(layout, label_first)
        skopeo("copy", "--quiet", "--preserve-digests", "--dest-tls-verify=false", f"oci:{layout}", target)


def push(layout: Path, materials: Path, name: str, tags: list[str]) -> dict[str, object]:
    """
    Push the OCI layouts of an image and of its bill of materials.

    Raises:
        PushError: the push failed; no tag refers to the image, or only some of the tags do
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
    digits = digest.removeprefix("sha256:")[:_DIGITS]
    full_tags = [tag + digits if tag.endswith("-") else tag for tag in tags]
    moving = [tag for tag in tags if not tag.endswith("-")]
    fixed = [(layout, f"{name}@{digest}"), (materials, f"{name}:{sbom.tag(digest)}")]
    fixed += [(layout, f"{name}:{tag}") for tag in full_tags if tag not in moving]
    try:
        for folder, target in [*fixed, *((layout, f"{name}:{tag}") for tag in moving)]:
            copy = ["--quiet", "--preserve-digests", "--retry-times=3", *copy_options]
            skopeo("copy", *copy, f"oci:{folder}", f"docker://{target}")
        for folder, target in fixed:
            refuse_other_content(target, descriptor_of(folder)["digest"], options)
        moved = [tag for tag in moving if served_digest(f"{name}:{tag}", options) != digest]
        for tag in moved:
            print(
                f"{name}:{tag}: the registry serves another image by now, such as that of another push", file=sys.stderr
            )
    except PushError as error:
        if error.exit_code == 4:
            raise PushError(f"{error}\n{login_fix(host, logins)}") from error
        raise
    return {
        "digest": digest,
        "bill": descriptor_of(materials)["digest"],
        "tags": [tag for tag in full_tags if tag not in moved],
        "moved": moved,
        "size_bytes": size_bytes,
    }


def main(name: str, tags: list[str]) -> int:
    """Push an image, and print the result."""
    lock(_LOCK)
    os.environ["TMPDIR"] = str(_SCRATCH)
    try:
        pushed = push(IMAGE, BILL, name, tags)
        if name.split("/", 1)[0] == _EMBEDDED_HOST and not secrets():
            push_first(IMAGE, name)
        print(json.dumps(pushed))
    except PushError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
