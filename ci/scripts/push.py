"""
`python -m scripts.push NAME TAG [TAG …]`: push /layout/image, by digest first and by tags last; read the digest back.

Between digest and tags goes its bill of materials, /layout/bill. layout.py has made both.

NAME is host and path; the tag `dev-` is completed with the first 12 digits of the digest. From the files in
/run/secrets `python -m deploy.authfile` makes an authfile in /scratch, which is memory: it decides which
login this registry is sent.

A digest counts as pushed when the bytes of the manifest that the registry serves have it.

Prints one line of JSON: digest, bill (its digest), tags, size_bytes (compressed layers and configuration).
Exit codes: 0, 3 a login that this registry may not be sent, 4 the registry wants another login, 6 anything else; the
words of skopeo or of deploy are on stderr.
"""

import json
import os
import sys
from pathlib import Path

from . import sbom
from .oci_layout import BILL, FIRST, IMAGE, call_first, described, read_manifest, reconfigure
from .skopeo import PushError, authfile, refuse_other_content, secrets, skopeo, wanted_login

_SCRATCH = Path("/scratch")
_EMBEDDED_HOST = "registry:5000"
_DEV_DIGITS = 12


def push_first(layout: Path, name: str) -> None:
    """
    Let the embedded registry hold what the first template of a fresh local environment refers to.

    Raises:
        PushError: It could not be pushed.
    """
    target = f"docker://{name}:{FIRST}"
    try:
        skopeo("inspect", "--tls-verify=false", target)
    except PushError:
        reconfigure(layout, call_first)
        skopeo("copy", "--quiet", "--preserve-digests", "--dest-tls-verify=false", f"oci:{layout}", target)


def push(layout: Path, materials: Path, name: str, tags: list[str]) -> dict[str, object]:
    """
    Push the OCI layouts of an image and of its bill of materials.

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
    pushed = [(layout, f"{name}@{digest}"), (materials, f"{name}:{sbom.tag(digest)}")]
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
    return {"digest": digest, "bill": described(materials)["digest"], "tags": named, "size_bytes": size_bytes}


def main(name: str, tags: list[str]) -> int:
    """Push, report."""
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
