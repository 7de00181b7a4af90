"""Answers of Compute Engine about a regional group that public test data has recorded, with our own values."""

from typing import Final

from tests.support.recorded import HOST, NEW_GROUP, Recorded

_KCC: Final = (
    "GoogleCloudPlatform/k8s-config-connector at 49dca9c0,"
    " computeinstancegroupmanager/regionalcomputeinstancegroupmanager"
)
_REGION: Final = f"{HOST}/v1/projects/demo/regions/asia-northeast3"
# The region of the recording has four zones; the request named no zones and no redistribution.
NEW_REGIONAL_GROUP: Final = Recorded(
    _KCC,
    "2026-06",
    {key: value for key, value in NEW_GROUP.document.items() if key != "zone"}
    | {
        "region": _REGION,
        "selfLink": f"{_REGION}/instanceGroupManagers/web",
        "distributionPolicy": {
            "targetShape": "EVEN",
            "zones": [{"zone": f"{HOST}/beta/projects/demo/zones/asia-northeast3-{letter}"} for letter in "bcd"],
        },
        "updatePolicy": NEW_GROUP.document["updatePolicy"] | {"instanceRedistributionType": "PROACTIVE"},
    },
)
OPERATION_TYPES: Final = Recorded(
    _KCC,
    "2026-06",
    {
        "regionInstanceGroupManagers.patch": "patch",
        "regionInstanceGroupManagers.delete": "compute.instanceGroupManagers.delete",
    },
)
