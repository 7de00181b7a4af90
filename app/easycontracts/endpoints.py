"""Routes of `/api/easycontract`."""

import asyncio
import logging
from collections.abc import Sequence
from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, Form, Path, Request, Response, UploadFile

from app.api_description import api_responses, success
from app.components import Components, Server
from app.disconnects import while_connected
from app.easycontracts.schemas import MOST_FILES, ContractFile, EasyContractRequest
from app.easycontracts.service import Document
from app.errors import InvalidInputError
from app.jobs import EASY_CONTRACT

_MARKDOWN: Final = "text/markdown; charset=utf-8"
_EXPLANATION: Final = success(
    "The explanation.", {"text/markdown": {"schema": {"type": "string"}, "example": "## 요약\n\n보증금은 …"}}
)
_ANSWERS: Final = api_responses(_EXPLANATION, reads_files=True)
_log = logging.getLogger(__name__)


router = APIRouter(prefix="/api/easycontract", tags=["easy contracts"])


@router.post("/sync", response_class=Response, responses=_ANSWERS)
async def easy_contract_of_uploads(
    files: list[UploadFile], doc_types: Annotated[list[str], Form(max_length=100)], caller: Request, server: Server
) -> Response:
    """Explain a lease of one to five uploaded files, with as many `doc_types` in the same order."""
    if len(files) != len(doc_types):
        raise InvalidInputError("files와 doc_types의 개수가 다릅니다.", code="DOC_TYPES_MISMATCH")
    _check_files(doc_types)
    documents = [
        Document(_encodable(file.filename or "") or f"file_{number}", await asyncio.to_thread(file.file.read), doc_type)
        for number, (file, doc_type) in enumerate(zip(files, doc_types, strict=True), 1)
    ]
    return await while_connected(caller, _explain(server, documents))


@router.post("/{id}", response_class=Response, responses=_ANSWERS)
async def easy_contract(
    contract_id: Annotated[int, Path(alias="id")], request: EasyContractRequest, caller: Request, server: Server
) -> Response:
    """Explain a lease whose files the server downloads from their URLs."""
    _check_files([file.doc_type for file in request.files])
    if not all(file.url.strip() for file in request.files):
        raise InvalidInputError("url이 비어 있는 파일이 있습니다.")
    _log.info("easy contract requested", extra={"case_id": contract_id, "count": len(request.files)})
    return await while_connected(caller, _explain(server, request.files))


async def _explain(server: Components, files: Sequence[Document | ContractFile]) -> Response:
    explanation = await server.jobs.wait_for(EASY_CONTRACT, partial(server.easy_contracts.explain, files))
    return Response(explanation, media_type=_MARKDOWN)


def _encodable(name: str) -> str:
    """Return a name without lone surrogates, which some charsets of a form allow."""
    return name.encode(errors="replace").decode()


def _check_files(doc_types: Sequence[str]) -> None:
    if not 1 <= len(doc_types) <= MOST_FILES:
        raise InvalidInputError(f"파일은 1개 이상 {MOST_FILES}개 이하여야 합니다.")
    if not all(doc_type.strip() for doc_type in doc_types):
        raise InvalidInputError("doc_type이 비어 있는 파일이 있습니다.")
