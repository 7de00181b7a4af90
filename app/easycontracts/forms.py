"""
Forms with file names as Spring encodes them.

Spring writes a name in UTF-8, as `filename*` (RFC 5987, up to Spring 6.0 without `filename`), or as encoded words
(RFC 2047). python-multipart reads only the first form.

Source: ContentDisposition.toString and FormHttpMessageConverter.setMultipartCharset of Spring Framework, read
2026-11-27.
"""

import re
from collections.abc import Callable, Coroutine
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from fastapi import HTTPException, Request, Response
from fastapi.routing import APIRoute
from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData
from starlette.formparsers import MultiPartException, MultiPartParser

_MOST_FIELDS: Final = 100  # of each kind; the names of a thousand files would delay other requests
_EXTENDED: Final = re.compile(rb";\s*filename\*\s*=\s*\"?(utf-8|iso-8859-1)'[^';\"]*'([^\s;\"]*)", re.IGNORECASE)


class FormRoute(APIRoute):
    """A route whose form has decoded file names."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return FastAPI's handler with a request of the class `FormRequest`."""
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            return await handler(FormRequest(request.scope, request.receive))

        return handle


class FormRequest(Request):
    """A request that decodes the file names of its form."""

    async def _get_form(self, **limits: Any) -> FormData:
        limits |= {"max_files": _MOST_FIELDS, "max_fields": _MOST_FIELDS}
        is_multipart = parse_options_header(self.headers.get("Content-Type"))[0] == b"multipart/form-data"
        if self._form is None and is_multipart:
            try:
                self._form = await _Parser(self.headers, self.stream(), **limits).parse()
            except MultiPartException as error:
                raise HTTPException(400, error.message) from None
        return await super()._get_form(**limits)


class _Parser(MultiPartParser):
    def on_headers_finished(self) -> None:
        """Read the headers of a part, and replace the name of its file by the decoded name."""
        part = self._current_part
        disposition = part.content_disposition or b""
        name = decoded_name(disposition)
        if name is not None:
            part.content_disposition = disposition + b'; filename=""'
        super().on_headers_finished()
        if name is not None and part.file is not None:
            part.file.filename = name


def decoded_name(disposition: bytes) -> str | None:
    """Return the file name that a Content-Disposition has in `filename*` or in encoded words; None without either."""
    if extended := _EXTENDED.search(disposition):
        return unquote_to_bytes(extended[2]).decode(extended[1].decode(), "replace")
    plain = parse_options_header(disposition)[1].get(b"filename", b"")
    if b"=?" not in plain:
        return None
    try:
        return str(make_header(decode_header(plain.decode("ascii"))))
    except (HeaderParseError, LookupError, ValueError):
        return None
