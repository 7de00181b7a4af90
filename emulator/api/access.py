"""Who may call the API: tokens, and permissions that the control routes deny."""

from typing import Any

from emulator.api.errors import forbidden
from emulator.api.permissions import permission
from emulator.api.tokens import Tokens
from emulator.environment.environment import Environment


class Access:
    """
    The tokens and permissions of all clients.

    Args:
        environment: environment whose store keeps the denied permissions and whose clock limits the life of tokens
        is_open: whether requests are served without tokens
    """

    def __init__(self, environment: Environment, *, is_open: bool) -> None:
        self._store = environment.store
        self.is_open = is_open
        self.tokens = Tokens(clock=environment.clock.token_time_s)
        self.reload()

    def reload(self) -> None:
        """Read the denied permissions from the store."""
        self.denied: set[str] = set(self._store.setting("denied", []))

    def deny(self, permissions: list[str]) -> None:
        """Deny exactly these permissions to all clients."""
        self.denied = set(permissions)
        self._store.put_setting("denied", sorted(permissions))

    def check_permission(self, method: str, resource: str) -> None:
        """
        Check that the permission of a method is granted.

        Raises:
            ApiError: 403, if it is denied
        """
        if permission(method) in self.denied:
            raise forbidden(permission(method), resource)

    def granted(self, body: Any) -> dict[str, Any]:
        """Answer which of the permissions in a body are granted, as Cloud Resource Manager v1 does."""
        listed = body.get("permissions", []) if isinstance(body, dict) else []
        granted = [name for name in listed if isinstance(name, str) and name not in self.denied]
        return {"permissions": granted} if granted else {}
