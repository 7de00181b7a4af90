"""The automatic rollback: its time limit, its fallback, and the report of its failure."""

from dataclasses import replace
from datetime import timedelta

import pytest

from deploy.errors import NotRestoredError, RolledBackError
from deploy.group.version_name import parse_version_name
from deploy.rollout.deploy_plan import plan_deploy
from deploy.rollout_settings import RolloutSettings
from tests.integration.deploy.clients import Client
from tests.integration.deploy.faulty import rig_without_bake, set_instance_rule
from tests.integration.deploy.rig import Rig, new_rig
from tests.unit.deploy.values import REPOSITORY


def begin_slow_rollback(rig: Rig) -> Client:
    """Stop a deploy once it has replaced an instance; from then on, instances of the old release take 100 s."""
    client = Client(rig.emulator, rig.config.project, "client", lambda compute: rig.deploy("b", compute))
    while rig.serving().count("latest") == 3:
        assert not client.go(1)
    rig.control("POST", "emulator/instance-rules", {"image": f"{REPOSITORY}:latest", "answer_s": 100})
    set_instance_rule(rig, "b", never_healthy=True)
    return client


def test_short_timeout_does_not_shorten_the_rollback() -> None:
    """A deploy with a timeout of 60 s completes a rollback that takes longer."""
    rig = rig_without_bake(timeout_s=60.0)
    client = begin_slow_rollback(rig)
    client.go()
    assert isinstance(client.error, RolledBackError)
    assert "not done after 60 s" in str(client.error)
    assert rig.serving() == ["latest"] * 3


def test_rollback_by_reconcile_has_time_beyond_the_deadline() -> None:
    """A reconcile that begins 3 s before the deadline completes the rollback after it."""
    rig = rig_without_bake()
    begin_slow_rollback(rig).kill()
    name = parse_version_name(rig.observed().group.versions[0].name)
    assert name is not None
    assert name.deadline_at is not None
    rig.emulator.environment.clock.move((name.deadline_at - rig.now() - timedelta(seconds=3)).total_seconds())
    with pytest.raises(RolledBackError):
        rig.reconcile()
    assert rig.serving() == ["latest"] * 3


def test_timeout_of_a_typed_rollback_holds() -> None:
    """A rollback that a person gives 20 s fails after 20 s."""
    rig = rig_without_bake()
    rig.deploy("a")
    rig.config = rig.config.with_timeout(20)
    rig.control("POST", "emulator/instance-rules", {"image": f"{REPOSITORY}:latest", "answer_s": 100})
    with pytest.raises(NotRestoredError, match="not done after 20 s"):
        rig.rollback()


def test_rollback_has_the_time_of_serial_replacement() -> None:
    """The budget of an automatic rollback is never below that of a rollout with the default settings."""
    assert RolloutSettings(timeout_s=60.0).rollback_budget_s(3) == RolloutSettings().budget_s(3) == 840.0
    assert RolloutSettings(timeout_s=2_000.0).rollback_budget_s(3) == 2_000.0


def test_failure_without_a_proven_release_is_not_rolled_back() -> None:
    """The first release of a group that never was healthy has no fallback, and the error states this."""
    rig = new_rig()
    rig.control("POST", "emulator/instance-rules", {"never_healthy": True})
    compute = rig.compute()
    observed = rig.observed(compute)
    unhealthy = tuple(replace(instance, health="UNHEALTHY") for instance in observed.group.instances)
    unproven = replace(observed, group=replace(observed.group, instances=unhealthy))
    with pytest.raises(NotRestoredError, match=r"There is no proven release to restore. Fix: deploy a fix"):
        rig.perform(plan_deploy(rig.config, rig.request("a"), unproven), compute)


def test_rollback_that_is_refused_is_reported_with_its_reason() -> None:
    """The error of a refused rollback has both reasons, the diagnostics, and reconcile as its fix."""
    rig = new_rig()
    rig.control("POST", "emulator/instance-rules", {"never_healthy": True})
    refusal = {"on": "instanceGroupManagers.patch", "nth": [2], "status": 400, "reason": "invalid"}
    rig.control("POST", "emulator/faults", {"faults": [refusal]})
    with pytest.raises(NotRestoredError, match=r"The rollback did not settle: .* 400 injected") as error:
        rig.deploy("a")
    assert (error.value.fix, error.value.diagnostics != ()) == ("run `reconcile`", True)
