"""Turns an answer of Compute Engine into a document, or into an error: transient, not allowed, or final."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

import httpx

from deploy.compute_engine.permissions import grant_fix
from deploy.documents import validation
from deploy.documents.resource import Document, name_of
from deploy.documents.validation import Check
from deploy.errors import CloudError, NotAllowedError
from deploy.retry import TRANSIENT_STATUSES, TransientError, transient_error
from lib.redaction import redacted

_LONGEST_TEXT: Final = 4_096  # characters of a text that is not JSON; redaction comes before any further cut
QUOTA_EXCEEDED: Final = "quotaExceeded"  # reason of a 403 that no permission fixes
_REQUIRED: Final = re.compile(r"Required '([\w.]+)' permission for '([^']*)'")
_RATE_REASONS: Final = frozenset(
    {"rateLimitExceeded", "userRateLimitExceeded", "CONCURRENT_OPERATIONS_QUOTA_EXCEEDED", "resourceNotReady"}
)


def decode_document(answer: httpx.Response, where: str) -> Document:
    """
    Return the JSON object of an answer.

    Raises:
        TransientError: the answer is no JSON object.
    """
    try:
        document = answer.json()
    except ValueError as error:
        raise TransientError(
            f"{where}: the answer is not JSON but '{redacted(answer.text[:_LONGEST_TEXT])[:60]}'", answer.status_code
        ) from error
    if not isinstance(document, dict):
        raise TransientError(f"{where}: the answer is not a JSON object", answer.status_code)
    return document


def check_document(document: Document, check: Check, where: str) -> Document:
    """
    Return a document that passes a check.

    Raises:
        TransientError: the document fails the check.
    """
    try:
        check(document)
    except ValueError as error:
        raise TransientError(f"{where}: unexpected answer: {validation.reason(error)}") from error
    return document


def answer_error(answer: httpx.Response, where: str) -> CloudError | NotAllowedError:
    """Return the error of an answer: transient by its status or its reason, not allowed, or final."""
    try:
        error = answer.json()["error"]
        rows, details = error.get("errors") or [], error.get("details") or []
        # A dry run has an entry for each missing permission, and the first of them is the message.
        messages = dict.fromkeys(str(row.get("message", "")) for row in (error, *rows))
        message = "; ".join(text for text in (*_required(messages), *_disabled_apis(details)) if text)
        reasons = {str(row["reason"]) for row in [*rows, *details] if row.get("reason")}
    except (ValueError, KeyError, TypeError, AttributeError):
        message, reasons = redacted(answer.text[:_LONGEST_TEXT])[:200], set()
    text, reason = f"{where}: {answer.status_code} {redacted(message)}", min(reasons, default="")
    if answer.status_code in TRANSIENT_STATUSES or reasons & _RATE_REASONS:
        return transient_error(text, answer, reason)
    if answer.status_code in (401, 403) and QUOTA_EXCEEDED not in reasons:
        return NotAllowedError(text, grant_fix(text))
    return CloudError(text, answer.status_code, reason)


def _required(messages: Iterable[str]) -> Iterator[str]:
    """Yield messages; of several missing permissions one text, which fits into a line of a report."""
    missing = {match[1]: match[2] for text in messages if (match := _REQUIRED.fullmatch(text))}
    if len(missing) > 1:
        example = name_of(next(iter(missing.values())))
        yield f"Required permissions {', '.join(sorted(missing))}, such as for '{example}'"
    yield from (text for text in messages if len(missing) < 2 or not _REQUIRED.fullmatch(text))


def _disabled_apis(details: list[Document]) -> Iterator[str]:
    """Yield gcloud's sentence about each API that the project has not enabled; the message need not name the API."""
    for row in details:
        metadata = row.get("metadata") or {}
        if row.get("reason") == "SERVICE_DISABLED" and "service" in metadata:
            project = str(metadata.get("consumer", "")).removeprefix("projects/")
            yield f"API [{metadata['service']}] not enabled on project [{project}]"
