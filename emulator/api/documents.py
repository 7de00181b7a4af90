"""Patches (JSON merge patch) and fingerprints of documents."""

import base64
from hashlib import blake2b

from emulator.api.errors import stale_fingerprint
from emulator.environment.view import Document

_STANDARD = str.maketrans("-_", "+/")


def merged(document: Document, patch: Document) -> Document:
    """Return a patched document: objects merge, lists replace, null clears (RFC 7396)."""
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
    Check the fingerprint that a client read before its write; a request without fingerprint passes.

    Raises:
        ApiError: 412, if the fingerprints differ. Both alphabets of base64 are equal: gcloud 528 reads `+/` and sends
            `-_`.
    """
    if stated is not None and stated.translate(_STANDARD) != current:
        raise stale_fingerprint()


def with_fingerprint(document: Document) -> Document:
    """Return a document with the fingerprint of its next write: base64 of eight bytes, as Google's."""
    writes = int(document.get("_writes", 0)) + 1
    digest = blake2b(f"{document['id']}/{writes}".encode(), digest_size=8).digest()
    return {**document, "fingerprint": base64.b64encode(digest).decode(), "_writes": writes}
