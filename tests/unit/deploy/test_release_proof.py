"""Whether the release that a group serves is proven."""

from datetime import UTC, datetime

import pytest

from deploy.documents.group_state import Group, Instance, Version
from deploy.group.release_proof import fallback_warnings, unproven_reason
from deploy.release.record import Fallback

DEADLINE = datetime(2026, 11, 23, 11, 40, tzinfo=UTC)
NAMED = Version("new", "deploy/aaaaaaaaaaaa/run1/20261123T113000Z/600s")
OLD = Instance("b", Version("old"), "RUNNING", "NONE", "HEALTHY")


def instance(name: str, health: str = "HEALTHY", action: str = "NONE", status: str = "RUNNING") -> Instance:
    """Return an instance of the named version."""
    return Instance(name, NAMED, status, action, health)


@pytest.mark.parametrize(
    ("instances", "now", "reason"),
    [
        ((), DEADLINE, "no instance serves it"),
        ((Instance("a", None, "STOPPING", "DELETING", ""),), DEADLINE, "no instance serves it"),
        ((instance("a"), instance("b")), DEADLINE, ""),
        ((instance("a"), OLD), DEADLINE, "it is not on every instance"),
        (
            (instance("a"), instance("b"), instance("c", "TIMEOUT")),
            DEADLINE.replace(minute=39),
            "its rollout has time until 2026-11-23 11:40 UTC",
        ),
        ((instance("a"), instance("b"), instance("c", "TIMEOUT")), DEADLINE, ""),
        ((instance("a"), instance("b", "TIMEOUT")), DEADLINE, "b is TIMEOUT"),
        ((instance("a", ""), instance("b", "", status=""), instance("c")), DEADLINE, "a is RUNNING, b is unknown"),
        ((instance("a"), instance("b"), instance("c", "", "RECREATING")), DEADLINE, "c is RECREATING"),
    ],
)
def test_release_is_proven_while_more_than_half_of_the_instances_are_healthy(
    instances: tuple[Instance, ...], now: datetime, reason: str
) -> None:
    """A rollout is proven at its deadline at the earliest, and by no instance that the group recreates."""
    group = Group({}, (NAMED,), len(instances), "f", True, True, instances)
    assert unproven_reason(group, now) == reason


@pytest.mark.parametrize(
    ("fallback", "warnings"),
    [
        (Fallback(NAMED.link, "1", NAMED.name), ()),
        (
            Fallback("old", "1"),
            ("if this release fails, a rollback restores 'old', not 'new', because b is TIMEOUT",),
        ),
        (None, ("if this release fails, no rollback is possible, not even to 'new', because b is TIMEOUT",)),
    ],
)
def test_fallback_that_does_not_serve_now_is_a_warning(fallback: Fallback | None, warnings: tuple[str, ...]) -> None:
    """The operator reads before a deploy which release a failure would restore, and why."""
    assert fallback_warnings(fallback, NAMED, "b is TIMEOUT") == warnings
