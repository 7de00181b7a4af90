"""What is read of a group, where the emulator has no such group."""

import httpx
import pytest

from deploy import observe
from deploy.compute import Compute
from deploy.observed import group
from deploy.preflight import asked_by
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
    """A group may name a regional one, or one of a kind that is no longer made."""
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return httpx.Response(200, json={"type": "HTTP", "httpHealthCheck": {"port": 8000}})

    compute = Compute(
        httpx.Client(transport=httpx.MockTransport(answer)), "http://x/compute/v1", "p", dict, Time(lambda: 0.0, print)
    )
    healed = group({"autoHealingPolicies": [{"healthCheck": link}]}, [])
    found = observe._health_check(compute, healed)
    assert found is not None
    assert asked_by(found) == ("HTTP", 8000)
    assert asked == [f"/compute/v1/projects/p/{path}"]
