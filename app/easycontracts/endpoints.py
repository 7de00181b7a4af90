"""Routes of `/api/easycontract`."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, Form, Path, Request, Response, UploadFile

from app.api_description import api_responses, success
from app.clients.downloads import file_name
from app.components import Components, Server
from app.disconnects import while_connected
from app.easycontracts.formats import suffix
from app.easycontracts.forms import FormRoute
from app.easycontracts.schemas import MOST_FILES, ContractFile, DocType, EasyContractRequest
from app.easycontracts.service import Document, RemoteFile
from app.errors import InvalidInputError
from app.job_log import logged
from app.jobs import EASY_CONTRACT

_MARKDOWN: Final = "text/markdown; charset=utf-8"
_EXPLANATION: Final = success(
    "The explanation.", {"text/markdown": {"schema": {"type": "string"}, "example": "## 요약\n\n보증금은 …"}}
)
_ANSWERS: Final = api_responses(_EXPLANATION, reads_files=True)

router = APIRouter(prefix="/api/easycontract", tags=["easy contracts"], route_class=FormRoute)


@router.post("/sync", response_class=Response, responses=_ANSWERS)
async def easy_contract_of_uploads(
    files: list[UploadFile], doc_types: Annotated[list[DocType], Form(max_length=100)], caller: Request, server: Server
) -> Response:
    """Explain a lease of one to five uploaded files, with as many `doc_types` in the same order."""
    _check_number(files)
    if len(files) != len(doc_types):
        raise InvalidInputError("files와 doc_types의 개수가 다릅니다.", code="DOC_TYPES_MISMATCH")
    names = [_encodable(file.filename or "") for file in files]
    for name in names:
        suffix(name)
    documents = [
        Document(name, await asyncio.to_thread(file.file.read), doc_type)
        for name, file, doc_type in zip(names, files, doc_types, strict=True)
    ]
    for document in documents:
        if not document.content:
            raise InvalidInputError(f"비어 있는 파일입니다: {document.name}")
    return await while_connected(caller, _explain(server, "sync", documents))


@router.post("/{id}", response_class=Response, responses=_ANSWERS)
async def easy_contract(
    contract_id: Annotated[int, Path(alias="id")], request: EasyContractRequest, caller: Request, server: Server
) -> Response:
    """Explain a lease whose files the server downloads from their URLs."""
    _check_number(request.files)
    files = [_checked(file, number) for number, file in enumerate(request.files, 1)]
    return await while_connected(caller, _explain(server, contract_id, files))


async def _explain(server: Components, case_id: str | int, files: Sequence[Document | RemoteFile]) -> Response:
    work = partial(server.easy_contracts.explain, files)
    explanation = await server.jobs.wait_for(EASY_CONTRACT, partial(logged, EASY_CONTRACT, case_id, len(files), work))
    return Response(explanation, media_type=_MARKDOWN)


def _encodable(name: str) -> str:
    """Return a name without lone surrogates, which some charsets of a form allow."""
    return name.encode(errors="replace").decode()


def _check_number(files: Sequence[UploadFile | ContractFile]) -> None:
    if not 1 <= len(files) <= MOST_FILES:
        raise InvalidInputError(f"파일은 1개 이상 {MOST_FILES}개 이하여야 합니다.")


def _checked(file: ContractFile, number: int) -> RemoteFile:
    """Return a file with its name, which has a supported extension."""
    if not file.url.strip():
        raise InvalidInputError("url이 비어 있는 파일이 있습니다.")
    if not file.doc_type.strip():
        raise InvalidInputError("doc_type이 비어 있는 파일이 있습니다.")
    name = file_name(file.url, file.filename, number)
    suffix(name)
    return RemoteFile(name, file.url, file.doc_type)
