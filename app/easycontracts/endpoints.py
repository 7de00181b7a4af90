"""Routes of `/api/easycontract`."""

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from functools import partial
from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Path, Request, Response, UploadFile

from app.clients.downloads import Downloader, file_name
from app.easycontracts.pages import suffix
from app.easycontracts.schemas import MOST_FILES, ContractFile, EasyContractRequest
from app.easycontracts.service import Document, EasyContractService
from app.errors import ErrorAnswer, InvalidInputError
from app.jobs import EASY_CONTRACT, Jobs

_MARKDOWN: Final = "text/markdown; charset=utf-8"
_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"text/markdown": {"schema": {"type": "string"}}}},
    **{status: {"model": ErrorAnswer} for status in (400, 413, 502, 503)},
}
_CLIENT_CLOSED: Final = 499  # as in nginx, for the metric of requests
_log = logging.getLogger(__name__)


def easy_contract_routes(service: EasyContractService, jobs: Jobs, downloader: Downloader) -> APIRouter:
    """Return the routes `/api/easycontract/sync` and `/api/easycontract/{id}`, whose callers wait for minutes."""
    router = APIRouter(prefix="/api/easycontract", tags=["easy contracts"])

    @router.post("/sync", response_class=Response, responses=_ANSWERS)
    async def easy_contract_of_uploads(
        files: list[UploadFile], doc_types: Annotated[list[str], Form(max_length=100)], caller: Request
    ) -> Response:
        """Explain a lease of one to five uploaded files, with as many `doc_types` in the same order."""
        if len(files) != len(doc_types):
            raise InvalidInputError("files와 doc_types의 개수가 다릅니다.", code="DOC_TYPES_MISMATCH")
        _check_files(doc_types)
        documents = [
            Document(_encodable(file.filename or "") or f"file_{number}", await file.read(), doc_type)
            for number, (file, doc_type) in enumerate(zip(files, doc_types, strict=True), 1)
        ]
        return await _while_connected(caller, _explain_response(documents))

    @router.post("/{id}", response_class=Response, responses=_ANSWERS)
    async def easy_contract(
        contract_id: Annotated[int, Path(alias="id")], request: EasyContractRequest, caller: Request
    ) -> Response:
        """Explain a lease whose files the server downloads from their URLs."""
        _check_files([file.doc_type for file in request.files])
        if not all(file.url.strip() for file in request.files):
            raise InvalidInputError("url이 비어 있는 파일이 있습니다.")
        _log.info("easy contract requested", extra={"case_id": contract_id, "count": len(request.files)})
        return await _while_connected(caller, _explain_response(request.files))

    async def _explain_response(files: Sequence[Document | ContractFile]) -> Response:
        explanation = await jobs.wait_for(EASY_CONTRACT, partial(_explain, files))
        return Response(explanation, media_type=_MARKDOWN)

    async def _explain(files: Sequence[Document | ContractFile]) -> str:
        documents = [
            file if isinstance(file, Document) else await _download(file, number)
            for number, file in enumerate(files, 1)
        ]
        for document in documents:
            if not document.content:
                raise InvalidInputError(f"비어 있는 파일입니다: {document.name}")
        return await service.explain(documents)

    async def _download(file: ContractFile, number: int) -> Document:
        name = file_name(file.url, file.filename, number)
        suffix(name)
        return Document(name, await downloader.fetch(file.url), file.doc_type)

    return router


async def _while_connected(caller: Request, work: Coroutine[Any, Any, Response]) -> Response:
    """Run the work, and cancel it if the caller closes the connection, because this does not end the request."""
    running, disconnect = asyncio.ensure_future(work), asyncio.create_task(_disconnected(caller))
    try:
        await asyncio.wait({running, disconnect}, return_when=asyncio.FIRST_COMPLETED)
        return running.result() if running.done() else Response(status_code=_CLIENT_CLOSED)
    finally:
        running.cancel()
        disconnect.cancel()


async def _disconnected(caller: Request) -> None:
    while (await caller.receive())["type"] != "http.disconnect":
        pass


def _encodable(name: str) -> str:
    """Return a name without lone surrogates, which some charsets of a form allow."""
    return name.encode(errors="replace").decode()


def _check_files(doc_types: Sequence[str]) -> None:
    if not 1 <= len(doc_types) <= MOST_FILES:
        raise InvalidInputError(f"파일은 1개 이상 {MOST_FILES}개 이하여야 합니다.")
    if not all(doc_type.strip() for doc_type in doc_types):
        raise InvalidInputError("doc_type이 비어 있는 파일이 있습니다.")
