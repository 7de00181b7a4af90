"""
Prints the logins that a push may send:
`python -m deploy.authfile --env ENV --repository HOST/PATH [--credentials FILE] …`.

The output is an authfile, as `docker login` writes it, with the login of the repository's registry: the entry of
`--registry-credentials`, or the Google access token if the registry may receive it, or none. So a push sends a registry
the login that `deploy` would send.
"""

import argparse
import base64
import json
import re
import sys
from pathlib import Path
from typing import Final

from deploy.compute_engine import login
from deploy.config import Config
from deploy.environment_file import read_config
from deploy.errors import DeployError, NotAllowedError, RefusedError
from deploy.registry import credentials
from deploy.registry.hosts import takes_google_token
from deploy.release.registry_names import api_path, login_name

# Artifact Registry accepts an access token as the password of this user.
_GOOGLE_USER: Final = "oauth2accesstoken"
_TOKEN: Final = re.compile(r"[!-~]+", re.ASCII)


def logins(environment: Config, google: Path | None, token: Path | None, registries: Path | None) -> dict[str, object]:
    """
    Return the authfile of an environment's repository.

    Args:
        environment: settings with the repository and the hosts that may receive the token.
        google: Google credential file for a new token, if `token` is None.
        token: file with a Google access token.
        registries: file with logins of registries.

    Raises:
        NotAllowedError: a file can't be read, or the token endpoint gives no token.
        RefusedError: the registry may not receive the token.
    """
    host = environment.repository.partition("/")[0]
    login = credentials.read(registries).basic(host, api_path(environment.repository))
    is_google = takes_google_token(f"https://{host}", environment.google_registries)
    if not login and is_google and (token or google):
        password = _read_token(token) if token else _request_token(google, environment.token_hosts)
        login = base64.b64encode(f"{_GOOGLE_USER}:{password}".encode()).decode()
    if not login and token:
        raise RefusedError(
            f"--registry-token: is a Google access token, which '{host}' does not accept.",
            f"pass --registry-credentials FILE with a login of '{login_name(host)}'",
        )
    return {"auths": {login_name(host): {"auth": login}} if login else {}}


def _read_token(path: Path) -> str:
    try:
        token = path.read_text().strip()
    except (OSError, UnicodeError):
        token = ""
    if not _TOKEN.fullmatch(token):
        raise NotAllowedError("--registry-token: is not an access token.", "pass one as env:NAME or file:PATH")
    return token


def _request_token(path: Path | None, token_hosts: tuple[str, ...]) -> str:
    return login.load_login(path, token_hosts).authorization()["authorization"].removeprefix("Bearer ")


def main(arguments: list[str]) -> int:
    """Print an authfile on stdout, or an error on stderr."""
    parser = argparse.ArgumentParser(prog="python -m deploy.authfile")
    parser.add_argument("--env", required=True)
    parser.add_argument("--repository", required=True)
    for name in ("--credentials", "--registry-token", "--registry-credentials"):
        parser.add_argument(name, type=Path)
    given = parser.parse_args(arguments)
    try:
        environment = read_config(given.env, {"repository": given.repository})
        print(json.dumps(logins(environment, given.credentials, given.registry_token, given.registry_credentials)))
    except DeployError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
