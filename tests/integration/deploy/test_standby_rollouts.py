"""Rollouts of a group with a standby pool, on the emulator, by both ways in which a rollout may treat the pool."""

from dataclasses import replace
from typing import Any

import pytest

from deploy.errors import RolledBackError
from deploy.group.health import is_settled
from deploy.report.status import status, status_report
from tests.integration.deploy.faulty import rig_without_bake, set_instance_rule
from tests.integration.deploy.rig import Rig
from tests.support.reports import unwrapped
from tests.unit.deploy.values import GROUP


def pooled(standby: Any, *, suspended: int = 1, stopped: int = 1) -> Rig:
    """Three running instances, and a pool."""
    rig = rig_without_bake()
    rig.emulator.environment.options = replace(rig.emulator.environment.options, standby=standby)
    rig.control("PATCH", GROUP, {"targetSuspendedSize": suspended, "targetStoppedSize": stopped})
    rig.emulator.environment.clock.move(600)
    rig.emulator.environment.advance()
    return rig


def digests_of_running(rig: Rig) -> list[str]:
    observed = rig.observed()
    return [instance.version.template for instance in observed.group.active_instances if instance.version]


@pytest.mark.parametrize("standby", ["keep", "replace"])
def test_release_beside_a_standby_pool_is_proven(standby: str) -> None:
    """Suspended and stopped instances do not keep a release from being proven."""
    rig = pooled(standby)
    result = rig.deploy("a")
    assert digests_of_running(rig) == [result.target.template] * 3
    group = rig.observed().group
    assert is_settled(group)
    assert len(group.standby_instances) == 2
    fallback = rig.plan_release("b").fallback
    assert fallback is not None
    assert fallback.template == result.target.template
    assert rig.deploy("a").changed is False


@pytest.mark.parametrize("standby", ["keep", "replace"])
def test_failing_release_beside_a_pool_is_rolled_back(standby: str) -> None:
    """A standby pool does not keep a failing release from its rollback."""
    rig = pooled(standby)
    first = rig.deploy("0").target.template
    set_instance_rule(rig, "b", never_healthy=True)
    with pytest.raises(RolledBackError):
        rig.deploy("b")
    assert digests_of_running(rig) == [first] * 3


@pytest.mark.parametrize("standby", ["keep", "replace"])
def test_rollback_beside_a_pool_settles(standby: str) -> None:
    """A rollback settles beside a standby pool."""
    rig = pooled(standby)
    first = rig.deploy("a").target.template
    rig.deploy("b")
    assert rig.rollback().changed
    assert digests_of_running(rig) == [first] * 3


@pytest.mark.parametrize("verb", ["suspendInstances", "stopInstances"])
@pytest.mark.parametrize("activity", ["creating", "verifying", "deleting"])
def test_instance_that_joins_the_pool_during_the_rollout_is_left_out(verb: str, activity: str) -> None:
    """An instance that is suspended during the rollout no longer counts."""
    rig = rig_without_bake()
    name = rig.emulator.environment.view.groups[GROUP].instances[2].name
    body = {"instances": [f"zones/asia-northeast3-a/instances/{name}"]}
    fault = {"when": {"phase": activity}, "nth": [1]}
    fault |= {"request": {"verb": "POST", "path": f"{GROUP}/{verb}", "body": body}}
    rig.control("POST", "emulator/faults", {"faults": [fault]})
    result = rig.deploy("a")
    assert set(digests_of_running(rig)) == {result.target.template}


def suspend_every_instance(rig: Rig) -> None:
    """Suspend all instances of the group, and let the emulator finish."""
    names = [instance.name for instance in rig.emulator.environment.view.groups[GROUP].instances]
    body = {"instances": [f"zones/asia-northeast3-a/instances/{name}" for name in names]}
    rig.control("POST", f"{GROUP}/suspendInstances", body)
    rig.emulator.environment.clock.move(600)
    rig.emulator.environment.advance()


def test_group_whose_every_instance_is_suspended_proves_nothing() -> None:
    """A group without running instances proves no release."""
    rig = rig_without_bake()
    suspend_every_instance(rig)
    assert rig.deploy("a").is_empty
    text = unwrapped(status_report(status(rig.config, rig.observed(), rig.now()), "text"))
    assert "no instances, nothing proven" in text.splitlines()[0]
    assert "  standby: 3 suspended\n" in text


def test_status_shows_the_pool_and_its_old_template() -> None:
    """Status has the number of standby instances and the template that they still have."""
    rig = pooled("keep", suspended=2, stopped=0)
    rig.deploy("a")
    text = unwrapped(status_report(status(rig.config, rig.observed(), rig.now()), "text"))
    assert "serves from every instance" in text.splitlines()[0]
    assert "  standby: 2 suspended\n" in text
    assert "  drift: 2 of the standby instances are still on 'dojangkok-dev-ai-server-seed'\n" in text


def test_release_of_a_pool_alone_is_not_proven_for_pruning() -> None:
    """Prune keeps the five newest proven releases; a release that only standby instances have is not one of them."""
    rig = rig_without_bake()
    proven = [rig.deploy(letter).target.template for letter in "123456"]
    set_instance_rule(rig, "b", never_healthy=True)
    with pytest.raises(RolledBackError):
        rig.deploy("b")
    suspend_every_instance(rig)
    assert rig.deploy("a").is_empty
    assert set(proven) <= set(rig.templates())
