"""The way back has a time of its own: as long as a rollout of that size takes, however little the release was given."""

from datetime import UTC, datetime

import pytest

from deploy.config import RolloutSettings
from deploy.errors import NotRestoredError, RolledBackError
from deploy.group.version_name import parse_version_name
from tests.unit.deploy.clients import Client
from tests.unit.deploy.faulty import rig_without_bake, set_instance_rule
from tests.unit.deploy.rig import REPOSITORY, Rig


def replaced_one(rig: Rig) -> Client:
    """A deploy that stands still once a machine is replaced; from now on, a machine of what was before takes 100 s."""
    running = Client(rig.emulator, rig.config.project, "client", lambda compute: rig.deploy("b", compute))
    while rig.serving().count("latest") == 3:
        assert not running.go(1)
    rig.control("POST", "emulator/instance-rules", {"image": f"{REPOSITORY}:latest", "answer_s": 100})
    set_instance_rule(rig, "b", never_healthy=True)
    return running


def test_way_back_of_an_impatient_deploy_is_patient() -> None:
    """As with `--timeout 60`, and back takes longer."""
    rig = rig_without_bake(timeout_s=60.0)
    running = replaced_one(rig)
    running.go()
    assert isinstance(running.error, RolledBackError)
    assert "not done after 60 s" in str(running.error)
    assert rig.serving() == ["latest"] * 3


def test_way_back_of_a_reconcile_that_comes_late_is_not_late_itself() -> None:
    rig = rig_without_bake()
    replaced_one(rig).kill()
    intent = parse_version_name(rig.observed().group.versions[0].name)
    assert intent is not None
    now = datetime.fromtimestamp(rig.emulator.environment.clock.now_s(), UTC)
    rig.emulator.environment.clock.move((intent.deadline_at - now).total_seconds() - 3)
    with pytest.raises(RolledBackError):
        rig.reconcile()
    assert rig.serving() == ["latest"] * 3


def test_time_that_a_person_gives_a_rollback_holds() -> None:
    rig = rig_without_bake()
    rig.deploy("a")
    rig.config = rig.config.with_timeout(20)
    rig.control("POST", "emulator/instance-rules", {"image": f"{REPOSITORY}:latest", "answer_s": 100})
    with pytest.raises(NotRestoredError, match="not done after 20 s"):
        rig.roll_back()


def test_way_back_takes_no_less_than_serial_replacement() -> None:
    assert RolloutSettings(timeout_s=60.0).rollback_budget_s(3) == RolloutSettings().budget_s(3) == 570.0
    assert RolloutSettings(timeout_s=2_000.0).rollback_budget_s(3) == 2_000.0
