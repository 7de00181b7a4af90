"""Routes of `/api/checklists`."""

import logging
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path

from app.checklists.schemas import CaseId, Checklist, ChecklistAccepted, ChecklistRequest
from app.components import Server
from app.errors import ErrorAnswer
from app.jobs import CHECKLIST

_log = logging.getLogger(__name__)


router = APIRouter(prefix="/api/checklists", tags=["checklists"])


@router.post("/sync", responses={502: {"model": ErrorAnswer}, 503: {"model": ErrorAnswer}})
async def checklist(request: ChecklistRequest, server: Server) -> Checklist:
    """Create a checklist while the caller waits."""
    checks = await server.jobs.wait_for(CHECKLIST, partial(server.checklists.checklist, request.keywords))
    return Checklist(checklists=checks)


@router.post("/{id}", responses={503: {"model": ErrorAnswer}})
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
