"""
Push /image.tar, by digest first and by tags last, and read the digest back: `python -m inside.push NAME TAG [TAG …]`.

Between them goes its bill of materials, made from what lies in /bill: see bill.py.

Before, the image loses what its configuration knows of the moment of its build: equal sources give an equal digest.

NAME is host and path; the tag `dev-` is completed with the first 12 digits of the digest. A token in
/run/secrets/registry-token, or one that deploy mints right now from /run/secrets/credentials, becomes an authfile in
/scratch, which is memory; it is never an argument.

Prints one line of JSON: digest, bill (its digest), tags, size_bytes (compressed layers and configuration).
Exit codes: 0, 4 the registry does not accept the credentials, 6 anything else; skopeo's own words are on stderr.
"""

import base64
import hashlib
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import bill

_ARCHIVE = Path("/image.tar")
_BILL = Path("/bill")
_SCRATCH = Path("/scratch")
_TOKEN = Path("/run/secrets/registry-token")
_CREDENTIALS = Path("/run/secrets/credentials")
_MINT = ["/opt/venv/bin/python", "-m", "deploy.credentials", str(_CREDENTIALS)]
_DEPLOY_PARENT = Path("/src")
_EMBEDDED_HOST = "registry:5000"
_DEV_DIGITS = 12
_FIRST = "first"
_CREATED = "1980-01-01T00:00:00Z"
# skopeo has one exit code for everything; these are the words of the registry protocol's own error codes.
_NOT_ALLOWED = ("unauthorized", "authentication required", "denied", "invalid username/password")


class PushError(Exception):
    """skopeo failed; the text is its own."""

    @property
    def exit_code(self) -> int:
        """4 where the registry does not accept the credentials, else 6."""
        return 4 if any(words in str(self).lower() for words in _NOT_ALLOWED) else 6


class LoginError(PushError):
    """No token could be had; the text is deploy's own."""

    @property
    def exit_code(self) -> int:
        """Always 4."""
        return 4


def skopeo(verb: str, *args: str) -> str:
    """
    Run skopeo.

    Returns:
        Its stdout.

    Raises:
        PushError: It failed.
    """
    ended = subprocess.run(["skopeo", verb, *args], capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        raise PushError(ended.stderr.strip())
    return ended.stdout


def authfile(host: str, token: str) -> str:
    """What `docker login` with an access token would have written."""
    login = base64.b64encode(f"oauth2accesstoken:{token}".encode()).decode()
    return json.dumps({"auths": {host: {"auth": login}}})


def token() -> str:
    """
    Return the access token for the registry; empty where nobody gave anything to log in with.

    Raises:
        LoginError: The credential file gives none.
    """
    if _TOKEN.exists():
        return _TOKEN.read_text().strip()
    if not _CREDENTIALS.exists():
        return ""
    mint = [*_MINT, *os.environ["TOKEN_HOSTS"].split()]
    minted = subprocess.run(mint, cwd=_DEPLOY_PARENT, capture_output=True, text=True, check=False)
    if minted.returncode != 0:
        raise LoginError(minted.stderr.strip())
    return minted.stdout.strip()


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
    given = token()
    if given:
        login = _SCRATCH / "auth.json"
        login.touch(mode=0o600)
        login.write_text(authfile(host, given))
        options.append(f"--authfile={login}")
    copy_options = [option.replace("--tls", "--dest-tls") for option in options]
    named = [tag + digest.removeprefix("sha256:")[:_DEV_DIGITS] if tag == "dev-" else tag for tag in tags]
    materials = _SCRATCH / "bill"
    bill_digest = write_bill(materials, name, described(layout))
    pushed = [(layout, f"{name}@{digest}"), (materials, f"{name}:{bill.tag(digest)}")]
    pushed += [(layout, f"{name}:{tag}") for tag in named]
    for folder, target in pushed:
        copy = ["--quiet", "--preserve-digests", "--retry-times=3", *copy_options]
        skopeo("copy", *copy, f"oci:{folder}", f"docker://{target}")
    for tag in named:
        served = skopeo("inspect", *options, "--format={{.Digest}}", f"docker://{name}:{tag}").strip()
        if served != digest:
            raise PushError(f"{name}:{tag}: the registry serves {served}, but {digest} was built and pushed")
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
        if name.split("/", 1)[0] == _EMBEDDED_HOST and not (_TOKEN.exists() or _CREDENTIALS.exists()):
            push_first(layout, name)
        print(json.dumps(pushed))
    except PushError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
