"""The health routes, asked in-process."""

import pytest
from fastapi.testclient import TestClient

from app.health import Readiness
from app.jobs import Jobs
from app.main import VERSION, create_app
from tests.unit.app.conftest import settings


@pytest.fixture
def readiness() -> Readiness:
    return Readiness()


@pytest.fixture
def client(readiness: Readiness) -> TestClient:
    return TestClient(create_app(settings(app_env="prod"), readiness, Jobs()))


@pytest.mark.parametrize("path", ["/health", "/livez"])
def test_alive_before_and_after_readiness(client: TestClient, path: str) -> None:
    assert client.get(path).json() == {"status": "ok"}


def test_ready_only_between_start_and_close(client: TestClient, readiness: Readiness) -> None:
    assert client.get("/readyz").status_code == 503
    with client:
        assert client.get("/readyz").json() == {"status": "ok"}
        readiness.close()
        answer = client.get("/readyz")
        assert (answer.status_code, answer.json()) == (503, {"status": "not ready"})
        assert client.get("/livez").status_code == 200


def test_version_says_the_reference_it_was_started_as(client: TestClient) -> None:
    assert client.get("/version").json() == {"version": VERSION, "image": "registry/ai-server@sha256:0"}


def test_metrics_count_requests(client: TestClient) -> None:
    client.get("/health")
    assert 'http_requests_total{handler="/health"' in client.get("/metrics").text
