"""
Files that a caller names by URL, such as presigned ones of an object store.

The caller chooses the host, so a URL must not lead into the server's own network: it is https on port 443, every
address of its host is public, and the connection goes to the address that was checked, whatever the name means a moment
later. APP_ENV=local is free of that, for stores on the same machine.
"""

import asyncio
import ipaddress
import re
import socket
from collections.abc import Awaitable, Callable, Sequence
from pathlib import PurePosixPath
from typing import Final

import httpx

from app.errors import DownloadError, TooLargeError

Resolve = Callable[[str], Awaitable[Sequence[str]]]

_PROTOCOL_ASSIGNMENTS: Final = ipaddress.IPv4Network("192.0.0.0/24")  # is_global of Python 3.10 knows a part of it
_HOST: Final = re.compile(r"(?!.{254})[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\.?")
_ENDS_IN_A_NUMBER: Final = re.compile(r"(.*\.)?(0x[0-9a-f]*|[0-9]+)\.?")  # an address in one of inet_aton's notations


async def resolve_ipv4(host: str) -> Sequence[str]:
    """Every IPv4 address of a host."""
    found = await asyncio.get_running_loop().getaddrinfo(host, None, family=socket.AF_INET, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


class Downloader:
    """
    Fetches files by URL, within limits.

    Args:
        client: Without a proxy: one would look the name up by itself.
        is_local: Whether plain http, any port and private addresses are allowed too.
        timeout_s: For everything from the name's look-up to the last byte.
        resolve: Addresses of a host; asked once for each file.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        *,
        is_local: bool,
        max_bytes: int = 20 * 2**20,
        timeout_s: float = 30,
        resolve: Resolve = resolve_ipv4,
    ) -> None:
        self._client = client
        self._is_local = is_local
        self._max_bytes = max_bytes
        self._timeout_s = timeout_s
        self._resolve = resolve

    async def fetch(self, url: str) -> bytes:
        """
        Fetch one file.

        Raises:
            DownloadError: With the host at most; the rest of a presigned URL is a secret.
            TooLargeError: The file has more than `max_bytes`.
        """
        parsed = _parse(url, is_local=self._is_local)
        host = parsed.raw_host.decode("ascii")
        try:
            return await asyncio.wait_for(self._fetch(parsed, host), self._timeout_s)
        except (asyncio.TimeoutError, httpx.TimeoutException):
            raise DownloadError(f"{host}에서 파일을 제한 시간 안에 내려받지 못했습니다.") from None
        except httpx.HTTPError as error:
            raise DownloadError(f"{host}에서 파일을 내려받지 못했습니다.") from error

    async def _fetch(self, url: httpx.URL, host: str) -> bytes:
        address = await self._address(host)
        request = httpx.Request(
            "GET",
            httpx.URL(scheme=url.scheme, host=address, port=url.port, path="/"),
            headers={
                "Host": url.netloc.decode("ascii"),
                "Accept-Encoding": "identity",
                "Connection": "close",  # a pool goes by address: another name would get what was checked for this one
            },
            # `target` is what is asked for. httpx logs the URL, so that one has neither the path nor the signature.
            extensions={
                "sni_hostname": host,
                "target": url.raw_path,
                "timeout": httpx.Timeout(self._timeout_s).as_dict(),
            },
        )
        response = await self._client.send(request, stream=True, auth=None, follow_redirects=False)
        try:
            return await self._body(response, host)
        finally:
            await response.aclose()

    async def _address(self, host: str) -> str:
        if _is_literal(host):
            addresses: Sequence[str] = [host]
        else:
            try:
                addresses = await self._resolve(host)
            except (OSError, UnicodeError) as error:
                raise DownloadError(f"{host}의 주소를 찾을 수 없습니다.") from error
        if not addresses:
            raise DownloadError(f"{host}의 주소를 찾을 수 없습니다.")
        if not self._is_local and not all(is_public(address) for address in addresses):
            raise DownloadError(f"{host}에서는 파일을 내려받을 수 없습니다.")
        return addresses[0]

    async def _body(self, response: httpx.Response, host: str) -> bytes:
        if response.status_code != httpx.codes.OK:
            raise DownloadError(f"{host}에서 파일을 내려받지 못했습니다. (HTTP {response.status_code})")
        if int(response.headers.get("Content-Length", 0)) > self._max_bytes:
            raise self._too_large()
        body = bytearray()
        async for chunk in response.aiter_raw():
            body += chunk
            if len(body) > self._max_bytes:
                raise self._too_large()
        return bytes(body)

    def _too_large(self) -> TooLargeError:
        return TooLargeError(f"파일이 너무 큽니다. 최대 {self._max_bytes / 2**20:g}MB까지 가능합니다.")


def is_public(address: str) -> bool:
    """Whether an IPv4 address is one of the internet's hosts."""
    try:
        parsed = ipaddress.IPv4Address(address)
    except ValueError:
        return False
    special = parsed.is_multicast or parsed.is_reserved or parsed in _PROTOCOL_ASSIGNMENTS
    return parsed.is_global and not special


def file_name(url: str, given: str | None, number: int) -> str:
    """
    The name of a file: the given one, else the last part of the URL's path, else `file_{number}`.

    One without an ending borrows the URL's.
    """
    try:
        in_url = PurePosixPath(httpx.URL(url).path)
    except (httpx.InvalidURL, ValueError):
        in_url = PurePosixPath()
    name = PurePosixPath((given or "").strip()).name or in_url.name or f"file_{number}"
    return name if PurePosixPath(name).suffix else name + in_url.suffix


def _parse(url: str, *, is_local: bool) -> httpx.URL:
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError):
        raise DownloadError("파일 URL의 형식이 올바르지 않습니다.") from None
    host = parsed.raw_host.decode("ascii")
    odd = _ENDS_IN_A_NUMBER.fullmatch(host) and not _is_literal(host)
    if parsed.userinfo or odd or not _HOST.fullmatch(host):
        raise DownloadError("파일 URL의 형식이 올바르지 않습니다.")
    if parsed.scheme != "https" and not (is_local and parsed.scheme == "http"):
        raise DownloadError("파일 URL은 https여야 합니다.")
    if parsed.port is not None and not (is_local and parsed.port < 2**16):
        raise DownloadError("파일 URL에 쓸 수 없는 포트입니다.")
    return parsed


def _is_literal(host: str) -> bool:
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        return False
    return True
