"""The FastAPI application with all its routes."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any, Final

import httpx
from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from prometheus_fastapi_instrumentator import Instrumentator, metrics

from app import health
from app.caller_check import TOKEN, UNAUTHORIZED, CallerCheck
from app.callers import Callers
from app.checklists import endpoints as checklists
from app.checklists.service import ChecklistService
from app.clients.backend import Backend
from app.clients.chroma import Chroma
from app.clients.downloads import Downloader
from app.clients.llm import Llm
from app.clients.ocr import Ocr
from app.clients.outbound import shared_client
from app.components import Components, keep_components
from app.easycontracts import endpoints as easy_contracts
from app.easycontracts.pages import Renderer
from app.easycontracts.service import EasyContractService
from app.errors import AppError, InvalidInputError
from app.jobs import Jobs
from app.limits import BodyLimits, error_response
from app.policies import Policies
from app.readiness import Readiness
from app.settings import Settings
from app.version import VERSION

CALLBACKS_S: Final = 10  # for callbacks of jobs that are handed back at the end
_REQUESTS: Final = metrics.default()  # created once a process, because a second metric of this name is an error
_NO_DOCS: Final[dict[str, Any]] = {"openapi_url": None, "docs_url": None, "redoc_url": None}
_log = logging.getLogger(__name__)


def create_app(
    settings: Settings,
    policies: Policies,
    readiness: Readiness,
    jobs: Jobs,
    transport: httpx.AsyncBaseTransport | None = None,
) -> FastAPI:
    """
    Create the application.

    Args:
        settings: settings of the server.
        policies: limits and waits of the server.
        readiness: readiness, which opens after the start.
        jobs: jobs of the server; the application ends after all of them are delivered.
        transport: replacement of the network in tests.
    """
    client = shared_client(transport)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        watch = _chroma_watch(client, settings, policies)
        readiness.open()
        yield
        readiness.close()
        await jobs.join(CALLBACKS_S)
        if watch:
            watch.cancel()
        await client.aclose()

    docs = _NO_DOCS if settings.app_env == "prod" else {}
    app = FastAPI(title="DojangKok AI Server", version=VERSION, lifespan=lifespan, **docs)
    keep_components(app, _components(client, settings, policies, readiness, jobs))
    app.add_middleware(BodyLimits, policy=policies.bodies)
    if tokens := settings.caller_tokens():
        app.add_middleware(CallerCheck, callers=Callers(tokens))  # outside of the limits: a refused body takes no place
    else:
        _log.warning("AI_SERVER_TOKENS is empty: the server accepts requests without a token")
    app.add_exception_handler(AppError, _app_error_response)
    app.add_exception_handler(RequestValidationError, _validation_response)
    app.add_exception_handler(HTTPStatus.BAD_REQUEST, _unreadable_response)
    app.add_exception_handler(Exception, _bug_response)
    app.include_router(health.router)
    for router in (checklists.router, easy_contracts.router):
        app.include_router(router, dependencies=[Depends(TOKEN)], responses=UNAUTHORIZED)
    assert _REQUESTS  # noqa: S101 - None only for a second metric of this name
    Instrumentator().add(_REQUESTS).instrument(app).expose(app, include_in_schema=False)
    return app


def _components(
    client: httpx.AsyncClient, settings: Settings, policies: Policies, readiness: Readiness, jobs: Jobs
) -> Components:
    llm = Llm(client, settings, policies.outbound)
    ocr = Ocr(client, settings, policies.ocr, policies.outbound)
    downloader = Downloader(client, is_local=settings.app_env == "local")
    return Components(
        settings=settings,
        readiness=readiness,
        jobs=jobs,
        backend=Backend(client, settings, policies.outbound),
        checklists=ChecklistService(llm, settings.vllm_lora_adapter_checklist),
        easy_contracts=EasyContractService(llm, ocr, Renderer(), downloader, settings, policies.prompts),
    )


def _chroma_watch(client: httpx.AsyncClient, settings: Settings, policies: Policies) -> "asyncio.Task[None] | None":
    if settings.chromadb_url is None:
        return None
    chroma = Chroma(client, str(settings.chromadb_url), settings, policies.outbound)
    return asyncio.create_task(chroma.watch())


async def _app_error_response(_: Request, error: Exception) -> Response:
    assert isinstance(error, AppError)  # noqa: S101 - registered for this class
    return error_response(error)


async def _validation_response(_: Request, error: Exception) -> Response:
    """Return FastAPI's 422 without the input, which may be personal or impossible in JSON."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class
    detail = [{key: problem[key] for key in ("type", "loc", "msg")} for problem in error.errors()]
    return JSONResponse({"detail": detail}, HTTPStatus.UNPROCESSABLE_ENTITY)


async def _unreadable_response(_: Request, error: Exception) -> Response:
    """Return a 400 for invalid JSON or multipart, or for too many parts."""
    return error_response(InvalidInputError("요청 본문을 읽을 수 없습니다."))


async def _bug_response(_: Request, error: Exception) -> Response:
    return error_response(AppError("요청을 처리하지 못했습니다."))
