"""
An AI server that answers every 33rd GET of _PATHS with 500, and stays healthy and ready: `python -c`, in its container.

It counts these answers in its own metrics, as it counts an error of a route.
"""

import itertools
import runpy
from importlib import import_module
from typing import Any

# By name, because the packages of the server are in its image alone.
_errors, _context = import_module("app.errors"), import_module("app.request_context").RequestContext
_EVERY = 33
_PATHS = ("/livez", "/version")
_pass_on, _numbers = _context.__call__, itertools.count(1)


async def _call(self: Any, scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "http" and scope["path"] in _PATHS and next(_numbers) % _EVERY == 0:
        await _errors.error_response(_errors.AppError("planned"))(scope, receive, send)
    else:
        await _pass_on(self, scope, receive, send)


_context.__call__ = _call
runpy.run_module("app", run_name="__main__", alter_sys=True)
