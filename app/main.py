"""The application: every route of the server is joined to it here."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from prometheus_fastapi_instrumentator import Instrumentator

from app.health import Readiness, health_routes
from app.settings import Settings

VERSION = "0.1.0"


def create_app(settings: Settings, readiness: Readiness) -> FastAPI:
    """Join the routes; `readiness` opens when the application has started."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        readiness.open()
        yield
        readiness.close()

    app = FastAPI(title="DojangKok AI Server", version=VERSION, lifespan=lifespan)
    app.include_router(health_routes(settings, readiness, VERSION))
    Instrumentator().instrument(app).expose(app, tags=["health"])
    return app
