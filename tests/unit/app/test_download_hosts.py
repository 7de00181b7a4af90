"""Hosts that downloads are allowed from; the transport records each address."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from app.clients.downloads import Downloader, DownloadPolicy, is_public, resolve_ipv4
from app.errors import DownloadError
from tests.unit.app.internet import FILES, PUBLIC, SECRET, SHARED, Internet, Names, Server, connect_all_to, fetch


@pytest.fixture
def server() -> Server:
    """A file server."""
    return Server()


@pytest_asyncio.fixture
async def internet(server: Server) -> AsyncIterator[Internet]:
    """A transport that connects every address to the server."""
    async with connect_all_to(server) as internet:
        yield internet


@pytest.mark.asyncio
async def test_file_comes_from_the_checked_address(internet: Internet, server: Server) -> None:
    """The request goes to the resolved address, with the host of the URL in its header."""
    assert await fetch(internet) == b"%PDF-"
    assert internet.addresses == [PUBLIC]
    assert server.heads[0].splitlines()[:-1] == [
        f"GET /%EA%B3%84%EC%95%BD/lease.pdf?X-Amz-Signature={SECRET} HTTP/1.1",
        f"Host: {FILES}",
        "Accept-Encoding: identity",
        "Connection: close",
    ]


@pytest.mark.asyncio
async def test_public_address_is_allowed_as_host(internet: Internet) -> None:
    """A URL with a public IPv4 address needs no lookup."""
    assert await fetch(internet, f"https://{PUBLIC}/lease.pdf", Names()) == b"%PDF-"


@pytest.mark.asyncio
async def test_name_is_resolved_once(internet: Internet) -> None:
    """A second answer of the resolver has no effect."""
    names = Names([PUBLIC], ["127.0.0.1"])
    assert await fetch(internet, names=names) == b"%PDF-"
    assert internet.addresses == [PUBLIC]
    assert names.answers == [["127.0.0.1"]]


@pytest.mark.asyncio
async def test_certificate_of_another_name_is_refused(internet: Internet, server: Server) -> None:
    """TLS checks the certificate for the host of the URL."""
    with pytest.raises(DownloadError, match=rf"^{SHARED}에서 파일을 내려받지 못했습니다\.$"):
        await fetch(internet, f"https://{SHARED}/lease.pdf")
    assert server.heads == []


@pytest.mark.asyncio
async def test_connection_is_not_reused_for_another_name(internet: Internet, server: Server) -> None:
    """A pool would reuse the connection by its address, with the certificate of the first name."""
    await fetch(internet)
    with pytest.raises(DownloadError):
        await fetch(internet, f"https://{SHARED}/lease.pdf")
    assert len(server.heads) == 1


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "host",
    [
        *(
            "127.0.0.1",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.1",
            "224.0.0.1",
        ),
        *("0x7f000001", "0x7f.0.0.1", "2130706433", "0177.0.0.1", "127.1", "127.0.0.1.", "127。0。0。1", "134744072"),
        *("[::1]", "[::ffff:127.0.0.1]", "[fd00::1]"),
    ],
)
async def test_private_address_is_refused_in_every_notation(internet: Internet, host: str) -> None:
    """No notation of a private address leads to a connection."""
    with pytest.raises(DownloadError):
        await fetch(internet, f"https://{host}/lease.pdf", Names())
    assert internet.addresses == []


@pytest.mark.asyncio
@pytest.mark.parametrize("addresses", [["127.0.0.1"], [PUBLIC, "10.0.0.1"], ["10.0.0.1", PUBLIC], ["::1"], []])
async def test_every_address_of_a_name_must_be_public(internet: Internet, addresses: list[str]) -> None:
    """A name with one private address is refused."""
    with pytest.raises(DownloadError, match=f"^{FILES}"):
        await fetch(internet, names=Names(addresses))
    assert internet.addresses == []


@pytest.mark.parametrize(
    "address",
    [
        *(
            "0.0.0.1",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.31.0.1",
            "192.0.0.192",
            "192.168.1.1",
        ),
        *("198.18.0.1", "203.0.113.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "::1", "name"),
    ],
)
def test_special_addresses_are_not_public(address: str) -> None:
    """Private, reserved and multicast addresses are not public."""
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "52.219.56.1", "223.130.192.1"])
def test_other_addresses_are_public(address: str) -> None:
    """Addresses of the internet are public."""
    assert is_public(address)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "url",
    [
        f"http://{FILES}/a.pdf",
        f"ftp://{FILES}/a.pdf",
        f"file:///etc/passwd?{SECRET}",
        f"https://{FILES}:8443/a.pdf",
        f"https://{SECRET}@{FILES}/a.pdf",
        f"https://user:{SECRET}@{FILES}/a.pdf",
        f"https://{FILES}\\@127.0.0.1/a.pdf",
        f"//{FILES}/a.pdf",
        *(
            "",
            "lease.pdf",
            "https://",
            "https:///a.pdf",
            "https://[/a.pdf",
            "https://a b/",
            "https://a..b/",
            "https://h:x/",
        ),
        *(
            f"https://{'a' * 64}/",
            f"https://{'a.' * 200}b/",
            "https://%31%32%37.0.0.1/",
            "https://h\0/",
            "https://h/\ud800",
        ),
    ],
)
async def test_invalid_url_is_refused(internet: Internet, url: str) -> None:
    """A URL of another form is refused without its secret parts in the error."""
    with pytest.raises(DownloadError) as error:
        await fetch(internet, url, Names())
    assert SECRET not in str(error.value)
    assert internet.addresses == []


@pytest.mark.asyncio
async def test_local_environment_allows_http_and_private_addresses(server: Server) -> None:
    """With is_local http, other ports and private addresses are allowed."""
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    async with listener, httpx.AsyncClient() as client:
        downloader = Downloader(client, DownloadPolicy(), is_local=True)
        assert await downloader.fetch(f"http://127.0.0.1:{port}/lease.pdf") == b"%PDF-"
        assert await downloader.fetch(f"http://localhost:{port}/lease.pdf") == b"%PDF-"
        with pytest.raises(DownloadError):
            await downloader.fetch("http://127.0.0.1:99999/lease.pdf")
    assert f"\r\nHost: localhost:{port}\r\n" in server.heads[1]


@pytest.mark.asyncio
async def test_unknown_name_is_a_download_error(internet: Internet) -> None:
    """A failed lookup raises DownloadError with the host."""
    with pytest.raises(DownloadError, match=r"^nowhere\.invalid의 주소를 찾을 수 없습니다\.$"):
        async with httpx.AsyncClient(transport=internet) as client:
            await Downloader(client, DownloadPolicy(), is_local=False).fetch("https://nowhere.invalid/lease.pdf")


@pytest.mark.asyncio
async def test_names_are_resolved_to_ipv4() -> None:
    """The resolver returns IPv4 addresses."""
    assert set(await resolve_ipv4("localhost")) == {"127.0.0.1"}
