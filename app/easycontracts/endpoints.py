"""`/api/easycontract`."""

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
_GONE: Final = 499  # as nginx says it, for the metric of requests
_log = logging.getLogger(__name__)


def easy_contract_routes(service: EasyContractService, jobs: Jobs, downloader: Downloader) -> APIRouter:
    """The routes `/api/easycontract/sync` and `/api/easycontract/{id}`; the caller of both waits, for minutes."""
    router = APIRouter(prefix="/api/easycontract", tags=["easy contracts"])

    @router.post("/sync", response_class=Response, responses=_ANSWERS)
    async def easy_contract_of_uploads(
        files: list[UploadFile], doc_types: Annotated[list[str], Form(max_length=100)], caller: Request
    ) -> Response:
        """Explain a lease whose files are uploaded: one to five, with as many `doc_types` in the same order."""
        if len(files) != len(doc_types):
            raise InvalidInputError("files와 doc_types의 개수가 다릅니다.", code="DOC_TYPES_MISMATCH")
        _check_files(doc_types)
        documents = [
            Document(_sayable(file.filename or "") or f"file_{number}", await file.read(), doc_type)
            for number, (file, doc_type) in enumerate(zip(files, doc_types, strict=True), 1)
        ]
        return await _unless_gone(caller, _explained(documents))

    @router.post("/{id}", response_class=Response, responses=_ANSWERS)
    async def easy_contract(
        contract_id: Annotated[int, Path(alias="id")], request: EasyContractRequest, caller: Request
    ) -> Response:
        """Explain a lease whose files are fetched from their URLs."""
        _check_files([file.doc_type for file in request.files])
        if not all(file.url.strip() for file in request.files):
            raise InvalidInputError("url이 비어 있는 파일이 있습니다.")
        _log.info("easy contract asked for", extra={"case_id": contract_id, "count": len(request.files)})
        return await _unless_gone(caller, _explained(request.files))

    async def _explained(files: Sequence[Document | ContractFile]) -> Response:
        explanation = await jobs.wait_for(EASY_CONTRACT, partial(_explain, files))
        return Response(explanation, media_type=_MARKDOWN)

    async def _explain(files: Sequence[Document | ContractFile]) -> str:
        documents = [
            file if isinstance(file, Document) else await _fetched(file, number) for number, file in enumerate(files, 1)
        ]
        for document in documents:
            if not document.content:
                raise InvalidInputError(f"비어 있는 파일입니다: {document.name}")
        return await service.explain(documents)

    async def _fetched(file: ContractFile, number: int) -> Document:
        name = file_name(file.url, file.filename, number)
        suffix(name)
        return Document(name, await downloader.fetch(file.url), file.doc_type)

    return router


async def _unless_gone(caller: Request, work: Coroutine[Any, Any, Response]) -> Response:
    """Do what the caller waits for, and give it up when the caller closes the connection, which ends no request."""
    working, leaving = asyncio.ensure_future(work), asyncio.create_task(_gone(caller))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else Response(status_code=_GONE)
    finally:
        working.cancel()
        leaving.cancel()


async def _gone(caller: Request) -> None:
    while (await caller.receive())["type"] != "http.disconnect":
        pass


def _sayable(name: str) -> str:
    """A name without half characters, which some of the charsets that a form may name can say."""
    return name.encode(errors="replace").decode()


def _check_files(doc_types: Sequence[str]) -> None:
    if not 1 <= len(doc_types) <= MOST_FILES:
        raise InvalidInputError(f"파일은 1개 이상 {MOST_FILES}개 이하여야 합니다.")
    if not all(doc_type.strip() for doc_type in doc_types):
        raise InvalidInputError("doc_type이 비어 있는 파일이 있습니다.")
