"""
An apt repository on loopback, which stands in for Docker's or NVIDIA's.

Its packages have the real names and versions, and its key is its own.
"""

import gzip
import hashlib
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler
from pathlib import Path
from typing import Any

from tests.support.loopback import http_server

Signer = Callable[[str], str]


def add_package(pool: Path, name: str, version: str, programs: Mapping[str, str]) -> None:
    """
    Make a package.

    Args:
        pool: folder of the package.
        name: name of the package, such as `docker-ce`.
        version: version of the package, such as `5:28.5.2-1~ubuntu.22.04~jammy`.
        programs: text of each installed program, by its path below `/`.
    """
    tree = pool / f".{name}"
    (tree / "DEBIAN").mkdir(parents=True, exist_ok=True)
    control = {
        "Package": name,
        "Version": version,
        "Architecture": "amd64",
        "Maintainer": "tests <tests@example.com>",
        "Description": f"plays {name}",
    }
    (tree / "DEBIAN/control").write_text("".join(f"{key}: {value}\n" for key, value in control.items()))
    for path, text in programs.items():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_text(text)
        (tree / path).chmod(0o755)
    file = pool / f"{name}_{version.replace(':', '-')}_amd64.deb"
    subprocess.run(["dpkg-deb", "-Znone", "--root-owner-group", "--build", tree, file], check=True, capture_output=True)


def index(site: Path, distribution: Path, packages: Path, sign: Signer) -> None:
    """
    Write the indexes over the pool of a site.

    Args:
        site: root of the repository, with the packages in `pool/`.
        distribution: folder of `InRelease` below the root.
        packages: folder of `Packages` below the distribution.
        sign: function that clear-signs a text.
    """
    entries = []
    for file in sorted((site / "pool").glob("*.deb")):
        fields = subprocess.run(["dpkg-deb", "--field", file], check=True, capture_output=True, text=True).stdout
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        entries.append(f"{fields}Filename: pool/{file.name}\nSize: {file.stat().st_size}\nSHA256: {digest}\n")
    text = "\n".join(entries).encode()
    folder = site / distribution / packages
    folder.mkdir(parents=True, exist_ok=True)
    files = {"Packages": text, "Packages.gz": gzip.compress(text)}
    rows = []
    for name, content in files.items():
        (folder / name).write_bytes(content)
        rows.append(f" {hashlib.sha256(content).hexdigest()} {len(content)} {packages / name}")
    release = "\n".join(("Date: Sat, 01 Nov 2025 00:00:00 UTC", "Architectures: amd64", "SHA256:", *rows)) + "\n"
    (site / distribution / "InRelease").write_text(sign(release))


@contextmanager
def serve(folder: Path) -> Iterator[str]:
    """Serve a folder on a free port until the end of the block; gives `http://127.0.0.1:PORT`."""

    class Handler(SimpleHTTPRequestHandler):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args, directory=str(folder))

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class has this name
            """Print nothing."""

    with http_server(Handler) as url:
        yield url
