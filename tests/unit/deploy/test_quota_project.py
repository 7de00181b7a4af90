"""The quota project of a credential file, and the servers that receive its name."""

from pathlib import Path

import httpx
import pytest

from deploy import session
from deploy.config import Config
from lib.deadline import DeadlineTransport
from lib.image_reference import Reference
from tests.unit.lib.credential_files import person, write

DIGEST = "sha256:" + "1" * 64


@pytest.mark.parametrize("quota", [{}, {"quota_project_id": "billing"}], ids=["without", "with"])
def test_compute_and_resource_manager_are_sent_the_quota_project_and_registries_are_not(
    quota: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Compute Engine and Cloud Resource Manager receive the credential's quota project; registries do not."""
    sent: dict[str, httpx.Headers] = {}

    def answer(_: DeadlineTransport, request: httpx.Request) -> httpx.Response:
        sent[request.url.host] = request.headers
        body = {"access_token": "token", "expires_in": 3_600, "permissions": ["compute.instances.get"]}
        return httpx.Response(200, json=body, headers={"docker-content-digest": DIGEST})

    monkeypatch.setattr(DeadlineTransport, "handle_request", answer)
    host = "asia-northeast3-docker.pkg.dev"
    settings = Config(project="p", zone="z", group="g", repository=f"{host}/p/team/app")
    opened = session.open_session(settings, write(tmp_path / "c.json", person() | quota))
    opened.managed.compute.get("zones/z/instanceGroupManagers/g")
    opened.read_permissions()
    assert opened.registry.resolve(Reference(f"{host}/p/team/app", digest=DIGEST)).digest == DIGEST
    apis = {"compute.googleapis.com", "cloudresourcemanager.googleapis.com"}
    assert sent.keys() == {*apis, host, "oauth2.googleapis.com"}
    assert {name: sent[name]["authorization"] for name in (*apis, host)} == dict.fromkeys((*apis, host), "Bearer token")
    counted = {name for name, headers in sent.items() if headers.get("x-goog-user-project") == "billing"}
    assert counted == (apis if quota else set())
