"""
An AI server that answers every 33rd GET of _PATHS with 500, and stays healthy and ready: `python -c`, in its container.

It counts these answers in its own metrics, as it counts an error of a route.
"""

import itertools
import runpy

from starlette.types import Receive, Scope, Send

from app.errors import AppError, error_response
from app.request_context import RequestContext

_EVERY = 33
_PATHS = ("/livez", "/version")
_pass_on, _numbers = RequestContext.__call__, itertools.count(1)


async def _call(self: RequestContext, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http" and scope["path"] in _PATHS and next(_numbers) % _EVERY == 0:
        await error_response(AppError("planned"))(scope, receive, send)
    else:
        await _pass_on(self, scope, receive, send)


RequestContext.__call__ = _call  # type: ignore[method-assign]
runpy.run_module("app", run_name="__main__", alter_sys=True)
