"""Routes of `/api/checklists`."""

import logging
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path, Request

from app.api_description import api_responses, success
from app.checklists.callback import callback
from app.checklists.schemas import CaseId, Checklist, ChecklistAccepted, ChecklistRequest
from app.components import Server
from app.disconnects import while_connected
from app.jobs import CHECKLIST

_log = logging.getLogger(__name__)


router = APIRouter(prefix="/api/checklists", tags=["checklists"])


@router.post("/sync", responses=api_responses(success("The checklist.")))
async def checklist(request: ChecklistRequest, caller: Request, server: Server) -> Checklist:
    """Create a checklist while the caller waits."""
    work = server.jobs.wait_for(CHECKLIST, partial(server.checklists.checklist, request.keywords))
    return Checklist(checklists=await while_connected(caller, work))


@router.post(
    "/{id}",
    responses=api_responses(success("The checklist follows in a callback."), calls_services=False),
    callbacks=callback.routes,
)
async def checklist_later(
    case_id: Annotated[CaseId, Path(alias="id")], request: ChecklistRequest, server: Server
) -> ChecklistAccepted:
    """Create a checklist and send it to the backend: exactly one callback for each request with status 200."""
    server.jobs.accept(
        CHECKLIST,
        partial(server.checklists.checklist, request.keywords),
        partial(server.backend.checklist_complete, case_id),
    )
    _log.info("checklist accepted", extra={"case_id": case_id, "count": len(request.keywords or ())})
    return ChecklistAccepted(id=case_id, message="체크리스트 생성을 시작했습니다.")
