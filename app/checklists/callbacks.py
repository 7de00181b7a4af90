"""The callback of a checklist, for the description of the API; app/clients/backend.py sends it."""

from typing import Annotated, Final

from fastapi import APIRouter, Header, Response
from pydantic import BaseModel, Field

_URL: Final = "{BACKEND_CALLBACK_BASE_URL}/internal/callbacks/checklists/{$request.path.id}/complete"


class ChecklistDone(BaseModel):
    """The checklist that was made."""

    checklists: Annotated[list[str], Field(examples=[["보증금이 주변 시세와 비교해 적정한지 확인하기"]])]


class JobError(BaseModel):
    """Why there is no checklist."""

    code: Annotated[str, Field(examples=["failed"])]
    message: Annotated[str, Field(examples=["서버가 종료되는 중입니다. 잠시 후 다시 시도해 주세요."])]
    retry_after_sec: Annotated[int | None, Field(description="If the same request may succeed later.")] = None


class ChecklistFailed(BaseModel):
    """The failure of a checklist."""

    error: JobError


callbacks: Final = APIRouter()


@callbacks.post(
    _URL,
    response_class=Response,
    responses={
        "200": {"description": "The callback is received; so is any other status of 2xx."},
        "4XX": {"description": "The callback is not repeated, unless the status is 429."},
        "5XX": {"description": "The callback is repeated, with the same key."},
    },
)
async def checklist_complete(
    body: ChecklistDone | ChecklistFailed,
    idempotency_key: Annotated[str, Header(description="Equal in all attempts of a callback.")],
) -> None:
    """
    Deliver a checklist, or its failure: once for each request that was accepted.

    The request has `Authorization: Bearer BACKEND_INTERNAL_TOKEN`, if the server has this token.
    """
