"""The update policy of a rollout, and settings of a group that changed after its PATCH."""

from typing import Any

import pytest

from deploy.documents.group_state import parse_group
from deploy.group.later_changes import changes_since_patch
from deploy.group.update_policy import accepted_policy, differing_values, largest_surge, policy_values, rollout_policy
from deploy.rollout_settings import RolloutSettings

SETTINGS = RolloutSettings(surge=2)


def test_rollout_sets_every_member_of_the_policy() -> None:
    """A PATCH keeps what it leaves out, so a percentage is removed by null."""
    assert rollout_policy(SETTINGS, 1) == {
        "type": "PROACTIVE",
        "minimalAction": "REPLACE",
        "mostDisruptiveAllowedAction": "REPLACE",
        "replacementMethod": SETTINGS.method,
        "maxSurge": {"fixed": 2, "percent": None},
        "maxUnavailable": {"fixed": SETTINGS.unavailable, "percent": None},
    }


@pytest.mark.parametrize(("surge", "expected"), [(None, 2), (0, 0), (7, 7)])
def test_surge_of_a_rollback_replaces_the_surge_of_the_settings(surge: int | None, expected: int) -> None:
    """A surge of 0 is a surge, and no reason to use the settings'."""
    assert rollout_policy(SETTINGS, 1, surge)["maxSurge"]["fixed"] == expected


@pytest.mark.parametrize(
    ("target_size", "room", "surge"),
    [(5, 3, 3), (5, 9, 5), (5, 0, None), (5, 1, None), (5, None, None), (1, 9, None), (0, 9, None)],
)
def test_rollback_replaces_as_many_instances_at_once_as_the_quota_allows(
    target_size: int, room: int | None, surge: int | None
) -> None:
    """The surge is the target size within the quota's room; the settings' surge is kept if it is not larger."""
    assert largest_surge(SETTINGS, 1, target_size, room) == surge


@pytest.mark.parametrize(
    ("policy", "surge", "unavailable"),
    [
        ({}, None, None),
        ({"maxSurge": None}, None, None),
        ({"maxSurge": {"fixed": 1, "percent": None}, "maxUnavailable": {"fixed": 0}}, 1, 0),
        ({"maxSurge": {"percent": 0}, "maxUnavailable": {"fixed": 3, "percent": 20}}, "0%", "20%"),
        ({"maxSurge": {}, "maxUnavailable": {"calculated": 0}}, 0, 0),
        ({"maxSurge": {"percent": None}, "maxUnavailable": {"fixed": None}}, 0, 0),
    ],
)
def test_number_of_instances_is_fixed_or_a_percentage(
    policy: dict[str, Any], surge: object, unavailable: object
) -> None:
    """A percentage is text, so that it never equals a fixed number; a number without a value is 0."""
    values = policy_values({"type": "PROACTIVE", "other": 1, **policy})
    assert values == {
        "type": "PROACTIVE",
        "minimalAction": None,
        "mostDisruptiveAllowedAction": None,
        "replacementMethod": None,
        "maxSurge": surge,
        "maxUnavailable": unavailable,
    }


@pytest.mark.parametrize(
    ("patched", "latest", "changes"),
    [
        (None, {"statefulPolicy": {"a": 1}}, ()),
        ({"statefulPolicy": {"a": 1}}, None, ()),
        ({}, {"updatePolicy": None, "statefulPolicy": {}, "name": "other"}, ()),
        ({}, {"statefulPolicy": {"a": 1}}, ("statefulPolicy was added",)),
        ({"autoHealingPolicies": [1]}, {"autoHealingPolicies": []}, ("autoHealingPolicies was removed",)),
        (
            {"updatePolicy": {"type": "PROACTIVE"}, "allInstancesConfig": {"a": 1}},
            {"updatePolicy": {"type": "OPPORTUNISTIC"}, "allInstancesConfig": {"a": 2}},
            ("updatePolicy.type was changed from PROACTIVE to OPPORTUNISTIC", "allInstancesConfig was changed"),
        ),
    ],
)
def test_later_changes_of_a_group_are_listed(
    patched: dict[str, Any] | None, latest: dict[str, Any] | None, changes: tuple[str, ...]
) -> None:
    """Only members that can make a rollout fail are compared, and an empty member is the same as an absent one."""
    assert changes_since_patch(patched, latest) == changes


@pytest.mark.parametrize(
    ("settings", "zones", "size", "surge", "expected"),
    [
        ({"surge": "20%", "unavailable": "10%"}, 1, 10, None, ("20%", "10%")),
        ({"surge": "20%", "unavailable": "10%"}, 1, 9, None, (2, 1)),
        ({"surge": "20%", "unavailable": "0%"}, 1, 9, None, (2, 0)),
        ({"surge": "20%", "unavailable": "10%"}, 3, 9, None, (3, 3)),
        ({"surge": "20%"}, 1, 0, None, (1, 0)),
        ({"surge": 2, "unavailable": 1}, 3, 9, None, (3, 3)),
        ({"surge": 4}, 3, 9, None, (4, 0)),
        ({"surge": "20%"}, 1, 9, 7, (7, 0)),
        ({"method": "RECREATE", "unavailable": "10%"}, 1, 3, None, (0, 1)),
    ],
)
def test_policy_has_numbers_that_compute_engine_accepts(
    settings: dict[str, Any], zones: int, size: int, surge: int | None, expected: tuple[object, object]
) -> None:
    """Below ten instances a percentage is the number that it stands for; a number is 0 or one for each zone."""
    names = [{"zone": f"zones/z-{number}"} for number in range(zones)]
    raw = {"targetSize": size, "distributionPolicy": {"zones": names}}
    policy = accepted_policy(RolloutSettings(**settings), parse_group(raw, ()), surge)
    values = policy_values(policy)
    assert (values["maxSurge"], values["maxUnavailable"]) == expected
    if surge is None:
        assert differing_values(RolloutSettings(**settings), parse_group({**raw, "updatePolicy": policy}, ())) == {}
