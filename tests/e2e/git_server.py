"""A git server on loopback, whose repositories the engine clones by URL."""

import os
import subprocess
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.loopback import FakeHandler, http_server

# The engine (v0.19.10) takes the port out of the URL of a module.
_PORT = 80
_TIMEOUT_S = 60


@contextmanager
def git_server(root: Path) -> Iterator[str]:
    """Serve the bare repositories in a folder by git's smart protocol; the value is the address of the server."""

    class Git(FakeHandler):
        def answer(self) -> None:
            """Answer by `git http-backend`, a CGI program."""
            path = urllib.parse.urlsplit(self.path)
            request = {
                "GIT_PROJECT_ROOT": str(root),
                "GIT_HTTP_EXPORT_ALL": "1",
                "PATH_INFO": path.path,
                "QUERY_STRING": path.query,
                "REQUEST_METHOD": self.command,
                "CONTENT_TYPE": self.headers.get("content-type", ""),
                "CONTENT_LENGTH": self.headers.get("content-length", ""),
                "HTTP_CONTENT_ENCODING": self.headers.get("content-encoding", ""),
                "HTTP_GIT_PROTOCOL": self.headers.get("git-protocol", ""),
            }
            answered = subprocess.run(
                ["git", "http-backend"],
                input=self.read_body(),
                env={**os.environ, **request},
                capture_output=True,
                timeout=_TIMEOUT_S,
                check=True,
            )
            head, _, body = answered.stdout.partition(b"\r\n\r\n")
            lines = (line.partition(": ") for line in head.decode().split("\r\n"))
            headers = {name.lower(): value for name, _, value in lines}
            status = int(headers.pop("status", "200 OK").split()[0])
            self.reply(status, body, headers)

    with http_server(Git, port=_PORT) as address:
        yield address
