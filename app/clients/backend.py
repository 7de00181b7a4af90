"""Callbacks to the backend."""

import json
import logging
import uuid
from dataclasses import replace
from typing import Any, Final
from urllib.parse import quote

from app.clients.outbound import Destination, Outbound, OutboundPolicy
from app.clients.transport import ServiceClient
from app.errors import AppError
from app.jobs import Done, Failed
from app.metrics import CALLBACKS
from app.settings import Settings

_LONGEST_S: Final = 30
_AT_ONCE: Final = 128
_ATTEMPTS: Final = 3
_BACKOFF_FACTOR: Final = 6  # waits up to 3 s and 6 s: a restart takes seconds, and the last seconds of a server are ten
_log = logging.getLogger(__name__)


class Backend:
    """
    Sends the outcomes of jobs to the backend.

    A callback without an answer within 30 s, or with a temporary error, is repeated; it has at most three attempts. All
    attempts have the same `Idempotency-Key`, by which the backend distinguishes them from a second callback.
    """

    def __init__(self, client: ServiceClient, settings: Settings, policy: OutboundPolicy) -> None:
        answer_s = min(_LONGEST_S, settings.http_timeout_sec)
        destination = Destination(
            "backend", answer_s=answer_s, attempts=_ATTEMPTS, at_once=_AT_ONCE, has_circuit=False, repeats_slow=True
        )
        patient = replace(policy, backoff_s=_BACKOFF_FACTOR * policy.backoff_s)
        self._outbound = Outbound(client, destination, patient)
        self._url = f"{str(settings.backend_callback_base_url).rstrip('/')}/internal/callbacks/checklists"
        token = settings.backend_internal_token.get_secret_value()
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    async def checklist_complete(self, case_id: str, outcome: Done[list[str]] | Failed) -> None:
        """Deliver the outcome of a checklist; a failed delivery is logged and counted, and raises nothing."""
        headers = {**self._headers, "Idempotency-Key": uuid.uuid4().hex, "Content-Type": "application/json"}
        body = json.dumps(callback_body(outcome), ensure_ascii=False).encode()
        url = f"{self._url}/{quote(case_id, safe='')}/complete"
        is_received, reason = False, "the server ends"
        _log.info("callback started", extra={"case_id": case_id})
        try:
            answer = await self._outbound.send("POST", url, headers=headers, body=body)
            is_received, reason = answer.is_success, f"status {answer.status}"
        except AppError as error:
            reason = error.message
        finally:
            CALLBACKS.labels("delivered" if is_received else "failed").inc()
            if is_received:
                _log.info("callback received", extra={"case_id": case_id})
            else:
                _log.error("callback not received: %s", reason, extra={"case_id": case_id})


def callback_body(outcome: Done[list[str]] | Failed) -> dict[str, Any]:
    """Return the body of a callback, with `retry_after_sec` if the same request may succeed later."""
    if isinstance(outcome, Done):
        return {"checklists": outcome.result}
    error: dict[str, Any] = {"code": "failed", "message": outcome.error.message}
    if outcome.error.retry_after_s is not None:
        error["retry_after_sec"] = outcome.error.retry_after_s
    return {"error": error}
