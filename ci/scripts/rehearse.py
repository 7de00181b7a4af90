"""
Run a command against the emulator: `python rehearse.py EMULATOR_URL [IMAGE=HEALTH_URL] -- COMMAND [ARG …]`.

As a job on GitHub does it, the command gets a credential file for a keyless login, in memory; the emulator plays
GitHub's token endpoint, Google's exchange and the impersonation. While the command runs, machines whose template refers
to IMAGE are as healthy as what answers at HEALTH_URL; afterwards the last answer stays.

Exit code: the command's.
"""

import contextlib
import json
import os
import subprocess
import sys
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

_CREDENTIALS = Path("/scratch/credentials.json")
_AUDIENCE = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/github/providers/github"
_ACCOUNT = "projects/-/serviceAccounts/deployer@dojangkok-dev.iam.gserviceaccount.com"
_TIMEOUT_S = 10


def ask(verb: str, url: str, body: object = None) -> Any:
    """Send JSON, and return the JSON of the answer."""
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data, method=verb), timeout=_TIMEOUT_S) as answer:
        return json.loads(answer.read() or b"{}")


def keyless(emulator: str, request_token: str) -> dict[str, Any]:
    """Return the credential file that google-github-actions/auth writes, with the emulator in every place."""
    return {
        "type": "external_account",
        "audience": _AUDIENCE,
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": f"{emulator}/v1/token",
        "service_account_impersonation_url": f"{emulator}/v1/{_ACCOUNT}:generateAccessToken",
        "credential_source": {
            "url": f"{emulator}/github/oidc?audience={urllib.parse.quote(f'https:{_AUDIENCE}', safe='')}",
            "headers": {"Authorization": f"Bearer {request_token}"},
            "format": {"type": "json", "subject_token_field_name": "value"},
        },
    }


def main(emulator: str, tie: str, command: list[str]) -> int:
    """Log in, tie, run, untie."""
    token = ask("GET", f"{emulator}/emulator/tokens")["request_token"]
    _CREDENTIALS.touch(mode=0o600)
    _CREDENTIALS.write_text(json.dumps(keyless(emulator, token)))
    image, _, url = tie.partition("=")
    if image:
        ask("POST", f"{emulator}/emulator/bindings", {"image": image, "url": url})
    try:
        variables = {**os.environ, "GOOGLE_APPLICATION_CREDENTIALS": str(_CREDENTIALS)}
        return subprocess.run(command, env=variables, check=False).returncode
    finally:
        if image:
            untie(emulator, image)


def untie(emulator: str, image: str) -> None:
    """End a tie; an emulator that does not answer any more does not change the command's exit code."""
    with contextlib.suppress(OSError, ValueError):
        ask("DELETE", f"{emulator}/emulator/bindings?{urllib.parse.urlencode({'image': image})}")


def run(args: list[str]) -> int:
    """Take the arguments apart."""
    mark = args.index("--")
    emulator, *tie = args[:mark]
    return main(emulator, "".join(tie), args[mark + 1 :])


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
