"""
A file of registry logins, as `docker login` and `skopeo login` write it: `{"auths": {"HOST[/PATH]": {"auth": …}}}`.

The longest entry that is a prefix of the image's path counts. No value of the file is printed.
Source: containers-auth.json(5).
"""

import base64
import binascii
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from deploy.errors import NotAllowedError
from deploy.release.registry_names import login_name

_LARGEST: Final = 2**20
_LOG_IN: Final = "write it with 'skopeo login --authfile FILE HOST' or 'docker login'"


@dataclass(frozen=True)
class RegistryCredentials:
    """
    Logins by registry.

    Args:
        path: path of the file; None if no file was given.
        entries: each entry of `auths` by host and path, without scheme.
    """

    path: Path | None = None
    entries: dict[str, dict[str, Any]] = field(default_factory=dict, repr=False)

    def basic(self, host: str, path: str) -> str:
        """
        Return the login for a repository, `USER:PASSWORD` in base64; empty if the file has no login for it.

        Args:
            host: host and port of the registry.
            path: path of the repository there.

        Raises:
            NotAllowedError: the entry is not a login by user and password.
        """
        name = f"{login_name(host)}/{path}"
        while name:
            if name in self.entries:
                return self._decoded(name, self.entries[name])
            name = name.rpartition("/")[0]
        return ""

    def _decoded(self, name: str, entry: dict[str, Any]) -> str:
        where = f"registry credentials: {self.path}: auths.{name}"
        if entry.get("identitytoken"):
            raise NotAllowedError(f"{where}: identitytoken: is not supported.", _LOG_IN)
        auth = entry.get("auth")
        if not auth:
            raise NotAllowedError(f"{where}: auth: missing.", _LOG_IN)
        try:
            user, colon, password = base64.b64decode(auth, validate=True).decode().partition(":")
        except (TypeError, ValueError, binascii.Error):
            user = colon = password = ""
        if not (user and colon and password) or not (user + password).isprintable():
            raise NotAllowedError(f"{where}: auth: is not USER:PASSWORD in base64.", _LOG_IN)
        return str(auth)


def read(path: Path | None) -> RegistryCredentials:
    """
    Read a file of logins.

    Raises:
        NotAllowedError: the file can't be read, or has another form.
    """
    if path is None:
        return RegistryCredentials()
    where = f"registry credentials: {path}"
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except OSError as error:
        raise NotAllowedError(f"{where}: {error.strerror}.", "pass --registry-credentials FILE") from error
    if len(content) > _LARGEST:
        raise NotAllowedError(f"{where}: is larger than 1 MiB.", _LOG_IN)
    try:
        data = json.loads(content)
    except (ValueError, RecursionError):
        raise NotAllowedError(f"{where}: is not JSON.", _LOG_IN) from None
    auths = data.get("auths") if isinstance(data, dict) else None
    if not isinstance(auths, dict) or not all(isinstance(entry, dict) for entry in auths.values()):
        raise NotAllowedError(f"{where}: auths: is not an object of objects.", _LOG_IN)
    return RegistryCredentials(path, {_name(key): entry for key, entry in auths.items()})


def _name(key: str) -> str:
    """Return the host and path of an entry; the URL that older clients wrote, `https://HOST/v1/`, is the host."""
    scheme, separator, rest = key.partition("://")
    host, _, path = (rest if separator else scheme).strip("/").partition("/")
    if path in ("v1", "v2") or (separator and not path):
        path = ""
    return login_name(host) + (f"/{path}" if path else "")
