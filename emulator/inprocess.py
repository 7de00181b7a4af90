"""The emulator as a transport of httpx, in the caller's own process: no socket, and time that stands still."""

import httpx

from emulator.api.messages import Answer, Request, drip_duration_s
from emulator.emulator import Api
from emulator.server.batch import answer_batch, is_batch


class Transport(httpx.BaseTransport):
    """
    Sends requests straight to an emulator.

    A delay moves a manual clock by as much; a request that would never be answered, or whose connection is cut, raises
    what httpx would raise. So does a body that drips for longer than the request's read timeout.

    Args:
        api: The emulator.
    """

    def __init__(self, api: Api) -> None:
        self._api = api

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        sent = Request(
            request.method,
            request.url.raw_path.decode(),
            {key.lower(): value for key, value in request.headers.items()},
            request.read(),
        )
        answer = answer_batch(self._api, sent) if is_batch(sent) else self._api.handle(sent)
        self._wait(answer)
        self._drip(answer, request)
        if answer.hangs:
            raise httpx.ReadTimeout("the emulator was told to hang", request=request)
        if answer.is_cut:
            raise httpx.RemoteProtocolError("the emulator was told to cut the connection", request=request)
        if answer.truncated_to is not None:
            raise httpx.RemoteProtocolError(
                "peer closed connection without sending complete message body", request=request
            )
        return httpx.Response(answer.status, headers=dict(answer.headers), content=answer.body, request=request)

    def _drip(self, answer: Answer, request: httpx.Request) -> None:
        """Let the body take its time; httpx itself would wait for each byte anew, a client with a deadline does not."""
        limit_s = (request.extensions.get("timeout") or {}).get("read")
        dripped_s = drip_duration_s(answer)
        if self._api.world.clock.is_manual:
            self._api.world.clock.move(dripped_s if limit_s is None else min(dripped_s, limit_s))
            self._api.world.advance()
        if limit_s is not None and dripped_s > limit_s:
            raise httpx.ReadTimeout("the body drips for longer than the read timeout", request=request)

    def _wait(self, answer: Answer) -> None:
        if answer.delay_s and self._api.world.clock.is_manual:
            self._api.world.clock.move(answer.delay_s)
            self._api.world.advance()
