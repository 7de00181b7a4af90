"""
The emulator at www.googleapis.com, for a client that follows links to Google's host instead of its own endpoint.

google_compute_global_forwarding_rule of the built provider polls an operation by its selfLink.
"""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.support.loopback import FakeHandler, http_server
from tests.support.web_hosts import certificate_of

_HOST = "www.googleapis.com"


@contextmanager
def google_links(address: str, folder: Path) -> Iterator[dict[str, str]]:
    """
    Serve a proxy until the block ends, which sends requests for www.googleapis.com to an emulator, and refuses others.

    Args:
        address: URL of the emulator.
        folder: folder for the certificate.

    Yields:
        Environment variables of a client that uses this proxy.
    """
    certificate = certificate_of([_HOST], folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    class Proxy(FakeHandler):
        protocol_version = "HTTP/1.1"

        def do_CONNECT(self) -> None:  # noqa: N802 - the base class looks for this name
            """Answer for the host of a tunnel, over TLS with a certificate of its name."""
            if self.path != f"{_HOST}:443":
                self.reply(403)
                return
            self.send_response(200)
            self.end_headers()
            self.connection = context.wrap_socket(self.connection, server_side=True)
            self.rfile = self.connection.makefile("rb")
            self.wfile = self.connection.makefile("wb", 0)

        def answer(self) -> None:
            """Send a request on to the emulator."""
            headers = {"content-type": "application/json"}
            answer = httpx.request(
                self.command, address + self.path, content=self.read_body(), headers=headers, trust_env=False
            )
            self.reply(answer.status_code, answer.content, headers)

    with http_server(Proxy) as url:
        yield {"HTTPS_PROXY": url, "SSL_CERT_FILE": str(certificate)}
