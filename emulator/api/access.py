"""Who may call the API: tokens, and permissions that the control routes deny or grant under a condition."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from emulator.api.errors import disabled_api, forbidden
from emulator.api.permissions import permission
from emulator.api.service_methods import SERVICE_METHODS
from emulator.api.tokens import Tokens
from emulator.environment.environment import Environment

_COMPUTE: Final = "compute.googleapis.com"


class Access:
    """
    The tokens and permissions of all clients.

    Args:
        environment: environment whose store keeps the permissions and whose clock limits the life of tokens
        is_open: whether requests are served without tokens
    """

    def __init__(self, environment: Environment, *, is_open: bool) -> None:
        self._store = environment.store
        self.is_open = is_open
        self.tokens = Tokens(clock=environment.clock.token_time_s)
        self.reload()

    def reload(self) -> None:
        """Read the denied and the conditional permissions from the store."""
        self.denied: set[str] = set(self._store.setting("denied", []))
        self.conditional: dict[str, list[str]] = dict(self._store.setting("conditional", {}))
        self.disabled_apis: list[str] = list(self._store.setting("disabled_apis", []))

    def deny(
        self, permissions: Sequence[str], conditional: Mapping[str, Sequence[str]], disabled_apis: Sequence[str]
    ) -> None:
        """
        Deny exactly these permissions to all clients.

        Args:
            permissions: permissions that the project does not grant
            conditional: permissions that are granted all the same on resources whose names end in the key, as by an
                IAM condition
            disabled_apis: APIs that the project has not enabled
        """
        self.denied = set(permissions)
        self.conditional = {suffix: sorted(granted) for suffix, granted in conditional.items()}
        self._store.put_setting("denied", sorted(permissions))
        self._store.put_setting("conditional", self.conditional)
        self.disabled_apis = sorted(disabled_apis)
        self._store.put_setting("disabled_apis", self.disabled_apis)

    def check_api(self, method: str, project: str) -> None:
        """
        Check that the project has enabled the API of a method.

        Raises:
            ApiError: 403, if the API is disabled
        """
        api = SERVICE_METHODS[method].service if method in SERVICE_METHODS else _COMPUTE
        if api in self.disabled_apis:
            raise disabled_api(api, project)

    def is_granted(self, name: str, resource: str) -> bool:
        """Return whether a permission is granted on a resource, `projects/…`."""
        return name not in self.denied or any(
            resource.endswith(suffix) and name in granted for suffix, granted in self.conditional.items()
        )

    def check_permission(self, method: str, resource: str) -> None:
        """
        Check that the permission of a method is granted.

        Raises:
            ApiError: 403, if it is denied
        """
        if not self.is_granted(permission(method), resource):
            raise forbidden((permission(method), resource))

    def granted(self, body: Any) -> dict[str, Any]:
        """
        Answer which of the permissions in a body are granted on the project, as Cloud Resource Manager v1 does.

        A permission that only a condition on names of resources grants is not among them.
        """
        listed = body.get("permissions", []) if isinstance(body, dict) else []
        granted = [name for name in listed if isinstance(name, str) and name not in self.denied]
        return {"permissions": granted} if granted else {}
