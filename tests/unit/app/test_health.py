"""The health routes, in this process."""

import httpx
import pytest
from fastapi.testclient import TestClient

from app.jobs import JobPolicy, Jobs
from app.main import create_app
from app.policies import Policies
from app.readiness import Readiness
from app.version import VERSION
from tests.unit.app.app_environment import fake_settings
from tests.unit.app.servers import serving


@pytest.fixture
def readiness() -> Readiness:
    """The readiness of the application."""
    return Readiness()


@pytest.fixture
def client(readiness: Readiness) -> TestClient:
    """A client of the application."""
    return TestClient(create_app(fake_settings(app_env="prod"), Policies(), readiness, Jobs(JobPolicy())))


@pytest.mark.parametrize("path", ["/health", "/livez"])
def test_alive_before_and_after_readiness(client: TestClient, path: str) -> None:
    """/health and /livez answer 200 before the start is complete."""
    assert client.get(path).json() == {"status": "ok"}


def test_ready_only_between_start_and_close(client: TestClient, readiness: Readiness) -> None:
    """/readyz answers 200 only between the start and the shutdown."""
    assert client.get("/readyz").status_code == 503
    with client:
        assert client.get("/readyz").json() == {"status": "ok"}
        readiness.close()
        answer = client.get("/readyz")
        assert (answer.status_code, answer.json()) == (503, {"status": "not ready"})
        assert client.get("/livez").status_code == 200


def test_answers_while_draining_are_the_last_of_their_connections() -> None:
    """After the first SIGTERM the next answer of a kept connection closes it."""
    readiness = Readiness()
    app = create_app(fake_settings(app_env="prod"), Policies(), readiness, Jobs(JobPolicy()))
    with serving(app) as url, httpx.Client(base_url=url, trust_env=False) as client:
        assert "connection" not in client.get("/health").headers
        readiness.close()
        answers = [client.get(path) for path in ("/health", "/readyz", "/api/none")]
    assert [answer.status_code for answer in answers] == [200, 503, 404]
    assert [answer.headers["connection"] for answer in answers] == ["close"] * 3


def test_version_has_the_image_reference(client: TestClient) -> None:
    """/version has the version and the image."""
    assert client.get("/version").json() == {"version": VERSION, "image": "registry/ai-server@sha256:0"}


def test_metrics_count_requests(client: TestClient) -> None:
    """/metrics has the requests by route."""
    client.get("/health")
    assert 'http_requests_total{handler="/health"' in client.get("/metrics").text
