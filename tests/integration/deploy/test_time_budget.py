"""The time budget of a rollout is enough for the slowest group that public reports describe."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.rollout_settings import RolloutSettings
from emulator.group.profile import Profile
from tests.unit.emulator.group_rollout import NEW, OLD, GroupRollout
from tests.unit.emulator.group_rollout import settings as group_settings

# Of one instance: created within 45 s, RUNNING within 30 s more, image pulled and application started within 60 s, and
# deleted within 90 s. Its health check needs 10 s more. Source: public reports of zonal groups that roll with surge 1,
# such as openinfrastructure/terraform-google-multinic#34, read on 2026-11-23; the pull is assumed.
SLOWEST = Profile(create_s=45.0, boot_s=30.0, answer_s=60.0, delete_s=90.0)


def rollout_s(size: int, profile: Profile, *, counts_deleting: bool) -> float:
    """Return the seconds that a group needs for a rollout with the settings of an environment file without any."""
    instances = GroupRollout(group_settings(OLD, size), profiles={"old": profile, "new": profile})
    instances.patch(instances.settings)
    instances.settle()
    began_s = instances.group.at_s
    policy = RolloutSettings()
    instances.patch(
        group_settings(
            NEW,
            size,
            surge=policy.surge_in(1).number,
            unavailable=policy.unavailable_count.number,
            counts_deleting=counts_deleting,
        )
    )
    instances.settle()
    return instances.group.at_s - began_s


@pytest.mark.parametrize(
    ("started_s", "expected_s"), [(None, 840), (15.0, 840), (45.0, 840), (100.0, 1170), (600.0, 4170), (40_012.0, 4170)]
)
def test_a_recorded_boot_only_raises_the_budget(started_s: float | None, expected_s: float) -> None:
    """A reboot has no pull, and a script that somebody has run again is no boot of hours."""
    assert RolloutSettings().budget_s(3, started_s) == expected_s


@pytest.mark.parametrize("counts_deleting", [True, False])
@pytest.mark.parametrize("size", [1, 2, 3, 5, 10, 20])
def test_slowest_group_ends_within_the_budget(size: int, counts_deleting: bool) -> None:
    """Whether or not a deleted instance takes a place of the surge, the slowest group ends in time."""
    assert rollout_s(size, SLOWEST, counts_deleting=counts_deleting) <= RolloutSettings().budget_s(size)


@settings(deadline=None, max_examples=20)
@given(
    size=st.integers(1, 12),
    profile=st.builds(
        Profile,
        create_s=st.floats(1, SLOWEST.create_s),
        boot_s=st.floats(1, SLOWEST.boot_s),
        answer_s=st.floats(1, 60.0),
        delete_s=st.floats(1, SLOWEST.delete_s),
    ),
    counts_deleting=st.booleans(),
)
def test_any_faster_group_ends_within_the_budget(size: int, profile: Profile, counts_deleting: bool) -> None:
    """A group that is nowhere slower than the slowest ends in time, at any size."""
    assert rollout_s(size, profile, counts_deleting=counts_deleting) <= RolloutSettings().budget_s(size)
