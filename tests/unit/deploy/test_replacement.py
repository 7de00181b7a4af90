"""How many instances a rollout replaces at a time, by the environment file and the zones and size of the group."""

from typing import Any

import pytest

from deploy.config import Config
from deploy.documents.group_state import Group, parse_group
from deploy.documents.instance_count import InstanceCount
from deploy.group.policy_refusals import update_policy_refusals
from deploy.group.replacement import count_refusals, missing_instances, replaced_at_once, surge_instances
from deploy.group.update_policy import has_larger_surge, largest_surge, rollout_policy
from deploy.rollout_settings import RolloutSettings
from tests.unit.deploy.scripted_compute import group_document
from tests.unit.deploy.values import CONFIG


def config(**rollout: Any) -> Config:
    """Return the environment of a group with other rollout settings."""
    return CONFIG.model_copy(update={"rollout": RolloutSettings(**rollout)})


def group(zones: int = 3, size: int = 3, **policy: Any) -> Group:
    """Return a group in some zones."""
    entries = [{"zone": f"https://x/compute/v1/projects/p/zones/r-{letter}"} for letter in "abcdef"[:zones]]
    place: dict[str, Any] = {"zone": None, "region": "regions/r", "distributionPolicy": {"zones": entries}}
    document = group_document(targetSize=size, **(place if zones > 1 else {}))
    return parse_group({**document, "updatePolicy": document["updatePolicy"] | policy}, ())


@pytest.mark.parametrize(
    ("value", "size", "instances", "text", "document"),
    [
        (3, 10, 3, "3", {"fixed": 3, "percent": None}),
        (0, 10, 0, "0", {"fixed": 0, "percent": None}),
        ("20%", 10, 2, "20%", {"percent": 20, "fixed": None}),
        ("21%", 10, 3, "21%", {"percent": 21, "fixed": None}),
        ("1%", 10, 1, "1%", {"percent": 1, "fixed": None}),
        ("100%", 7, 7, "100%", {"percent": 100, "fixed": None}),
        ("0%", 100, 0, "0%", {"percent": 0, "fixed": None}),
        ("29%", 100, 29, "29%", {"percent": 29, "fixed": None}),
    ],
)
def test_count_is_a_number_or_a_percentage_rounded_up(
    value: int | str, size: int, instances: int, text: str, document: dict[str, int | None]
) -> None:
    """A part of an instance counts as one, and a PATCH removes the other kind of number."""
    count = InstanceCount.parse(value)
    assert (count.instances(size), str(count), count.document()) == (instances, text, document)


@pytest.mark.parametrize(
    ("rollout", "zones", "size", "surge", "missing", "at_once"),
    [
        ({}, 1, 3, 1, 0, 1),
        ({}, 3, 6, 3, 0, 3),
        ({}, 4, 3, 3, 0, 3),
        ({"surge": 1, "unavailable": 1}, 1, 4, 1, 1, 2),
        ({"surge": "30%", "unavailable": "10%"}, 3, 11, 4, 2, 6),
        ({"method": "RECREATE", "unavailable": 2}, 1, 3, 0, 2, 2),
        ({}, 1, 0, 0, 0, 1),
    ],
)
def test_numbers_of_a_rollout(
    rollout: dict[str, Any], zones: int, size: int, surge: int, missing: int, at_once: int
) -> None:
    """Without a setting the surge is one instance for each zone, and never more than the group has."""
    settings, of = config(**rollout), group(zones, size)
    numbers = surge_instances(settings, of), missing_instances(settings, of), replaced_at_once(settings, of)
    assert numbers == (surge, missing, at_once)


@pytest.mark.parametrize(
    ("rollout", "zones", "size", "refused"),
    [
        ({"surge": 1}, 1, 3, []),
        ({"surge": 3}, 3, 3, []),
        ({"surge": 0, "unavailable": 3}, 3, 3, []),
        ({"surge": "1%"}, 3, 10, []),
        ({"surge": 2}, 3, 3, ["surge"]),
        ({"surge": 3, "unavailable": 1}, 4, 3, ["surge", "unavailable"]),
        ({"surge": "50%", "unavailable": "5%"}, 1, 9, ["surge", "unavailable"]),
        ({"unavailable": "50%", "method": "RECREATE"}, 3, 0, ["unavailable"]),
    ],
)
def test_numbers_that_compute_engine_refuses(
    rollout: dict[str, Any], zones: int, size: int, refused: list[str]
) -> None:
    """A fixed number is 0 or at least the number of zones, and a percentage needs ten instances."""
    texts = [refusal.message for refusal in count_refusals(config(**rollout), group(zones, size))]
    assert [text.partition("`rollout.")[2].partition("`")[0] for text in texts] == refused


def test_group_that_substitutes_is_refused_by_recreate_with_the_whole_command() -> None:
    """Compute Engine refuses RECREATE beside a surge, so that the command sets method and numbers at once."""
    [refusal] = update_policy_refusals(config(method="RECREATE", unavailable=1), group(1))
    flags = "--update-policy-replacement-method recreate --update-policy-max-surge 0 --update-policy-max-unavailable 1'"
    assert flags in refusal.fix
    assert not list(
        update_policy_refusals(config(method="RECREATE", unavailable=1), group(replacementMethod="RECREATE", zones=1))
    )


@pytest.mark.parametrize(
    ("rollout", "zones", "size", "room", "surge"),
    [
        ({}, 3, 6, 6, 6),
        ({}, 3, 6, 4, 4),
        ({}, 3, 2, 9, None),
        ({"surge": 0, "unavailable": 3}, 3, 6, 2, None),
        ({"surge": 0, "unavailable": 3}, 3, 6, 3, 3),
        ({"surge": "20%"}, 1, 10, 10, 10),
        ({"surge": "20%"}, 1, 10, 2, None),
        ({"method": "RECREATE", "unavailable": 1}, 1, 6, 6, None),
    ],
)
def test_surge_of_a_rollback(rollout: dict[str, Any], zones: int, size: int, room: int, surge: int | None) -> None:
    """The surge is never between 0 and the number of zones, and RECREATE has none."""
    assert largest_surge(RolloutSettings(**rollout), zones, size, room) == surge


@pytest.mark.parametrize(("surge", "is_left"), [({"fixed": 10}, True), ({"percent": 20}, False), ({"fixed": 2}, False)])
def test_surge_that_a_rollback_left_beside_a_percentage(surge: dict[str, int], is_left: bool) -> None:
    """A fixed surge above the instances of the percentage is that of a rollback."""
    settings = RolloutSettings(surge="20%")
    policy = rollout_policy(settings, 1) | {"maxSurge": surge}
    assert has_larger_surge(settings, group(1, 10, **policy)) is is_left
