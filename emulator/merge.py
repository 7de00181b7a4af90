"""JSON merge patch, and fingerprints."""

import base64
from hashlib import blake2b

from emulator.store import Document


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


def fingerprint(document: Document) -> Document:
    """Return a document with a new fingerprint, which changes on every write: base64 of eight bytes, as Google's."""
    writes = int(document.get("_writes", 0)) + 1
    digest = blake2b(f"{document['id']}/{writes}".encode(), digest_size=8).digest()
    return {**document, "fingerprint": base64.b64encode(digest).decode(), "_writes": writes}
