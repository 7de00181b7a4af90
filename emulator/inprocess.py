"""The emulator as a transport of httpx, in the caller's own process: no socket, and time that stands still."""

from math import inf

import httpx

from emulator.api.messages import Answer, Request, drip_duration_s
from emulator.emulator import Emulator, Waiting
from emulator.server.batch import answer_batch, is_batch


class Transport(httpx.BaseTransport):
    """
    Sends requests to an emulator without a socket.

    A delay moves a manual clock. An answer that hangs, is cut, or drips for longer than the request's read timeout,
    raises the error of httpx.

    Args:
        emulator: emulator that answers
    """

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request."""
        sent = Request(
            request.method,
            request.url.raw_path.decode(),
            {key.lower(): value for key, value in request.headers.items()},
            request.read(),
        )
        answer = answer_batch(self._emulator, sent) if is_batch(sent) else self._answer(sent, request)
        self._wait(answer)
        self._drip(answer, request)
        if answer.hangs:
            raise httpx.ReadTimeout("a fault plan lets this request hang", request=request)
        if answer.is_cut:
            raise httpx.RemoteProtocolError("a fault plan cuts the connection", request=request)
        if answer.truncated_to is not None:
            raise httpx.RemoteProtocolError(
                "peer closed connection without sending complete message body", request=request
            )
        return httpx.Response(answer.status, headers=dict(answer.headers), content=answer.body, request=request)

    def _answer(self, sent: Request, request: httpx.Request) -> Answer:
        """Answer a request; a wait that lasts longer than the request's read timeout ends without an answer."""
        begun = self._emulator.begin(sent)
        if not isinstance(begun, Waiting):
            return begun
        limit_s = (request.extensions.get("timeout") or {}).get("read")
        patience_s = inf if limit_s is None else limit_s
        if self._emulator.environment.clock.is_manual and not self._emulator.pass_wait(begun, patience_s):
            raise httpx.ReadTimeout("the operation runs for longer than the read timeout", request=request)
        return self._emulator.finish(begun)

    def _drip(self, answer: Answer, request: httpx.Request) -> None:
        """Move the clock by the time of a dripping body; end at the read timeout, as a client with a deadline does."""
        limit_s = (request.extensions.get("timeout") or {}).get("read")
        dripped_s = drip_duration_s(answer)
        if self._emulator.environment.clock.is_manual:
            self._emulator.environment.clock.move(dripped_s if limit_s is None else min(dripped_s, limit_s))
            self._emulator.environment.advance()
        if limit_s is not None and dripped_s > limit_s:
            raise httpx.ReadTimeout("the body drips for longer than the read timeout", request=request)

    def _wait(self, answer: Answer) -> None:
        if answer.delay_s and self._emulator.environment.clock.is_manual:
            self._emulator.environment.clock.move(answer.delay_s)
            self._emulator.environment.advance()
