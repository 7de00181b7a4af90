"""The description of the callback, which the backend serves; app/clients/backend.py sends it."""

from typing import Annotated

from fastapi import APIRouter, Header

from app.checklists.schemas import Checklist, FailedCallback

callback = APIRouter(tags=["checklists"])


@callback.post(
    "{BACKEND_CALLBACK_BASE_URL}/internal/callbacks/checklists/{$request.path.id}/complete",
    responses={
        200: {"description": "The backend has the callback. Any 2xx is the same."},
        429: {"description": "The callback is repeated, after `Retry-After` if the answer has it."},
        "4XX": {"description": "The callback is not repeated."},
        "5XX": {"description": "The callback is repeated."},
    },
)
async def checklist_complete(
    body: Checklist | FailedCallback,
    idempotency_key: Annotated[str, Header(description="The same in all attempts of a callback.")],
    authorization: Annotated[
        str | None, Header(description="`Bearer` and BACKEND_INTERNAL_TOKEN, if it is set.")
    ] = None,
) -> None:
    """Receive the checklist, or the reason why there is none: one callback for each request with status 200."""
