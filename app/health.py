"""What a load balancer, a machine's own watch and an operator ask: alive, ready, which release."""

from fastapi import APIRouter, Response, status
from pydantic import BaseModel

from app.settings import Settings


class Readiness:
    """Whether the server wants requests: open between the end of its start and the first SIGTERM."""

    def __init__(self) -> None:
        self.is_open = False

    def open(self) -> None:
        """Ask for requests."""
        self.is_open = True

    def close(self) -> None:
        """Ask for no more requests; those that come are still answered."""
        self.is_open = False


class Health(BaseModel):
    """Answer of the health routes."""

    status: str


class Version(BaseModel):
    """Answer of `/version`: the program's version, and the image reference that it was started as."""

    version: str
    image: str


def health_routes(settings: Settings, readiness: Readiness, version: str) -> APIRouter:
    """The routes `/health`, `/livez`, `/readyz` and `/version`."""
    router = APIRouter(tags=["health"])

    @router.get("/health")
    @router.get("/livez")
    async def alive() -> Health:
        """Answer as long as the process serves; asks no other service."""
        return Health(status="ok")

    @router.get("/readyz", responses={503: {"model": Health}})
    async def ready(response: Response) -> Health:
        """Answer 503 before the start is complete and from SIGTERM on."""
        if readiness.is_open:
            return Health(status="ok")
        response.status_code = status.HTTP_503_SERVICE_UNAVAILABLE
        return Health(status="not ready")

    @router.get("/version")
    async def release() -> Version:
        """Say what is running."""
        return Version(version=version, image=settings.ai_server_image)

    return router
