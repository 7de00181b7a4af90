"""A file server behind TLS, and a transport that connects every address to it."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache

import httpx
import trustme

from app.clients.downloads import Downloader, DownloadPolicy

FILES = "files.example.com"
SHARED = "shared.example.com"  # the same address, not in the certificate
PUBLIC = "8.8.8.8"
SECRET = "5ec2e7"
URL = f"https://{FILES}/%EA%B3%84%EC%95%BD/lease.pdf?X-Amz-Signature={SECRET}"
MEBIBYTE = 2**20


@cache
def contexts() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return the TLS contexts of a server and of a client that trusts it; cached, because creation is slow."""
    authority = trustme.CA()
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.issue_cert(FILES, PUBLIC).configure_cert(server)
    authority.configure_trust(client)
    return server, client


class Internet(httpx.AsyncHTTPTransport):
    """A transport whose every address is the test's server; it records the requested addresses."""

    def __init__(self, port: int) -> None:
        super().__init__(verify=contexts()[1])
        self.addresses: list[str] = []
        self._port = port

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.addresses.append(request.url.host)
        request.url = request.url.copy_with(host="127.0.0.1", port=self._port)
        return await super().handle_async_request(request)


class Names:
    """A resolver with a given answer for each call."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)

    async def __call__(self, host: str) -> Sequence[str]:
        return self.answers.pop(0)


@dataclass
class Server:
    """A server that answers each connection with the same bytes, and then repeats `more`."""

    answer: bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n%PDF-"
    more: bytes = b""
    pause_s: float = 0
    heads: list[str] = field(default_factory=list)
    sent_bytes: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            self.heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
            writer.write(self.answer)
            await writer.drain()
            while self.more:
                writer.write(self.more)
                self.sent_bytes += len(self.more)
                await writer.drain()
                await asyncio.sleep(self.pause_s)
        except OSError:
            pass
        finally:
            writer.close()


@asynccontextmanager
async def connect_all_to(server: Server) -> AsyncIterator[Internet]:
    """Yield a transport whose every address is the server, with a certificate for FILES and PUBLIC."""
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=contexts()[0])
    async with listener, Internet(listener.sockets[0].getsockname()[1]) as internet:
        yield internet


async def fetch(
    internet: Internet,
    url: str = URL,
    names: Names | None = None,
    *,
    is_local: bool = False,
    max_bytes: int = MEBIBYTE,
    timeout_s: float = 10,
) -> bytes:
    """Download with a client that has other defaults, which must have no effect."""
    client = httpx.AsyncClient(
        transport=internet, headers={"X-Key": SECRET}, auth=("user", SECRET), timeout=0.001, follow_redirects=True
    )
    resolve = names or Names([PUBLIC])
    policy = DownloadPolicy(max_bytes=max_bytes, timeout_s=timeout_s)
    downloader = Downloader(client, policy, is_local=is_local, resolve=resolve)
    return await asyncio.wait_for(downloader.fetch(url), 20)
