"""accessory's command line for IAP with the real gcloud: its requests to Google, and its ssh command."""

import json
import os
import subprocess
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.emulator import Emulator, run_emulator
from tests.support.loopback import FakeHandler, http_server
from tests.support.programs import ROOT, python_of, require

_ME = "deployer@dojangkok-dev.iam.gserviceaccount.com"
_INSTANCE = "projects/dojangkok-dev/zones/asia-northeast3-a/instances/dojangkok-dev-chromadb"
_HOST_KEY = "AAAAC3NzaC1lZDI1NTE5AAAAIMUbMiSUf9aHEEmPIfqFzbnWrCAhTIlMZ1fuIWVEBRHP"
_GCLOUD_S = 60


@dataclass
class Google:
    """
    Compute Engine and OS Login as far as `gcloud compute ssh` asks.

    Args:
        metadata: metadata of the instance.
        url: URL of both, with a slash at its end.
        requests: path and body of every request.
        logins: Authorization of every request.
    """

    metadata: dict[str, str]
    url: str = ""
    requests: list[tuple[str, Any]] = field(default_factory=list)
    logins: set[str | None] = field(default_factory=set)

    def answer(self, path: str) -> Any:
        """Return the document at a path."""
        profile = {"name": _ME, "posixAccounts": [{"username": "sa_7", "primary": True}]}
        documents = {
            f"/compute/v1/{_INSTANCE}": {
                "id": "7",
                "name": "dojangkok-dev-chromadb",
                "status": "RUNNING",
                "networkInterfaces": [{"name": "nic0", "networkIP": "10.10.0.3"}],
                "metadata": {"items": [{"key": key, "value": value} for key, value in self.metadata.items()]},
            },
            f"/compute/v1/{_INSTANCE}/getGuestAttributes": {
                "queryValue": {"items": [{"namespace": "hostkeys", "key": "ssh-ed25519", "value": _HOST_KEY}]}
            },
            "/compute/v1/projects/dojangkok-dev": {"name": "dojangkok-dev", "commonInstanceMetadata": {}},
        }
        return documents.get(path, profile if "loginProfile" in path else {"loginProfile": profile})


@contextmanager
def serve_google(**metadata: str) -> Iterator[Google]:
    """Serve Google, with an instance of some metadata, until the block ends."""
    google = Google({key.replace("_", "-"): value for key, value in metadata.items()})

    class Handler(FakeHandler):
        def answer(self) -> None:
            google.requests.append((self.path, json.loads(self.read_body() or "null")))
            google.logins.add(self.headers["Authorization"])
            self.reply_json(google.answer(self.path.partition("?")[0]))

    with http_server(Handler) as url:
        google.url = f"{url}/"
        yield google


def keyless(folder: Path, emulator: Emulator) -> Path:
    """The credential file that google-github-actions/auth writes, with the emulator in every place."""
    token = emulator.ask("emulator/tokens")["request_token"]
    audience = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/github/providers/github"
    account = f"projects/-/serviceAccounts/{_ME}:generateAccessToken"
    file = folder / "credentials.json"
    document = {
        "type": "external_account",
        "audience": audience,
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": f"{emulator.address}/v1/token",
        "service_account_impersonation_url": f"{emulator.address}/v1/{account}",
        "credential_source": {
            "url": f"{emulator.address}/github/oidc?audience={urllib.parse.quote(f'https:{audience}', safe='')}",
            "headers": {"Authorization": f"Bearer {token}"},
            "format": {"type": "json", "subject_token_field_name": "value"},
        },
    }
    file.write_text(json.dumps(document))
    return file


def command_line(folder: Path, credentials: Path, token_host: str) -> tuple[list[str], dict[str, str]]:
    """Return the command line for IAP and its environment, as accessory makes them."""
    place = "'dojangkok-dev-chromadb', 'asia-northeast3-a', 'dojangkok-dev', pathlib.Path(sys.argv[1])"
    program = (
        "import json, pathlib, sys; from accessory.transport import Iap; "
        f"iap = Iap({place}, pathlib.Path(sys.argv[2]), (sys.argv[3],)); "
        "line = iap.argv(\"bash -c 'echo \\\"$1\\\"' receive 'two words'\"); "
        "print(json.dumps([line, dict(iap.environment())]))"
    )
    kept = {key: value for key, value in os.environ.items() if not key.startswith("CLOUDSDK_")}
    command = [python_of("accessory"), "-c", program, str(folder), str(credentials), token_host]
    done = subprocess.run(command, cwd=ROOT, env=kept, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    line, environment = json.loads(done.stdout)
    return line, environment


def dry_run(server: Google, folder: Path) -> "subprocess.CompletedProcess[str]":
    """Run the command line with `--dry-run`, which prints the ssh that gcloud would start."""
    require("gcloud", "install the Google Cloud CLI, 528.0.0 or newer")
    with run_emulator() as emulator:
        line, environment = command_line(folder, keyless(folder, emulator), emulator.address.removeprefix("http://"))
        return subprocess.run(
            [*line, "--dry-run"],
            env=environment
            | {
                "HOME": str(folder),
                "CLOUDSDK_CONFIG": str(folder / "gcloud"),
                "CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE": f"{server.url}compute/v1/",
                "CLOUDSDK_API_ENDPOINT_OVERRIDES_OSLOGIN": server.url,
                "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "true",
                "NO_PROXY": "127.0.0.1",
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_GCLOUD_S,
            check=False,
        )


def test_key_is_the_process_s_own_and_lasts_for_minutes(tmp_path: Path) -> None:
    """The SSH key is made for this process and expires after five minutes."""
    with serve_google(enable_oslogin="TRUE", enable_guest_attributes="TRUE") as server:
        done = dry_run(server, tmp_path)
    assert done.returncode == 0, done.stderr
    ((path, imported),) = [request for request in server.requests if ":importSshPublicKey" in request[0]]
    assert f"/users/{_ME}:" in urllib.parse.unquote(path)
    assert server.logins == {f"Bearer {(tmp_path / 'token').read_text()}"}
    assert imported["key"] == (tmp_path / "key.pub").read_text().strip()
    assert 0 < int(imported["expirationTimeUsec"]) / 1e6 - time.time() <= 300
    assert f"-i {tmp_path}/key " in done.stdout


def test_ssh_uses_the_tunnel_and_the_published_host_key(tmp_path: Path) -> None:
    """The ssh command uses the tunnel of IAP and accepts only the host key that the VM published."""
    with serve_google(enable_oslogin="TRUE", enable_guest_attributes="TRUE") as server:
        done = dry_run(server, tmp_path)
    ssh = done.stdout[done.stdout.index("/ssh ") :]
    assert "compute start-iap-tunnel 'dojangkok-dev-chromadb' '%p' --listen-on-stdin" in ssh
    for option in ("StrictHostKeyChecking=yes", "HostKeyAlias=compute.7", "BatchMode=yes", "ServerAliveInterval=10"):
        assert f"-o {option}" in ssh
    assert ssh.endswith("sa_7@compute.7 -- bash -c 'echo \"$1\"' receive 'two words'\n")
    known = (tmp_path / ".ssh/google_compute_known_hosts").read_text()
    assert known == f"compute.7 ssh-ed25519 {_HOST_KEY}\n"


def test_vm_without_a_published_host_key_is_not_trusted(tmp_path: Path) -> None:
    """Without a published host key ssh accepts no host."""
    with serve_google(enable_oslogin="TRUE") as server:
        done = dry_run(server, tmp_path)
    assert "-o StrictHostKeyChecking=yes" in done.stdout
    assert not (tmp_path / ".ssh/google_compute_known_hosts").exists()
