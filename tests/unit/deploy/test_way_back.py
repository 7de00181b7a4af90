"""The way back has a time of its own: as long as a rollout of that size takes, however little the release was given."""

from datetime import UTC, datetime

import pytest

from deploy.config import Rollout
from deploy.errors import NotRestoredError, RolledBackError
from deploy.group.version_name import parse
from tests.unit.deploy.clients import Client
from tests.unit.deploy.faulty import behave, world
from tests.unit.deploy.rig import REPOSITORY, Rig


def replaced_one(one: Rig) -> Client:
    """A deploy that stands still once a machine is replaced; from now on, a machine of what was before takes 100 s."""
    running = Client(one.api, one.config.project, "client", lambda compute: one.deploy("b", compute))
    while one.serving().count("latest") == 3:
        assert not running.go(1)
    one.control("POST", "emulator/machines", {"image": f"{REPOSITORY}:latest", "answer_s": 100})
    behave(one, "b", never_healthy=True)
    return running


def test_way_back_of_an_impatient_deploy_is_patient() -> None:
    """As with `--timeout 60`, and back takes longer."""
    one = world(timeout_s=60.0)
    running = replaced_one(one)
    running.go()
    assert isinstance(running.error, RolledBackError)
    assert "not done after 60 s" in str(running.error)
    assert one.serving() == ["latest"] * 3


def test_way_back_of_a_reconcile_that_comes_late_is_not_late_itself() -> None:
    one = world()
    replaced_one(one).kill()
    intent = parse(one.observed().group.versions[0].name)
    assert intent is not None
    now = datetime.fromtimestamp(one.api.world.clock.now_s(), UTC)
    one.api.world.clock.move((intent.deadline_at - now).total_seconds() - 3)
    with pytest.raises(RolledBackError):
        one.reconcile()
    assert one.serving() == ["latest"] * 3


def test_time_that_a_person_gives_a_rollback_holds() -> None:
    one = world()
    one.deploy("a")
    one.config = one.config.within(20)
    one.control("POST", "emulator/machines", {"image": f"{REPOSITORY}:latest", "answer_s": 100})
    with pytest.raises(NotRestoredError, match="not done after 20 s"):
        one.roll_back()


def test_way_back_takes_no_less_than_serial_replacement() -> None:
    assert Rollout(timeout_s=60.0).way_back_s(3) == Rollout().budget_s(3) == 570.0
    assert Rollout(timeout_s=2_000.0).way_back_s(3) == 2_000.0
