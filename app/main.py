"""The application: every route of the server is joined to it here."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any, Final

import httpx
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from prometheus_fastapi_instrumentator import Instrumentator, metrics

from app.checklists.endpoints import checklist_routes
from app.checklists.service import ChecklistService
from app.clients.backend import Backend
from app.clients.chroma import Chroma
from app.clients.downloads import Downloader
from app.clients.llm import Llm
from app.clients.ocr import Ocr
from app.clients.outbound import shared_client
from app.easycontracts.endpoints import easy_contract_routes
from app.easycontracts.pages import Renderer
from app.easycontracts.service import EasyContractService
from app.errors import AppError, InvalidInputError
from app.health import Readiness, health_routes
from app.jobs import Jobs
from app.limits import BodyLimits, error_response
from app.settings import Settings

VERSION: Final = "0.1.0"
CALLBACKS_S: Final = 10  # for what is handed back at the end
_REQUESTS: Final = metrics.default()  # once in a process, however many applications there are
_NO_DOCS: Final[dict[str, Any]] = {"openapi_url": None, "docs_url": None, "redoc_url": None}


def create_app(
    settings: Settings, readiness: Readiness, jobs: Jobs, transport: httpx.AsyncBaseTransport | None = None
) -> FastAPI:
    """
    Join the routes.

    Args:
        settings: The server's environment.
        readiness: Opens when the application has started.
        jobs: Where its work is kept; the application ends when all of it is delivered.
        transport: What stands in for the network, in tests.
    """
    client = shared_client(transport)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        watch = _watch_of_chroma(client, settings)
        readiness.open()
        yield
        readiness.close()
        await jobs.join(CALLBACKS_S)
        if watch:
            watch.cancel()
        await client.aclose()

    docs = _NO_DOCS if settings.app_env == "prod" else {}
    app = FastAPI(title="DojangKok AI Server", version=VERSION, lifespan=lifespan, **docs)
    app.add_middleware(BodyLimits)
    app.add_exception_handler(AppError, _answer_to_error)
    app.add_exception_handler(RequestValidationError, _answer_to_malformed)
    app.add_exception_handler(HTTPStatus.BAD_REQUEST, _answer_to_unreadable)
    app.add_exception_handler(Exception, _answer_to_bug)
    llm = Llm(client, settings)
    checklists = ChecklistService(llm, settings.vllm_lora_adapter_checklist)
    contracts = EasyContractService(llm, Ocr(client, settings), Renderer(), settings)
    app.include_router(health_routes(settings, readiness, VERSION))
    app.include_router(checklist_routes(checklists, jobs, Backend(client, settings)))
    downloader = Downloader(client, is_local=settings.app_env == "local")
    app.include_router(easy_contract_routes(contracts, jobs, downloader))
    assert _REQUESTS  # noqa: S101 - none only for a second one of the same names
    Instrumentator().add(_REQUESTS).instrument(app).expose(app, include_in_schema=False)
    return app


def _watch_of_chroma(client: httpx.AsyncClient, settings: Settings) -> "asyncio.Task[None] | None":
    if settings.chromadb_url is None:
        return None
    return asyncio.create_task(Chroma(client, str(settings.chromadb_url), settings).watch())


async def _answer_to_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, AppError)  # noqa: S101 - what it is registered for
    return error_response(error)


async def _answer_to_malformed(_: Request, error: Exception) -> Response:
    """FastAPI's own 422, without a copy of what came: that may be personal, or nothing that JSON can say."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - what it is registered for
    detail = [{key: problem[key] for key in ("type", "loc", "msg")} for problem in error.errors()]
    return JSONResponse({"detail": detail}, HTTPStatus.UNPROCESSABLE_ENTITY)


async def _answer_to_unreadable(_: Request, error: Exception) -> Response:
    """FastAPI's own 400: no JSON that anybody reads, no multipart, or too many parts."""
    return error_response(InvalidInputError("요청 본문을 읽을 수 없습니다."))


async def _answer_to_bug(_: Request, error: Exception) -> Response:
    return error_response(AppError("요청을 처리하지 못했습니다."))
