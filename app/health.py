"""Routes for load balancers, health checks and operators: alive, ready, version."""

from typing import Final, Literal

from fastapi import APIRouter, Response, status
from pydantic import BaseModel

from app.api_description import success
from app.components import Server
from app.version import VERSION


class Health(BaseModel):
    """Body of the health routes."""

    status: Literal["ok", "not ready"]


class Version(BaseModel):
    """Body of `/version`: version of the program and its image reference."""

    version: str
    image: str


_ALIVE: Final = success("The process serves.")
router = APIRouter(tags=["health"])


@router.get("/health", responses={200: _ALIVE})
@router.get("/livez", responses={200: _ALIVE})
async def alive() -> Health:
    """Answer while the process serves, without a call of another service."""
    return Health(status="ok")


@router.get(
    "/readyz",
    responses={200: success("The server accepts requests."), 503: {"model": Health, **success("It accepts none.")}},
)
async def ready(response: Response, server: Server) -> Health:
    """Answer 503 before the end of the start and after SIGTERM."""
    if server.readiness.is_open:
        return Health(status="ok")
    response.status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    return Health(status="not ready")


@router.get("/version", responses={200: success("The version and the image.")})
async def release(server: Server) -> Version:
    """Return version and image."""
    return Version(version=VERSION, image=server.settings.ai_server_image)
