"""Rollouts of groups with suspended and stopped instances: the pool is kept, or replaced."""

from typing import Any

import pytest

from tests.contract.marks import covers, environment, regional, unverified
from tests.contract.rig import GROUP, EmulatorClient, flags, templates_of
from tests.contract.standby import link, pooled, sizes, standby

pytestmark = regional


@unverified("I")
@covers("instanceGroupManagers.patch")
def test_a_rollout_that_keeps_the_pool(emulator: EmulatorClient) -> None:
    """
    A rollout leaves suspended and stopped instances as they are, on the template before, and reports that the version
    target is reached; an instance that is resumed later is replaced then. `--standby keep`, the default.
    """
    pooled(emulator)
    before = {row["id"] for row in standby(emulator)}
    emulator.roll(emulator.template("new"))
    emulator.settled()
    assert templates_of(standby(emulator)) == ["old"] * 2
    assert {row["id"] for row in standby(emulator)} == before
    assert templates_of([row for row in emulator.rows() if row["targetStatus"] == "RUNNING"]) == ["new"] * 2
    suspended = next(row for row in standby(emulator) if row["targetStatus"] == "SUSPENDED")
    emulator.do("POST", f"{GROUP}/resumeInstances", {"instances": [link(suspended)]})
    assert flags(emulator.group()) == (False, False)
    assert sizes(emulator.settled()) == (3, 0, 1)
    assert templates_of(emulator.rows()) == ["new"] * 3 + ["old"]


@unverified("I")
@covers("instanceGroupManagers.patch")
@environment(standby="replace")
@pytest.mark.parametrize(
    ("method", "policy"),
    [("SUBSTITUTE", {}), ("RECREATE", {"maxSurge": {"fixed": 0}, "maxUnavailable": {"fixed": 1}})],
)
def test_a_rollout_that_replaces_the_pool(emulator: EmulatorClient, method: str, policy: dict[str, Any]) -> None:
    """
    A rollout replaces suspended and stopped instances too, and the version target includes them. `--standby replace`.
    """
    pooled(emulator)
    names = {row["name"] for row in standby(emulator)}
    emulator.roll(emulator.template("new"), replacementMethod=method, **policy)
    assert flags(emulator.group())[1] is False
    emulator.settled()
    assert templates_of(emulator.rows()) == ["new"] * 4
    assert sorted(row["instanceStatus"] for row in standby(emulator)) == ["SUSPENDED", "TERMINATED"]
    assert ({row["name"] for row in standby(emulator)} == names) is (method == "RECREATE")


@unverified("I")
@covers("instanceGroupManagers.patch")
@environment(standby="replace")
def test_an_opportunistic_group_keeps_its_pool(emulator: EmulatorClient) -> None:
    """An OPPORTUNISTIC group replaces no instance of its pool by itself, and its version target stays unreached."""
    pooled(emulator)
    emulator.roll(emulator.template("new"), type="OPPORTUNISTIC")
    emulator.until(lambda group: flags(group) == (True, False))
    assert templates_of(standby(emulator)) == ["old"] * 2
