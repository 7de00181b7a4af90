"""skopeo, with the login that deploy lets it send, and with its failures told apart."""

import hashlib
import json
import os
import subprocess
from pathlib import Path

_SECRETS = Path("/run/secrets")
_LOGINS = ("registry-token", "credentials", "registry-credentials")
_AUTHFILE = ["/opt/venv/bin/python", "-m", "deploy.authfile"]
_DEPLOY_PARENT = Path("/src")
# skopeo has one exit code for everything; these are the words of the registry protocol's own error codes.
_NOT_ALLOWED = ("unauthorized", "authentication required", "denied", "invalid username/password")


class PushError(Exception):
    """skopeo failed; the text is its own."""

    @property
    def exit_code(self) -> int:
        """4 where the registry does not accept the credentials, else 6."""
        return 4 if any(words in str(self).lower() for words in _NOT_ALLOWED) else 6


class LoginError(PushError):
    """
    No login could be made; the text is deploy's own.

    Args:
        text: What deploy printed.
        code: That deploy ended with.
    """

    def __init__(self, text: str, code: int) -> None:
        super().__init__(text)
        self._code = code

    @property
    def exit_code(self) -> int:
        """Deploy's own code."""
        return self._code


def skopeo(verb: str, *args: str) -> bytes:
    """
    Run skopeo.

    Returns:
        Its stdout.

    Raises:
        PushError: It failed.
    """
    ended = subprocess.run(["skopeo", verb, *args], capture_output=True, check=False)
    if ended.returncode != 0:
        raise PushError(ended.stderr.decode(errors="replace").strip())
    return ended.stdout


def secrets() -> list[str]:
    """Return the options of deploy.authfile for the logins that were given."""
    return [part for name in _LOGINS if (_SECRETS / name).exists() for part in (f"--{name}", str(_SECRETS / name))]


def authfile(name: str) -> str:
    """
    Return the authfile of the registry, which may be without a login; empty where nothing was given to log in with.

    Raises:
        LoginError: The registry may not be sent what was given, or it gives no login.
    """
    given = secrets()
    if not given:
        return ""
    command = [*_AUTHFILE, "--env", os.environ["ENVIRONMENT"], "--repository", name, *given]
    ended = subprocess.run(command, cwd=_DEPLOY_PARENT, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        raise LoginError(ended.stderr.strip(), ended.returncode)
    return ended.stdout


def wanted_login(host: str, logins: str) -> str:
    """Return what mends the push to a registry that refused it: which login it wants."""
    if not (logins and json.loads(logins)["auths"]):
        return f"{host} was sent no login. Fix: pass --registry-credentials file:PATH with a login of {host}"
    return f"{host} does not accept the login that it was sent. Fix: pass a login of {host} that may push there"


def refuse_other_content(target: str, digest: str, options: list[str]) -> None:
    """
    Compare what a registry serves with what was pushed, by the bytes of the manifest: a header proves nothing.

    Raises:
        PushError: The registry serves other bytes, or none.
    """
    served = f"sha256:{hashlib.sha256(skopeo('inspect', '--raw', *options, f'docker://{target}')).hexdigest()}"
    if served != digest:
        raise PushError(f"{target}: the registry serves {served}, but {digest} was built and pushed")
