"""The FastAPI application with all its routes."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import httpx
from fastapi import Depends, FastAPI
from prometheus_fastapi_instrumentator import Instrumentator, metrics

from app import health
from app.api_description import DESCRIPTION, TAGS, TITLE
from app.body_limits import BodyLimits
from app.caller_check import TOKEN, CallerCheck
from app.callers import Callers
from app.checklists import endpoints as checklists
from app.checklists.service import ChecklistService
from app.clients.backend import Backend
from app.clients.chroma import Chroma
from app.clients.downloads import Downloader
from app.clients.llm import Llm
from app.clients.ocr import Ocr
from app.clients.outbound import download_client
from app.clients.transport import ServiceClient
from app.components import Components, keep_components
from app.easycontracts import endpoints as easy_contracts
from app.easycontracts.pages import Renderer
from app.easycontracts.service import EasyContractService
from app.error_handlers import add_error_handlers
from app.jobs import Jobs
from app.lag import LagLimit, LoopLag
from app.policies import Policies
from app.readiness import LastAnswers, Readiness
from app.request_context import RequestContext
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
    services: ServiceClient | None = None,
    downloads: httpx.AsyncClient | None = None,
) -> FastAPI:
    """
    Create the application.

    Args:
        settings: settings of the server.
        policies: limits and waits of the server.
        readiness: readiness, which opens after the start.
        jobs: jobs of the server; the application ends after all of them are delivered.
        services: client of other services; tests replace its network.
        downloads: client of downloads; tests replace its network.
    """
    client, downloader = services or ServiceClient(), downloads or download_client()
    lag = LoopLag(policies.lag)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        watch = _chroma_watch(client, settings, policies)
        lag.start()
        readiness.open()
        yield
        readiness.close()
        await jobs.join(CALLBACKS_S)
        if watch:
            watch.cancel()
        lag.stop()
        await client.aclose()
        await downloader.aclose()

    docs = _NO_DOCS if settings.app_env == "prod" else {}
    app = FastAPI(
        title=TITLE,
        description=DESCRIPTION,
        version=VERSION,
        openapi_tags=TAGS,
        lifespan=lifespan,
        redirect_slashes=False,  # behind a load balancer with https a redirect would name http
        **docs,
    )
    keep_components(app, _components(client, downloader, settings, policies, readiness, jobs))
    app.add_middleware(BodyLimits, policy=policies.bodies)  # each of the next ones is outside of those before
    app.add_middleware(LagLimit, lag=lag)
    if tokens := settings.caller_tokens():
        app.add_middleware(CallerCheck, callers=Callers(tokens))
    else:
        _log.warning("AI_SERVER_TOKENS is empty: the server accepts requests without a token")
    app.add_middleware(RequestContext)
    app.add_middleware(LastAnswers, readiness=readiness)
    add_error_handlers(app)
    app.include_router(health.router)
    for router in (checklists.router, easy_contracts.router):
        app.include_router(router, dependencies=[Depends(TOKEN)])
    assert _REQUESTS  # noqa: S101 - None only for a second metric of this name
    Instrumentator().add(_REQUESTS).instrument(app).expose(app, include_in_schema=False)
    return app


def _components(
    client: ServiceClient,
    downloads: httpx.AsyncClient,
    settings: Settings,
    policies: Policies,
    readiness: Readiness,
    jobs: Jobs,
) -> Components:
    llm = Llm(client, settings, policies.outbound)
    ocr = Ocr(client, settings, policies.ocr, policies.outbound)
    downloader = Downloader(downloads, policies.downloads, is_local=settings.app_env == "local")
    return Components(
        settings=settings,
        readiness=readiness,
        jobs=jobs,
        backend=Backend(client, settings, policies.outbound),
        checklists=ChecklistService(llm, settings.vllm_lora_adapter_checklist),
        easy_contracts=EasyContractService(
            llm, ocr, Renderer(policies.rendering), downloader, settings, policies.prompts
        ),
    )


def _chroma_watch(client: ServiceClient, settings: Settings, policies: Policies) -> "asyncio.Task[None] | None":
    if settings.chromadb_url is None:
        return None
    chroma = Chroma(client, str(settings.chromadb_url), settings, policies.outbound)
    return asyncio.create_task(chroma.watch())
