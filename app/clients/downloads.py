"""
Downloads of files by URL, such as presigned URLs of an object store.

The caller chooses the host, so a URL must not lead into the server's own network: the scheme is https, the port 443,
every address of the host is public, and the connection goes to the checked address, even if the name changes
afterwards. APP_ENV=local has no such limits, for stores on the same computer.
"""

import asyncio
import ipaddress
import re
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

import anyio
import httpx

from app.clients.answers import EncodingError, LargeBodyError, read_body
from app.errors import DownloadError, TooLargeError

Resolve = Callable[[str], Awaitable[Sequence[str]]]

_PROTOCOL_ASSIGNMENTS: Final = ipaddress.IPv4Network("192.0.0.0/24")  # is_global of Python 3.10 covers only a part
_HOST: Final = re.compile(r"(?!.{254})[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\.?")
_ENDS_IN_A_NUMBER: Final = re.compile(r"(.*\.)?(0x[0-9a-f]*|[0-9]+)\.?")  # an address in a notation of inet_aton


async def resolve_ipv4(host: str) -> Sequence[str]:
    """Return all IPv4 addresses of a host."""
    entries = await asyncio.get_running_loop().getaddrinfo(host, None, family=socket.AF_INET, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in entries]


@dataclass(frozen=True)
class DownloadPolicy:
    """
    Limits of a download.

    Args:
        max_bytes: largest size of a file.
        timeout_s: longest time from the lookup to the last byte.
    """

    max_bytes: int = 20 * 2**20
    timeout_s: float = 30


class Downloader:
    """
    Downloads files by URL, within limits.

    Args:
        client: HTTP client without a proxy, which would resolve the name itself.
        policy: limits of a download.
        is_local: whether plain http, any port and private addresses are allowed.
        resolve: function that returns the addresses of a host; called once a file.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        policy: DownloadPolicy,
        *,
        is_local: bool,
        resolve: Resolve = resolve_ipv4,
    ) -> None:
        self._client = client
        self._is_local = is_local
        self._max_bytes = policy.max_bytes
        self._timeout_s = policy.timeout_s
        self._resolve = resolve

    async def fetch(self, url: str) -> bytes:
        """
        Return the content of a file.

        Raises:
            DownloadError: the download failed; the text has only the host, because a presigned URL is secret.
            TooLargeError: the file is larger than the policy allows.
        """
        parsed = _parse(url, is_local=self._is_local)
        host = parsed.raw_host.decode("ascii")
        try:
            with anyio.fail_after(self._timeout_s):
                return await self._fetch(parsed, host)
        except (TimeoutError, httpx.TimeoutException):
            raise DownloadError(f"{host}에서 파일을 제한 시간 안에 내려받지 못했습니다.") from None
        except (EncodingError, httpx.HTTPError) as error:
            raise DownloadError(f"{host}에서 파일을 내려받지 못했습니다.") from error

    async def _fetch(self, url: httpx.URL, host: str) -> bytes:
        address = await self._address(host)
        request = httpx.Request(
            "GET",
            httpx.URL(scheme=url.scheme, host=address, port=url.port, path="/"),
            headers={
                "Host": url.netloc.decode("ascii"),
                "Accept-Encoding": "identity",
                "Connection": "close",  # a pool keeps connections by address, and another name must not reuse this one
            },
            # The request uses `target`. httpx logs the URL, so the URL has neither path nor signature.
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
        try:
            return await read_body(response.aiter_raw(), response.headers.get("Content-Encoding", ""), self._max_bytes)
        except LargeBodyError:
            raise self._too_large() from None

    def _too_large(self) -> TooLargeError:
        return TooLargeError(f"파일이 너무 큽니다. 최대 {self._max_bytes / 2**20:g}MB까지 가능합니다.")


def is_public(address: str) -> bool:
    """Return whether an IPv4 address is public."""
    try:
        parsed = ipaddress.IPv4Address(address)
    except ValueError:
        return False
    special = parsed.is_multicast or parsed.is_reserved or parsed in _PROTOCOL_ASSIGNMENTS
    return parsed.is_global and not special


def file_name(url: str, given: str | None, number: int) -> str:
    """
    Return the name of a file: the given name, the last part of the URL's path, or `file_{number}`.

    A name without an extension gets the extension in the URL.
    """
    try:
        url_path = PurePosixPath(httpx.URL(url).path)
    except (httpx.InvalidURL, ValueError):
        url_path = PurePosixPath()
    name = PurePosixPath((given or "").strip()).name or url_path.name or f"file_{number}"
    return name if PurePosixPath(name).suffix else name + url_path.suffix


def _parse(url: str, *, is_local: bool) -> httpx.URL:
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError):
        raise DownloadError("파일 URL의 형식이 올바르지 않습니다.") from None
    host = parsed.raw_host.decode("ascii")
    is_ambiguous = _ENDS_IN_A_NUMBER.fullmatch(host) and not _is_literal(host)
    if parsed.userinfo or is_ambiguous or not _HOST.fullmatch(host):
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
