"""A group that can't be read during a rollout is waited for: the process neither ends nor reports a refusal."""

from typing import Any

import httpx
import pytest

from deploy.compute_engine.client import Compute
from deploy.errors import NotAllowedError, NotRestoredError
from deploy.retry import Time
from tests.integration.deploy.faulty import inject_fault, request_times, rig_without_bake
from tests.integration.deploy.rig import Rig
from tests.unit.deploy.values import GROUP

GET = "instanceGroupManagers.get"
NO_PERMISSION = {"status": 403, "reason": "forbidden"}


def minutes(rig: Rig, before_s: float) -> float:
    return (rig.emulator.environment.clock.now_s() - before_s) / 60


@pytest.mark.parametrize("how", [{"status": 503}, {"status": 401, "reason": "authError"}, NO_PERMISSION], ids=str)
def test_minutes_without_an_answer_are_waited_out(how: dict[str, Any]) -> None:
    """A deploy continues after an outage that is longer than the 90 s of retries of one request."""
    rig = rig_without_bake()
    inject_fault(rig, on=GET, nth=list(range(8, 50)), **how)
    before_s = rig.emulator.environment.clock.now_s()
    assert rig.deploy("a").changed
    assert minutes(rig, before_s) > 2
    assert rig.serving() == ["a"] * 3
    lines = [line for line in rig.printed if line.startswith("the group can't be read: GET ")]
    assert len(lines) == 1, "an outage is reported once"


@pytest.mark.parametrize("how", [{"status": 503}, NO_PERMISSION], ids=str)
def test_unreadable_group_fails_at_the_deadline(how: dict[str, Any]) -> None:
    """A group that can't be read until the deadline ends with exit code 8, not 3."""
    rig = rig_without_bake()
    inject_fault(rig, on=GET, nth=list(range(8, 2_000)), **how)
    before_s = rig.emulator.environment.clock.now_s()
    with pytest.raises(
        NotRestoredError, match=r"not done after 840 s: the group can't be read: GET .*Fix: run `reconcile`"
    ):
        rig.deploy("a")
    assert minutes(rig, before_s) > 9
    rig.emulator.environment.clock.move(600)
    assert rig.serving() == ["a"] * 3


def test_missing_answer_during_the_bake_causes_no_rollback() -> None:
    """A poll that fails during the bake, shortly before the deadline, does not fail the release."""
    rig = rig_without_bake(bake_s=60.0)
    before, before_s = len(request_times(rig, GET)), rig.emulator.environment.clock.now_s()
    rig.deploy("a")
    polls, took_s = len(request_times(rig, GET)) - before, rig.emulator.environment.clock.now_s() - before_s
    rig = rig_without_bake(bake_s=60.0, timeout_s=took_s - 57.0)
    plan = rig.control("POST", "emulator/faults", {"faults": [{"on": GET, "nth": [polls - 3], "status": 400}]})
    rig.deploy("a")
    assert rig.control("GET", f"emulator/faults/{plan['id']}")["fired"] == [1]
    assert rig.serving() == ["a"] * 3


def test_group_deleted_during_a_rollout_is_no_refusal() -> None:
    """A group that is deleted after the PATCH ends with exit code 8, not 3."""
    rig = rig_without_bake()
    inject_fault(rig, when={"phase": "verifying"}, nth=[1], request={"verb": "DELETE", "path": GROUP})
    with pytest.raises(NotRestoredError, match=r"group 'dojangkok-dev-ai-server-mig': not found in zone") as error:
        rig.deploy("a")
    assert error.value.exit_code == 8


def test_refused_token_is_renewed_once() -> None:
    """A request whose token was refused is sent again with a new one."""
    asked: list[tuple[str, str]] = []
    tokens = iter(["new"])
    token = ["old"]

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append((request.headers["authorization"], request.url.params["requestId"]))
        return httpx.Response(
            200 if request.headers["authorization"] == "new" else 401, json={"name": "operation", "status": "DONE"}
        )

    def renew() -> None:
        token[0] = next(tokens)

    compute = Compute(
        httpx.Client(transport=httpx.MockTransport(answer)),
        "http://x/compute/v1",
        "p",
        lambda: {"authorization": token[0]},
        Time(lambda: 0.0, print),
        renew=renew,
    )
    assert compute.write("PATCH", "x", {})["name"] == "operation"
    assert [authorization for authorization, _ in asked] == ["old", "new"]
    assert asked[0][1] == asked[1][1], "a repeated write has the same requestId"


def test_token_that_is_refused_again_is_not_allowed() -> None:
    """A second refusal of the token ends with exit code 4."""
    client = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(401, json={})))
    compute = Compute(client, "http://x/compute/v1", "p", dict, Time(lambda: 0.0, print))
    with pytest.raises(NotAllowedError, match="401"):
        compute.get("x")
    assert compute.requests == 2
