"""A real registry, docker-registry, which only alice may read and write."""

import base64
import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.support.loopback import free_port
from tests.support.programs import require
from tests.support.waiting import wait_until

# htpasswd's bcrypt of 'a-password'.
_HTPASSWD: Final = "alice:$2b$05$iamxSZqptLbbpdrfGIboVud7JG164gyvkyJLRmlUZeabH6BWqvQK2\n"
_CONFIG: Final = """\
version: 0.1
log: {{level: info}}
storage: {{filesystem: {{rootdirectory: {folder}/storage}}}}
http: {{addr: '127.0.0.1:{port}'{tls}}}
auth: {{htpasswd: {{realm: registry, path: {folder}/htpasswd}}}}
"""


@contextmanager
def docker_registry(folder: Path, certificate: Path | None = None) -> Iterator[str]:
    """
    Serve an empty registry to alice alone until the block ends; gives its host.

    Args:
        folder: folder of its files.
        certificate: file with a certificate and its key; None for plain HTTP.
    """
    require("docker-registry", "the Debian package docker-registry")
    port = free_port()
    (folder / "htpasswd").write_text(_HTPASSWD)
    tls = f", tls: {{certificate: {certificate}, key: {certificate}}}" if certificate else ""
    (folder / "config.yml").write_text(_CONFIG.format(folder=folder, port=port, tls=tls))
    log = folder / "registry.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            ["docker-registry", "serve", str(folder / "config.yml")], stdout=output, stderr=output
        )
    try:
        wait_until(lambda: "listening on" in log.read_text(), 20)
        yield f"localhost:{port}"
    finally:
        process.kill()
        process.wait()


def logins(folder: Path, host: str, password: str = "a-password") -> Path:  # noqa: S107
    """Write a file of logins, as `docker login` writes it, with a login of alice; return the file."""
    file = folder / "logins.json"
    auth = base64.b64encode(f"alice:{password}".encode()).decode()
    file.write_text(json.dumps({"auths": {host: {"auth": auth}}}))
    return file
