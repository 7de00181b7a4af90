"""Routes for load balancers, health checks and operators: alive, ready, version."""

from fastapi import APIRouter, Response, status
from pydantic import BaseModel

from app.components import Server
from app.version import VERSION


class Health(BaseModel):
    """Body of the health routes."""

    status: str


class Version(BaseModel):
    """Body of `/version`: version of the program and its image reference."""

    version: str
    image: str


router = APIRouter(tags=["health"])


@router.get("/health")
@router.get("/livez")
async def alive() -> Health:
    """Answer while the process serves, without a call of another service."""
    return Health(status="ok")


@router.get("/readyz", responses={503: {"model": Health}})
async def ready(response: Response, server: Server) -> Health:
    """Answer 503 before the end of the start and after SIGTERM."""
    if server.readiness.is_open:
        return Health(status="ok")
    response.status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    return Health(status="not ready")


@router.get("/version")
async def release(server: Server) -> Version:
    """Return version and image."""
    return Version(version=VERSION, image=server.settings.ai_server_image)
