"""A regional group of three zones, and groups whose instances are replaced in other ways than the seed's."""

from collections.abc import Mapping
from typing import Any

from deploy.documents.location import Location
from deploy.rollout_settings import RolloutSettings
from tests.integration.deploy.rig import Rig, new_rig
from tests.unit.deploy.values import CONFIG

LOCATION = Location("region", "asia-northeast3")
ZONES = ("asia-northeast3-a", "asia-northeast3-b", "asia-northeast3-c")
SEED = "dojangkok-dev-ai-server-seed"
REGIONAL_SEED = f"projects/dojangkok-dev/regions/asia-northeast3/instanceTemplates/{SEED}"
POLICY = {
    "type": "PROACTIVE",
    "minimalAction": "REPLACE",
    "mostDisruptiveAllowedAction": "REPLACE",
    "replacementMethod": "SUBSTITUTE",
    "maxSurge": {"fixed": 3},
    "maxUnavailable": {"fixed": 0},
}


def settings(**rollout: Any) -> RolloutSettings:
    """Return rollout settings without a bake, with the poll of the tests."""
    return RolloutSettings(**{"bake_s": 0.0, "poll_s": (10.0, 10.0), **rollout})


def regional_rig(
    *,
    size: int = 3,
    rollout: RolloutSettings | None = None,
    metadata: Mapping[str, str] | None = None,
    **policy: Any,
) -> Rig:
    """
    Return a rig with a settled group of a region.

    Args:
        size: target size of the group.
        rollout: rollout settings of the environment file.
        metadata: all metadata of its template in place of the seed's; None for the seed's own.
        policy: members of the group's update policy that differ from POLICY.
    """
    change = {"zone": None, "region": LOCATION.name, "rollout": rollout or settings()}
    members: dict[str, Any] = {"region": LOCATION.name, "targetSize": size, "updatePolicy": POLICY | policy}
    return _settled(new_rig(metadata=metadata, config=CONFIG.model_copy(update=change), **members))


def recreating_rig(*, size: int = 3, unavailable: int = 1) -> Rig:
    """Return a rig with a settled zonal group whose rollouts keep the names of instances."""
    policy = POLICY | {"replacementMethod": "RECREATE", "maxSurge": {"fixed": 0}, "maxUnavailable": {"fixed": 1}}
    rollout = settings(method="RECREATE", unavailable=unavailable)
    return _settled(
        new_rig(config=CONFIG.model_copy(update={"rollout": rollout}), targetSize=size, updatePolicy=policy)
    )


def _settled(rig: Rig) -> Rig:
    rig.emulator.environment.advance()
    return rig


def zones_of_instances(rig: Rig) -> list[str]:
    """Return the zone of each instance that is meant to run, in order."""
    return sorted(instance.zone for instance in rig.observed().group.active_instances)
