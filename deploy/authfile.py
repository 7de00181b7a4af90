"""
The logins that a push may send:
`python -m deploy.authfile --env ENV --repository HOST/PATH [--credentials FILE] …`.

Prints an authfile, as `docker login` writes it, with the one login of that repository's registry: the entry of
`--registry-credentials`, or the Google access token where the registry takes it, or none. So a push sends a registry
what `deploy` would send it.
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

# Artifact Registry takes an access token as the password of this user.
_GOOGLE_USER: Final = "oauth2accesstoken"
_TOKEN: Final = re.compile(r"[!-~]+", re.ASCII)


def logins(environment: Config, google: Path | None, token: Path | None, registries: Path | None) -> dict[str, object]:
    """
    Return the authfile of an environment's repository.

    Args:
        environment: has the repository and the rules.
        google: Google credential file, from which a token is made where none is given.
        token: file with a Google access token.
        registries: logins of registries.

    Raises:
        NotAllowedError: a file that can't be read, or no token to be had.
        RefusedError: a token for a registry that does not take it.
    """
    host = environment.repository.partition("/")[0]
    login = credentials.read(registries).basic(host, api_path(environment.repository))
    is_google = takes_google_token(f"https://{host}", environment.google_registries)
    if not login and is_google and (token or google):
        word = _read(token) if token else _minted(google, environment.token_hosts)
        login = base64.b64encode(f"{_GOOGLE_USER}:{word}".encode()).decode()
    if not login and token:
        raise RefusedError(
            f"--registry-token: is a Google access token, and '{host}' does not take it.",
            f"pass --registry-credentials FILE with a login of '{login_name(host)}'",
        )
    return {"auths": {login_name(host): {"auth": login}} if login else {}}


def _read(path: Path) -> str:
    try:
        word = path.read_text().strip()
    except (OSError, UnicodeError):
        word = ""
    if not _TOKEN.fullmatch(word):
        raise NotAllowedError("--registry-token: is not an access token.", "pass one as env:NAME or file:PATH")
    return word


def _minted(path: Path | None, token_hosts: tuple[str, ...]) -> str:
    return login.load_login(path, token_hosts).authorization()["authorization"].removeprefix("Bearer ")


def main(arguments: list[str]) -> int:
    """Print an authfile on stdout, or what is wrong on stderr."""
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
