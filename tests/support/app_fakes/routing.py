"""Requests to fakes in the same process, by the name of their host."""

import asyncio
from collections.abc import Mapping

import httpx
from starlette.types import ASGIApp


class Routing(httpx.AsyncBaseTransport):
    """
    A transport for httpx in which only some hosts exist.

    The host is that of the Host header, and the `target` and `timeout` extensions count, as on a connection.

    Args:
        apps: application for each host name, such as `{"vllm.internal": Vllm().app}`.
    """

    def __init__(self, apps: Mapping[str, ASGIApp]) -> None:
        self._transports = {host: httpx.ASGITransport(app) for host, app in apps.items()}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        host = request.headers["Host"].partition(":")[0]
        if host not in self._transports:
            raise httpx.ConnectError(f"no fake for {host}", request=request)
        if "target" in request.extensions:
            request.url = request.url.copy_with(raw_path=request.extensions["target"])
        timeout_s = request.extensions.get("timeout", {}).get("read")
        try:
            return await asyncio.wait_for(self._transports[host].handle_async_request(request), timeout_s)
        except asyncio.TimeoutError:
            raise httpx.ReadTimeout("the fake is slow", request=request) from None
