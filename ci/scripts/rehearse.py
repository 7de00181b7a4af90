"""
Run a command against the emulator: `python rehearse.py EMULATOR_URL [IMAGE=HEALTH_URL] -- COMMAND [ARG …]`.

As in a job on GitHub, the command gets a credential file for a keyless login, in memory; the emulator plays the token
endpoint of GitHub, Google's exchange and the impersonation. While the command runs, IMAGE is bound to HEALTH_URL: the
instances whose template refers to IMAGE have the health that this address reports. Afterwards the last health stays.

Exit code: that of the command.
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
_ACCOUNT = "projects/-/serviceAccounts/deployer@rehearsal.iam.gserviceaccount.com"
_TIMEOUT_S = 10


def request(verb: str, url: str, body: object = None) -> Any:
    """Send JSON, and return the JSON of the response."""
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data, method=verb), timeout=_TIMEOUT_S) as response:
        return json.loads(response.read() or b"{}")


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


def main(emulator: str, binding: str, command: list[str]) -> int:
    """Write the credential file, bind the image, run the command, and end the binding; return the command's code."""
    token = request("GET", f"{emulator}/emulator/tokens")["request_token"]
    _CREDENTIALS.touch(mode=0o600)
    _CREDENTIALS.write_text(json.dumps(keyless(emulator, token)))
    image, _, url = binding.partition("=")
    if image:
        request("POST", f"{emulator}/emulator/bindings", {"image": image, "url": url})
    try:
        variables = {**os.environ, "GOOGLE_APPLICATION_CREDENTIALS": str(_CREDENTIALS)}
        return subprocess.run(command, env=variables, check=False).returncode
    finally:
        if image:
            unbind(emulator, image)


def unbind(emulator: str, image: str) -> None:
    """End a binding; an emulator that no longer answers does not change the exit code of the command."""
    with contextlib.suppress(OSError, ValueError):
        request("DELETE", f"{emulator}/emulator/bindings?{urllib.parse.urlencode({'image': image})}")


def run(arguments: list[str]) -> int:
    """Run the command behind `--` with the arguments before it."""
    mark = arguments.index("--")
    emulator, *binding = arguments[:mark]
    return main(emulator, "".join(binding), arguments[mark + 1 :])


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
