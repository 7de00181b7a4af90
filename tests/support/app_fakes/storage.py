"""
An object store that serves presigned URLs, and some servers that a URL should not lead to.

    GET /NAME?X-Amz-Signature=…    a file; PUT /fake/files/NAME puts it there
    GET /slow                      a slow answer without an end
    GET /endless                   an answer without an end
    GET /redirect?to=URL           302
    GET /status/CODE               an empty answer with this status
"""

import asyncio
from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.support.app_fakes.plan import Plan, planned
from tests.support.app_fakes.serving import arguments, serve

_SLOW_S = 0.2
_CHUNK = b"\0" * 2**16


class Storage:
    """
    The fake.

    Attributes:
        files: content type and bytes, by name.
        encodings: value of Content-Encoding, by name.
    """

    def __init__(self) -> None:
        self.plan = Plan()
        self.files: dict[str, tuple[str, bytes]] = {}
        self.encodings: dict[str, str] = {}
        routes = [
            Route("/fake/files/{name:path}", self._put, methods=["PUT"]),
            Route("/slow", self._slow),
            Route("/endless", self._endless),
            Route("/redirect", self._redirect),
            Route("/status/{code:int}", self._status),
            Route("/{name:path}", self._get),
        ]
        self.app = planned(self.plan, routes)

    async def _put(self, request: Request) -> Response:
        content_type = request.headers.get("Content-Type", "application/octet-stream")
        self.files[request.path_params["name"]] = (content_type, await request.body())
        return Response(status_code=204)

    async def _get(self, request: Request) -> Response:
        if not request.query_params.get("X-Amz-Signature"):
            return _refusal(403, "AccessDenied")
        if request.path_params["name"] not in self.files:
            return _refusal(404, "NoSuchKey")
        content_type, content = self.files[request.path_params["name"]]
        encoding = self.encodings.get(request.path_params["name"])
        return Response(content, headers={"Content-Encoding": encoding} if encoding else {}, media_type=content_type)

    async def _slow(self, _: Request) -> Response:
        return StreamingResponse(_repeated(b"\0", _SLOW_S), media_type="application/pdf")

    async def _endless(self, _: Request) -> Response:
        return StreamingResponse(_repeated(_CHUNK, 0), media_type="application/pdf")

    async def _redirect(self, request: Request) -> Response:
        return RedirectResponse(request.query_params["to"], 302)

    async def _status(self, request: Request) -> Response:
        return Response(status_code=request.path_params["code"])


async def _repeated(chunk: bytes, every_s: float) -> AsyncIterator[bytes]:
    while True:
        yield chunk
        await asyncio.sleep(every_s)


def _refusal(status: int, code: str) -> Response:
    return Response(f"<Error><Code>{code}</Code></Error>", status, media_type="application/xml")


def main() -> None:
    """Serve the fake."""
    serve(Storage().app, arguments("An object store.", port=8004).parse_args().port)


if __name__ == "__main__":
    main()
