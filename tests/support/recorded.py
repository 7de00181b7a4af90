"""
Answers of Compute Engine that public test data has recorded: their members and the form of each, with our own values.

No public recording of listManagedInstances or listErrors was found on 2026-11-27; their shapes are reported only.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

Json = dict[str, Any]
HOST: Final = "https://www.googleapis.com/compute"
_KCC: Final = (
    "GoogleCloudPlatform/k8s-config-connector at 1e63b160, computeinstancegroupmanager/zonalcomputeinstancegroupmanager"
)
_GCPDIAG: Final = "GoogleCloudPlatform/gcpdiag at 06ec8584, test-data"


@dataclass(frozen=True)
class Recorded:
    """
    A recorded answer.

    Args:
        source: repository, commit and folder of the recording
        on: date of the recording
        document: the answer, with our own values
    """

    source: str
    on: str
    document: Json


COUNTERS: Final = (
    "abandoning", "creating", "creatingWithoutRetries", "deleting", "none", "recreating", "refreshing", "restarting",
    "resuming", "starting", "stopping", "suspending", "verifying",
)  # fmt: skip
_LIFECYCLE: Final = {"defaultActionOnFailure": "REPAIR", "forceUpdateOnRepair": "NO"}
_STATUS: Final = {
    "allInstancesConfig": {"effective": True},
    "stateful": {"hasStatefulConfig": False, "perInstanceConfigs": {"allEffective": True}},
    "versionTarget": {"isReached": True},
}

# A new group whose request left the type and the most disruptive action of its update policy out. The links of the
# health check and the templates are of another version of the API than the request.
NEW_GROUP: Final = Recorded(
    _KCC,
    "2026-06",
    {
        "kind": "compute#instanceGroupManager",
        "id": "4001790000000000005",
        "name": "web",
        "baseInstanceName": "app",
        "creationTimestamp": "2026-06-16T10:00:00.000-07:00",
        "fingerprint": "V4BKkvNevmY=",
        "selfLink": f"{HOST}/v1/projects/demo/zones/asia-northeast3-a/instanceGroupManagers/web",
        "zone": f"{HOST}/v1/projects/demo/zones/asia-northeast3-a",
        "instanceGroup": f"{HOST}/beta/projects/demo/zones/asia-northeast3-a/instanceGroups/web",
        "instanceTemplate": f"{HOST}/beta/projects/demo/global/instanceTemplates/t",
        "versions": [
            {
                "instanceTemplate": f"{HOST}/beta/projects/demo/global/instanceTemplates/t",
                "targetSize": {"calculated": 3},
            }
        ],
        "autoHealingPolicies": [
            {"healthCheck": f"{HOST}/beta/projects/demo/global/healthChecks/up", "initialDelaySec": 300}
        ],
        "currentActions": dict.fromkeys(COUNTERS, 0) | {"creating": 3},
        "instanceLifecyclePolicy": _LIFECYCLE,
        "listManagedInstancesResults": "PAGELESS",
        "standbyPolicy": {"mode": "MANUAL"},
        "status": {**_STATUS, "isStable": False},
        "targetSize": 3,
        "targetStoppedSize": 0,
        "targetSuspendedSize": 0,
        "updatePolicy": {
            "maxSurge": {"calculated": 3, "fixed": 3},
            "maxUnavailable": {"calculated": 3, "fixed": 3},
            "minimalAction": "RESTART",
            "replacementMethod": "SUBSTITUTE",
            "type": "OPPORTUNISTIC",
        },
    },
)
# A group all of whose instances wait for their health check: not stable, and its version target is reached.
VERIFYING: Final = Recorded(
    f"{_GCPDIAG}/gce5", "2025-03-18", {"status": {**_STATUS, "isStable": False}, "currentActions": {"verifying": 2}}
)
TEMPLATE: Final = Recorded(
    _KCC,
    "2026-06",
    {
        "kind": "compute#instanceTemplate",
        "id": "4001790000000000003",
        "name": "t",
        "description": "",
        "creationTimestamp": "2026-06-16T10:00:00.000-07:00",
        "selfLink": f"{HOST}/v1/projects/demo/global/instanceTemplates/t",
        "properties": {
            "disks": [
                {
                    "autoDelete": True,
                    "boot": True,
                    "deviceName": "persistent-disk-0",
                    "index": 0,
                    "initializeParams": {"diskType": "pd-standard", "sourceImage": "global/images/family/base"},
                    "kind": "compute#attachedDisk",
                    "mode": "READ_WRITE",
                    "type": "PERSISTENT",
                }
            ],
            "labels": {"a": "b"},
            "machineType": "n1-standard-1",
            "metadata": {"fingerprint": "YoomiAXFltc=", "kind": "compute#metadata"},
            "networkInterfaces": [
                {
                    "kind": "compute#networkInterface",
                    "name": "nic0",
                    "network": f"{HOST}/beta/projects/demo/global/networks/default",
                }
            ],
            "scheduling": {
                "automaticRestart": True,
                "onHostMaintenance": "MIGRATE",
                "preemptible": False,
                "provisioningModel": "STANDARD",
            },
            "tags": {},
        },
    },
)
HEALTH_CHECK: Final = Recorded(
    _KCC,
    "2026-06",
    {
        "kind": "compute#healthCheck",
        "id": "4001790000000000001",
        "name": "up",
        "creationTimestamp": "2026-06-16T10:00:00.000-07:00",
        "selfLink": f"{HOST}/v1/projects/demo/global/healthChecks/up",
        "checkIntervalSec": 5,
        "healthyThreshold": 2,
        "httpHealthCheck": {"port": 80, "proxyHeader": "NONE", "requestPath": "/"},
        "timeoutSec": 5,
        "type": "HTTP",
        "unhealthyThreshold": 2,
    },
)
OPERATION: Final = Recorded(
    _KCC,
    "2026-06",
    {
        "kind": "compute#operation",
        "id": "1021955141744596435",
        "name": "operation-1790000000000-8c018f2478019-3e57d170-26c1d7d5",
        "operationType": "patch",
        "insertTime": "2026-06-16T10:00:00.000-07:00",
        "startTime": "2026-06-16T10:00:00.000-07:00",
        "progress": 0,
        "status": "RUNNING",
        "selfLink": f"{HOST}/v1/projects/demo/zones/asia-northeast3-a/operations/o",
        "targetId": "4001790000000000005",
        "targetLink": f"{HOST}/v1/projects/demo/zones/asia-northeast3-a/instanceGroupManagers/web",
        "user": "user@example.com",
        "zone": f"{HOST}/v1/projects/demo/zones/asia-northeast3-a",
    },
)
OPERATION_TYPES: Final = Recorded(
    _KCC,
    "2026-06",
    {
        "healthChecks.insert": "insert",
        "instanceTemplates.insert": "compute.instanceTemplates.insert",
        "instanceGroupManagers.insert": "compute.instanceGroupManagers.insert",
        "instanceGroupManagers.patch": "patch",
        "instanceGroupManagers.delete": "compute.instanceGroupManagers.delete",
    },
)
FAILED_OPERATION: Final = Recorded(
    "kubernetes/autoscaler, cluster-autoscaler/cloudprovider/gce/autoscaling_gce_client_test.go",
    "2021-12-08",
    {
        "error": {"errors": [{"code": "CONDITION_NOT_MET", "message": "no"}]},
        "httpErrorMessage": "PRECONDITION FAILED",
        "httpErrorStatusCode": 412,
        "name": "operation-1790000000000-8c018f2478019-3e57d170-26c1d7d5",
        "operationType": "compute.instanceGroupManagers.createInstances",
        "progress": 100,
        "status": "DONE",
        "startTime": "2021-12-08T11:42:41.543-08:00",
        "endTime": "2021-12-08T11:42:45.071-08:00",
    },
)
REGION: Final = Recorded(
    f"{_GCPDIAG}/gce1",
    "2022-05-02",
    {
        "kind": "compute#region",
        "id": "1220",
        "name": "asia-northeast3",
        "description": "asia-northeast3",
        "creationTimestamp": "1969-12-31T16:00:00.000-08:00",
        "status": "UP",
        "selfLink": f"{HOST}/v1/projects/demo/regions/asia-northeast3",
        "zones": [f"{HOST}/v1/projects/demo/zones/asia-northeast3-a"],
        "quotas": [
            {"metric": "INSTANCES", "limit": 6000.0, "usage": 0.0},
            {"metric": "CPUS", "limit": 600.0, "usage": 0.0},
            {"metric": "N2D_CPUS", "limit": 300.0, "usage": 0.0},
            {"metric": "DISKS_TOTAL_GB", "limit": 102400.0, "usage": 0.0},
            {"metric": "SSD_TOTAL_GB", "limit": 40960.0, "usage": 0.0},
        ],
    },
)
ABSENT: Final = Recorded(
    _KCC,
    "2026-06",
    {
        "error": {
            "code": 404,
            "errors": [{"domain": "global", "message": "no", "reason": "notFound"}],
            "message": "no",
        }
    },
)


def members(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield path and JSON type of each member of a document; all rows of a list have one path."""
    if isinstance(value, dict):
        for key, member in value.items():
            yield from members(member, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list):
        for row in value:
            yield from members(row, f"{path}[]")
    else:
        yield path, "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__
