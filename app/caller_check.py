"""The check of a caller's token, before the body of a request is read."""

from typing import Final

from fastapi.security import HTTPBearer
from starlette.types import ASGIApp, Receive, Scope, Send

from app.callers import Callers
from app.errors import UnauthorizedError, error_response

# Health checks, the collector of metrics and the smoke send no token. Their answers have no personal data, and the
# ingress forwards /api alone. The description is public, and a server in production does not serve it.
_PROBES: Final = ("/health", "/livez", "/readyz", "/version", "/metrics")
_DESCRIPTION: Final = ("/openapi.json", "/docs", "/docs/oauth2-redirect", "/redoc")
OPEN_PATHS: Final = frozenset((*_PROBES, *_DESCRIPTION))
_CHALLENGE: Final = "Bearer"
# A dependency of the routes, for their description alone: FastAPI reads a body before it calls a dependency.
TOKEN: Final = HTTPBearer(
    scheme_name="callerToken",
    description="One of the tokens in AI_SERVER_TOKENS. A server without tokens accepts every request.",
    auto_error=False,
)


class CallerCheck:
    """
    ASGI middleware: 401 for a request without a valid token, on all paths but `OPEN_PATHS`.

    Args:
        app: the application behind the check.
        callers: callers that may use it.
    """

    def __init__(self, app: ASGIApp, callers: Callers) -> None:
        self._app = app
        self._callers = callers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request to the application, or refuse it without a read of its body."""
        if scope["type"] != "http" or scope["path"] in OPEN_PATHS or self._callers.accept(_credentials(scope)):
            await self._app(scope, receive, send)
            return
        refusal = error_response(UnauthorizedError("유효한 인증 토큰이 필요합니다."))
        refusal.headers["WWW-Authenticate"] = _CHALLENGE
        await refusal(scope, receive, send)


def _credentials(scope: Scope) -> list[bytes]:
    return [value for name, value in scope["headers"] if name == b"authorization"]
