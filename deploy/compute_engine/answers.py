"""What an answer of Compute Engine holds: a document, or an error that time, a permission or nothing mends."""

from typing import Final

import httpx

from deploy.documents import validation
from deploy.documents.group_state import Document
from deploy.documents.validation import Check
from deploy.errors import CloudError, NotAllowedError
from deploy.retry import TRANSIENT_STATUSES, TransientError, transient_error
from lib.redaction import redacted

_READ: Final = 4_096  # characters of a text that is no JSON; secrets are hidden before it is shortened
QUOTA_EXCEEDED: Final = "quotaExceeded"  # the reason of a 403 that no permission mends
_RATE_REASONS: Final = frozenset(
    {"rateLimitExceeded", "userRateLimitExceeded", "CONCURRENT_OPERATIONS_QUOTA_EXCEEDED", "resourceNotReady"}
)


def decode_document(answer: httpx.Response, where: str) -> Document:
    """
    Return the object of an answer.

    Raises:
        TransientError: The answer has none.
    """
    try:
        document = answer.json()
    except ValueError as error:
        raise TransientError(
            f"{where}: the answer is no JSON, but '{redacted(answer.text[:_READ])[:60]}'", answer.status_code
        ) from error
    if not isinstance(document, dict):
        raise TransientError(f"{where}: the answer is no object", answer.status_code)
    return document


def check_document(document: Document, check: Check, where: str) -> Document:
    """
    Return a document that is what was asked for.

    Raises:
        TransientError: It is not.
    """
    try:
        check(document)
    except ValueError as error:
        raise TransientError(f"{where}: the answer is not what was asked for: {validation.reason(error)}") from error
    return document


def answer_error(answer: httpx.Response, where: str) -> CloudError | NotAllowedError:
    """Return what an answer means: transient by status or by Google's reason, forbidden, or final."""
    try:
        found = answer.json()["error"]
        message, details = str(found.get("message", "")), found.get("details") or []
        reasons = {str(one.get("reason")) for one in [*(found.get("errors") or []), *details] if one.get("reason")}
    except (ValueError, KeyError, TypeError, AttributeError):
        message, reasons = redacted(answer.text[:_READ])[:200], set()
    text = f"{where}: {answer.status_code} {redacted(message)}"
    if answer.status_code in TRANSIENT_STATUSES or reasons & _RATE_REASONS:
        return transient_error(text, answer, next(iter(sorted(reasons)), ""))
    if answer.status_code in (401, 403) and QUOTA_EXCEEDED not in reasons:
        return NotAllowedError(text, "give the deployer's account that permission, or other credentials")
    return CloudError(text, answer.status_code, next(iter(sorted(reasons)), ""))
