"""Routes of `/api/checklists`."""

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request

from app.api_description import api_responses, success
from app.checklists.callback import callback
from app.checklists.schemas import CaseId, Checklist, ChecklistAccepted, ChecklistRequest
from app.components import Components, Server
from app.disconnects import while_connected
from app.job_log import logged
from app.jobs import CHECKLIST

router = APIRouter(prefix="/api/checklists", tags=["checklists"])


@router.post("/sync", responses=api_responses(success("The checklist.")))
async def checklist(request: ChecklistRequest, caller: Request, server: Server) -> Checklist:
    """Create a checklist while the caller waits."""
    work = server.jobs.wait_for(CHECKLIST, _work(server, "sync", request))
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
        _work(server, case_id, request),
        partial(server.backend.checklist_complete, case_id),
    )
    return ChecklistAccepted(id=case_id, message="체크리스트 생성을 시작했습니다.")


def _work(server: Components, case_id: str, request: ChecklistRequest) -> Callable[[], Coroutine[Any, Any, list[str]]]:
    keywords = request.keywords or []
    return partial(logged, CHECKLIST, case_id, len(keywords), partial(server.checklists.checklist, keywords))
