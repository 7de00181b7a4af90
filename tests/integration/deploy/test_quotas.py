"""Quotas of the region that have no room for the surge: a deploy is refused, a rollback is slower."""

import pytest

from deploy.errors import RefusedError
from deploy.rollout.plan import RestoreRelease
from tests.integration.deploy.faulty import rig_without_bake, set_quotas
from tests.integration.deploy.rig import Rig


def rig_with_quotas(**limits: float) -> Rig:
    """Return a rig whose region has other limits of some metrics."""
    rig = rig_without_bake()
    set_quotas(rig, **limits)
    return rig


@pytest.mark.parametrize(
    ("metric", "limit", "numbers"),
    [
        ("INSTANCES", 3.0, "needs 1, and 0 of 3 are free"),
        ("N2D_CPUS", 7.0, "needs 2, and 1 of 7 are free"),
        ("SSD_TOTAL_GB", 199.0, "needs 50, and 49 of 199 are free"),
    ],
)
def test_quota_without_room_for_the_surge_is_refused(metric: str, limit: float, numbers: str) -> None:
    """The error has the metric, what the surge needs of it, and what is free; the group is unchanged."""
    rig = rig_with_quotas(**{metric: limit})
    with pytest.raises(RefusedError) as error:
        rig.deploy("a")
    assert str(error.value) == (
        f"group 'dojangkok-dev-ai-server-mig': quota {metric}: a surge of 1 {numbers}."
        f" Fix: raise {metric} in region asia-northeast3, or lower `rollout.surge`."
    )
    assert rig.writes() == []


def test_quota_with_room_for_the_surge_is_enough() -> None:
    """A deploy succeeds in a region with just enough of every quota."""
    rig = rig_with_quotas(INSTANCES=4.0, N2D_CPUS=8.0, SSD_TOTAL_GB=200.0)
    assert rig.deploy("a").changed
    assert rig.serving() == ["a"] * 3


@pytest.mark.parametrize(
    ("limits", "surge"),
    [({}, 3), ({"SSD_TOTAL_GB": 250.0}, 2), ({"N2D_CPUS": 8.0}, None), ({"N2D_CPUS": 12.0, "INSTANCES": 4.0}, None)],
)
def test_surge_of_a_rollback_is_what_the_scarcest_quota_allows(limits: dict[str, float], surge: int | None) -> None:
    """A rollback replaces as many instances at once as every quota has room for, and fails for no quota."""
    rig = rig_with_quotas(**limits)
    rig.deploy("a")
    rig.deploy("b")
    plan = rig.plan_rollback()
    assert isinstance(plan, RestoreRelease)
    assert plan.surge == surge
    assert rig.rollback().changed
    assert rig.serving() == ["a"] * 3
    assert list(rig.managed().list_errors(10.0)) == []
