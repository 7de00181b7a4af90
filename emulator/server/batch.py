"""`/batch/compute/v1`: several requests in one multipart body. Source: what gcloud 528 sends for two deletions."""

import re
from email.parser import BytesParser
from email.policy import HTTP

from emulator.api.answers import dated
from emulator.api.messages import Answer, Request
from emulator.emulator import Emulator

_BOUNDARY = "batch_emulator"
_SERVER = re.compile("^https?://[^/?]*")
_MOST = 1_000  # parts; Compute Engine's limit


def is_batch(request: Request) -> bool:
    """Return whether a request is a batch."""
    return request.verb == "POST" and request.path.rstrip("/") == "/batch/compute/v1"


def answer_batch(emulator: Emulator, request: Request) -> Answer:
    """Answer every part of a batch, in order; refuse a body that is no batch with 400."""
    return dated(_answered(emulator, request), emulator.environment.clock.date_s())


def _answered(emulator: Emulator, request: Request) -> Answer:
    head = f"Content-Type: {request.headers.get('content-type', '')}\r\n\r\n".encode()
    message = BytesParser(policy=HTTP).parsebytes(head + request.body)
    if not message.is_multipart() or not 0 < len(message.get_payload()) <= _MOST:
        text = b'{"error": {"code": 400, "message": "Failed to parse batch request.", "status": "INVALID_ARGUMENT"}}'
        return Answer(400, text, {"content-type": "application/json"})
    parts = []
    for index, part in enumerate(message.get_payload()):
        payload = part.get_payload(decode=True) or b""
        inner = _request(bytes(payload), request)
        answer = emulator.handle(inner) if inner else Answer(400, b"")
        identity = (part.get("Content-ID") or f"<{index}>").lstrip("<").rstrip(">")
        parts.append(_part(identity, answer))
    body = b"".join(parts) + f"--{_BOUNDARY}--\r\n".encode()
    return Answer(200, body, {"content-type": f"multipart/mixed; boundary={_BOUNDARY}"})


def _request(text: bytes, outer: Request) -> Request | None:
    head, _, body = text.replace(b"\r\n", b"\n").partition(b"\n\n")
    first, *lines = head.decode("latin-1").split("\n")
    words = first.split()
    if len(words) < 2:
        return None
    headers = {key.strip().lower(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    inherited = {key: outer.headers[key] for key in ("authorization", "user-agent") if key in outer.headers}
    return Request(words[0], _SERVER.sub("", words[1]), inherited | headers, body.strip())


def _part(identity: str, answer: Answer) -> bytes:
    status = "OK" if answer.status == 200 else "Error"
    head = (
        f"--{_BOUNDARY}\r\nContent-Type: application/http\r\nContent-ID: <response-{identity}>\r\n\r\n"
        f"HTTP/1.1 {answer.status} {status}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(answer.body)}\r\n\r\n"
    )
    return head.encode() + answer.body + b"\r\n"
