"""JSON merge patch, and fingerprints."""

import base64
from hashlib import blake2b

from emulator.api.errors import stale_fingerprint
from emulator.environment.store import Document

_STANDARD = str.maketrans("-_", "+/")


def merged(document: Document, patch: Document) -> Document:
    """Return a document with a patch laid over it: objects merge, lists replace, null clears (RFC 7396)."""
    result = dict(document)
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict):
            result[key] = merged(result[key] if isinstance(result.get(key), dict) else {}, value)
        else:
            result[key] = value
    return result


def check_fingerprint(stated: str | None, current: str | None) -> None:
    """
    Check the fingerprint that a client read before it wrote; none is always right.

    Raises:
        ApiError: 412. Both alphabets of base64 are one: gcloud 528 reads `+/` and sends `-_`.
    """
    if stated is not None and stated.translate(_STANDARD) != current:
        raise stale_fingerprint()


def fingerprint(document: Document) -> Document:
    """Return a document with a new fingerprint, which changes on every write: base64 of eight bytes, as Google's."""
    writes = int(document.get("_writes", 0)) + 1
    digest = blake2b(f"{document['id']}/{writes}".encode(), digest_size=8).digest()
    return {**document, "fingerprint": base64.b64encode(digest).decode(), "_writes": writes}
