"""skopeo, with the login that deploy allows, and with an exit code for each kind of failure."""

import hashlib
import json
import os
import subprocess
from pathlib import Path

_SECRETS = Path("/run/secrets")
_LOGINS = ("registry-token", "credentials", "registry-credentials")
_AUTHFILE = ["/opt/venv/bin/python", "-m", "deploy.authfile"]
_DEPLOY_PARENT = Path("/src")
# skopeo has a single exit code for every failure; these are the error codes of the registry protocol in its text.
_NOT_ALLOWED = ("unauthorized", "authentication required", "denied", "invalid username/password")


class PushError(Exception):
    """skopeo failed; the text is its stderr."""

    @property
    def exit_code(self) -> int:
        """4 where the registry does not accept the credentials, else 6."""
        return 4 if any(words in str(self).lower() for words in _NOT_ALLOWED) else 6


class LoginError(PushError):
    """
    deploy refused to make a login; the text is its stderr.

    Args:
        text: stderr of deploy
        code: exit code of deploy
    """

    def __init__(self, text: str, code: int) -> None:
        super().__init__(text)
        self._code = code

    @property
    def exit_code(self) -> int:
        """Exit code of deploy."""
        return self._code


def skopeo(verb: str, *args: str) -> bytes:
    """
    Run skopeo.

    Returns:
        The stdout of skopeo.

    Raises:
        PushError: skopeo failed
    """
    completed = subprocess.run(["skopeo", verb, *args], capture_output=True, check=False)
    if completed.returncode != 0:
        raise PushError(completed.stderr.decode(errors="replace").strip())
    return completed.stdout


def secrets() -> list[str]:
    """Return the options of deploy.authfile for the secrets that are mounted."""
    return [part for name in _LOGINS if (_SECRETS / name).exists() for part in (f"--{name}", str(_SECRETS / name))]


def authfile(name: str) -> str:
    """
    Return the authfile of the registry, which may be without a login; empty where no secret is mounted.

    Raises:
        LoginError: the registry may not be sent the secrets, or no login can be made of them
    """
    options = secrets()
    if not options:
        return ""
    command = [*_AUTHFILE, "--env", os.environ["ENVIRONMENT"], "--repository", name, *options]
    completed = subprocess.run(command, cwd=_DEPLOY_PARENT, capture_output=True, text=True, check=False)
    if completed.returncode != 0:
        raise LoginError(completed.stderr.strip(), completed.returncode)
    return completed.stdout


def login_fix(host: str, logins: str) -> str:
    """Return the login that a registry wants which refused a push."""
    if not (logins and json.loads(logins)["auths"]):
        return f"{host} was sent no login. Fix: pass --registry-credentials file:PATH with a login of {host}"
    return f"{host} does not accept the login that it was sent. Fix: pass a login of {host} that may push there"


def served_digest(target: str, options: list[str]) -> str:
    """
    Return the digest of the bytes of the manifest that a registry serves: a header proves nothing.

    Raises:
        PushError: the registry serves none
    """
    return f"sha256:{hashlib.sha256(skopeo('inspect', '--raw', *options, f'docker://{target}')).hexdigest()}"


def refuse_other_content(target: str, digest: str, options: list[str]) -> None:
    """
    Compare what a registry serves with the pushed digest.

    Raises:
        PushError: the registry serves other bytes, or none
    """
    served = served_digest(target, options)
    if served != digest:
        raise PushError(f"{target}: the registry serves {served}, but {digest} was built and pushed")
