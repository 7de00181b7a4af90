"""Routes for load balancers, health checks and operators: alive, ready, version."""

from fastapi import APIRouter, Response, status
from pydantic import BaseModel

from app.settings import Settings


class Readiness:
    """The readiness of the server: open from the end of its start to the first SIGTERM."""

    def __init__(self) -> None:
        self.is_open = False

    def open(self) -> None:
        """Become ready for requests."""
        self.is_open = True

    def close(self) -> None:
        """Become not ready; the server still answers requests."""
        self.is_open = False


class Health(BaseModel):
    """Body of the health routes."""

    status: str


class Version(BaseModel):
    """Body of `/version`: version of the program and its image reference."""

    version: str
    image: str


def health_routes(settings: Settings, readiness: Readiness, version: str) -> APIRouter:
    """Return the routes `/health`, `/livez`, `/readyz` and `/version`."""
    router = APIRouter(tags=["health"])

    @router.get("/health")
    @router.get("/livez")
    async def alive() -> Health:
        """Answer while the process serves, without a call of another service."""
        return Health(status="ok")

    @router.get("/readyz", responses={503: {"model": Health}})
    async def ready(response: Response) -> Health:
        """Answer 503 before the end of the start and after SIGTERM."""
        if readiness.is_open:
            return Health(status="ok")
        response.status_code = status.HTTP_503_SERVICE_UNAVAILABLE
        return Health(status="not ready")

    @router.get("/version")
    async def release() -> Version:
        """Return version and image."""
        return Version(version=version, image=settings.ai_server_image)

    return router
