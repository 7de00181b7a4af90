"""Reads of health checks and permissions that the emulator does not offer."""

import httpx
import pytest

from deploy.compute_engine.client import Compute
from deploy.compute_engine.granted_permissions import read_granted_permissions
from deploy.compute_engine.managed_group import ManagedGroup
from deploy.compute_engine.permissions import REQUIRED_PERMISSIONS
from deploy.documents.location import Location
from deploy.errors import CloudError, NotAllowedError
from deploy.group.preflight import health_check_probe
from deploy.retry import Time


@pytest.mark.parametrize(
    ("link", "path"),
    [
        ("https://www.googleapis.com/compute/v1/projects/p/global/healthChecks/x", "global/healthChecks/x"),
        ("https://www.googleapis.com/compute/v1/projects/p/regions/r/healthChecks/x", "regions/r/healthChecks/x"),
        ("https://compute.googleapis.com/compute/v1/projects/p/global/httpHealthChecks/x", "global/httpHealthChecks/x"),
        ("global/healthChecks/x", "global/healthChecks/x"),
    ],
)
def test_health_check_is_read_by_its_own_link(link: str, path: str) -> None:
    """A health check is read by its own link, also a regional one and one of a legacy kind."""
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return httpx.Response(200, json={"name": "x", "type": "HTTP", "httpHealthCheck": {"port": 8000}})

    compute = Compute(
        httpx.Client(transport=httpx.MockTransport(answer)), "http://x/compute/v1", "p", dict, Time(lambda: 0.0, print)
    )
    health_check = ManagedGroup(compute, Location("zone", "z"), "g").get_health_check(
        {"autoHealingPolicies": [{"healthCheck": link}]}
    )
    assert health_check is not None
    assert health_check_probe(health_check) == ("HTTP", 8000)
    assert asked == [f"/compute/v1/projects/p/{path}"]


def permissions(*answers: httpx.Response | httpx.TransportError) -> tuple[set[str], list[float]]:
    """Return the granted permissions and the sleeps for consecutive answers of Cloud Resource Manager."""
    left, slept = iter(answers), list[float]()

    def answer(_: httpx.Request) -> httpx.Response:
        next_answer = next(left)
        if isinstance(next_answer, httpx.TransportError):
            raise next_answer
        return next_answer

    client = httpx.Client(transport=httpx.MockTransport(answer))
    time = Time(lambda: sum(slept), slept.append)
    return read_granted_permissions(client, "http://x", "p", REQUIRED_PERMISSIONS, dict, time), slept


@pytest.mark.parametrize(
    "first",
    [
        httpx.Response(503),
        httpx.Response(429),
        httpx.ConnectError("reset"),
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json=[]),
        httpx.Response(200, content=b"\xff"),
    ],
    ids=str,
)
def test_permissions_are_requested_again_after_a_transient_error(first: httpx.Response | httpx.TransportError) -> None:
    """The request for permissions is sent again after a transient error or an unreadable answer."""
    granted, slept = permissions(first, httpx.Response(200, json={"permissions": ["compute.x.get"]}))
    assert granted == {"compute.x.get"}
    assert len(slept) == 1


def test_forbidden_request_for_permissions_is_not_retried() -> None:
    """A 403 from the request for permissions is raised without a retry."""
    with pytest.raises(NotAllowedError, match="testIamPermissions of 'p': 403"):
        permissions(httpx.Response(403))


def test_permissions_that_can_not_be_asked_for_are_given_up_soon() -> None:
    """A request for permissions that always fails is retried for 5 to 15 seconds, and then raised as an error."""
    slept: list[float] = []
    client = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(503)))
    with pytest.raises(CloudError, match="testIamPermissions of 'p': 503"):
        read_granted_permissions(
            client, "http://x", "p", REQUIRED_PERMISSIONS, dict, Time(lambda: sum(slept), slept.append)
        )
    assert 5 <= sum(slept) <= 15
