"""
Every HTTP exchange of a clean deploy, spoilt once in every way; and the client killed before and after each.

A few ways in every run, all of them with `CUTS=all`. How many cases ran is printed.
"""

import os
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from deploy.compute import Compute
from deploy.errors import DeployError
from deploy.plan import plan, reconcile
from deploy.rollout import Rollout
from tests.unit.deploy.rig import CONFIG, Rig, rig

QUICK = CONFIG.model_copy(update={"rollout": CONFIG.rollout.model_copy(update={"bake_s": 0.0, "poll_s": (10.0, 10.0)})})
FEW = ({"status": 503}, {"cut": "before"}, {"cut": "after"})
MORE = (
    *({"status": status} for status in (408, 429, 500, 502, 504)),
    {"status": 502, "body": "html"}, {"body": "html"}, {"body": "empty"}, {"body": "truncated"}, {"hang": True},
)  # fmt: skip
FAULTS: tuple[dict[str, Any], ...] = (*FEW, *MORE) if os.environ.get("CUTS") == "all" else FEW


class KilledError(BaseException):
    """The process is gone: no handler of the client may see this and go on."""


def new_rig() -> Rig:
    one = rig()
    one.config = QUICK
    return one


def exchanges() -> int:
    """How many requests a clean deploy makes."""
    one = new_rig()
    compute = one.compute()
    Rollout(compute, one.config, one.said.append).perform(one.plan("a", compute))
    return compute.requests


EXCHANGES = exchanges()


def assert_rolled(one: Rig) -> None:
    assert one.serving() == ["a"] * 3
    assert len([name for name in one.templates() if "-r-" in name]) == 1
    assert one.never_fewer_than(3)


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_one_spoilt_exchange_changes_nothing(fault: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(1, EXCHANGES + 1):
        one = new_rig()
        one.control("POST", "emulator/faults", {"faults": [{"on": "*", "nth": [number], **fault}]})
        one.deploy("a")
        assert_rolled(one)
    with capsys.disabled():
        print(f"\n{EXCHANGES} exchanges, each {fault}: deployed every time")


def killed_at(compute: Compute, number: int, *, after: bool) -> None:
    """Let the client die at its n-th exchange, before it is sent or after it was answered."""
    send: Callable[..., httpx.Response] = compute._client.request
    seen = 0

    def dying(*args: Any, **kwargs: Any) -> httpx.Response:
        nonlocal seen
        seen += 1
        if seen == number and not after:
            raise KilledError
        answer = send(*args, **kwargs)
        if seen == number:
            raise KilledError
        return answer

    compute._client.request = dying  # type: ignore[method-assign]


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("next_one", ["deploy", "reconcile"])
def test_killed_at_any_exchange_the_next_process_goes_on(
    next_one: str, after: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """Deploying again ends with the release; reconciling with the release or with what was there before."""
    for number in range(1, EXCHANGES + 1, 1 if os.environ.get("CUTS") == "all" else 3):
        one = new_rig()
        compute = one.compute()
        killed_at(compute, number, after=after)
        with pytest.raises(KilledError):
            Rollout(compute, one.config, one.said.append).perform(
                plan(one.config, one.wanted("a"), one.observed(compute))
            )
        if next_one == "deploy":
            one.deploy("a")
            assert_rolled(one)
            continue
        found = reconcile(one.observed(), one.wanted("a").now)
        Rollout(one.compute(), one.config, one.said.append).reconcile(found)
        assert one.serving() in (["a"] * 3, ["latest"] * 3)
        assert len(set(one.serving())) == 1
        assert one.never_fewer_than(3)
    with capsys.disabled():
        print(
            f"\n{EXCHANGES} exchanges, killed {'after' if after else 'before'}, then {next_one}: one version every time"
        )


def test_rollback_survives_every_spoilt_exchange() -> None:
    """The way back from a broken release, with each exchange after its failure answered 503 once."""
    for number in range(1, 40, 3):
        one = new_rig()
        one.control("POST", "emulator/machines", {"never_healthy": True})
        spoilt = {"on": "*", "nth": list(range(number, 400, 40)), "status": 503}
        one.control("POST", "emulator/faults", {"faults": [spoilt]})
        with pytest.raises(DeployError) as error:
            one.deploy("a")
        assert error.value.exit_code == 7
        assert one.serving() == ["latest"] * 3
