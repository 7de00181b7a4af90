"""Rollouts of a group behind a load balancer, which has a health check of its own and drains what is deleted."""

import pytest

from deploy.errors import RolledBackError
from tests.integration.deploy.faulty import set_instance_rule
from tests.integration.deploy.rig import Rig, new_rig

_HOME = "projects/dojangkok-dev/global"
_DRAIN_S = 90


def balanced_rig() -> Rig:
    """Return a rig whose group is the backend of a load balancer that drains for 90 s."""
    rig = new_rig()
    rig.control("POST", f"{_HOME}/healthChecks", {"name": "front", "httpHealthCheck": {"requestPath": "/readyz"}})
    service = {
        "name": "front", "healthChecks": ["global/healthChecks/front"],
        "backends": [{"group": rig.group.replace("/instanceGroupManagers/", "/instanceGroups/")}],
        "connectionDraining": {"drainingTimeoutSec": _DRAIN_S},
    }  # fmt: skip
    rig.control("POST", f"{_HOME}/backendServices", service)
    rig.emulator.environment.clock.move(60)
    return rig


def test_each_old_instance_is_drained() -> None:
    """
    Each old instance is deleted at the earliest 90 s after a new one serves in its place, and the capacity never falls.
    Every instance has a row of each check meanwhile.
    """
    rig = balanced_rig()
    (instance, *_) = rig.control("POST", f"{rig.group}/listManagedInstances", {})["managedInstances"]
    checks = sorted(row["healthCheck"].rpartition("/")[2] for row in instance["instanceHealth"])
    assert (len(checks), checks.count("front")) == (2, 1)
    result = rig.deploy("a")
    assert (rig.serving(), rig.never_fewer_than(3)) == (["a"] * 3, True)
    healthy = sorted(times.healthy_s or 0.0 for times in result.instances if times.is_new)
    deleted = sorted(times.deleted_s or 0.0 for times in result.instances if not times.is_new)
    assert all(gone - serves >= _DRAIN_S for serves, gone in zip(healthy, deleted, strict=True)), (healthy, deleted)


def test_only_the_groups_own_check_decides() -> None:
    """
    A release that only the load balancer finds unhealthy is kept; a release that only the group's own check finds
    unhealthy is rolled back, although the load balancer sends requests to it.
    """
    rig = balanced_rig()
    set_instance_rule(rig, "a", unanswered=["front"])
    assert rig.deploy("a").changed
    assert rig.serving() == ["a"] * 3
    own = next(row for row in rig.control("GET", f"{_HOME}/healthChecks")["items"] if row["name"] != "front")
    set_instance_rule(rig, "b", unanswered=[own["name"]])
    with pytest.raises(RolledBackError):
        rig.deploy("b")
    assert rig.serving() == ["a"] * 3
