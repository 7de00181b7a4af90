"""Every method of regional groups, called by google-cloud-compute 1.57.0, which parses each answer."""

from typing import Any

import google.cloud.compute_v1 as compute
import pytest
from google.api_core.exceptions import BadRequest

from tests.contract.marks import covers, differs, regional, unverified, verified
from tests.contract.rig import GROUP, HOME, PROJECT, REGION, EmulatorClient, Json, name_of, names

HERE = {"project": PROJECT, "region": REGION}
GROUPS = f"{HOME}/regions/{REGION}/instanceGroupManagers"
WIDE = f"{GROUPS}/wide"
PREFIX = "region_instance_group_managers"


@verified("P")
@covers(
    "regionInstanceGroupManagers.insert", "regionInstanceGroupManagers.get", "regionInstanceGroupManagers.list",
    "regionInstanceGroupManagers.setInstanceTemplate", "regionInstanceGroupManagers.resize",
    "regionInstanceGroupManagers.recreateInstances", "regionInstanceGroupManagers.applyUpdatesToInstances",
    "regionInstanceGroupManagers.abandonInstances", "regionInstanceGroupManagers.deleteInstances",
    "regionInstanceGroupManagers.listErrors", "regionInstanceGroupManagers.listPerInstanceConfigs",
    "regionInstanceGroupManagers.createInstances", "regionInstanceGroupManagers.delete", "regionOperations.list",
)  # fmt: skip
def test_regional_group_managers(emulator: EmulatorClient) -> None:
    """The typed client can call every verb of a regional group manager, and parses every answer."""
    client, link = emulator.google(compute.RegionInstanceGroupManagersClient), emulator.template("t")
    group = compute.InstanceGroupManager(name="wide", target_size=2, instance_template=link)
    client.insert_unary(**HERE, instance_group_manager_resource=group)
    which: dict[str, Any] = {**HERE, "instance_group_manager": "wide"}
    assert names(client.list(**HERE)) == ["wide"]
    assert len(client.get(**which).distribution_policy.zones) == 3
    wanted = compute.RegionInstanceGroupManagersSetTemplateRequest(instance_template=link)
    client.set_instance_template_unary(**which, region_instance_group_managers_set_template_request_resource=wanted)
    client.resize_unary(**which, size=3)
    emulator.settled(WIDE)
    first, second, third = (row.instance for row in client.list_managed_instances(**which))
    assert len({link.split("/")[-3] for link in (first, second, third)}) == 3
    for call, message, argument, instance in (
        ("recreate_instances", "Recreate", "recreate", first),
        ("apply_updates_to_instances", "ApplyUpdates", "apply_updates", first),
        ("abandon_instances", "AbandonInstances", "abandon_instances", second),
        ("delete_instances", "DeleteInstances", "delete_instances", third),
    ):
        body = getattr(compute, f"RegionInstanceGroupManagers{message}Request")(instances=[instance])
        send = getattr(client, f"{call}_unary")
        operation = send(**which, **{f"{PREFIX}_{argument}_request_resource": body})
        assert (operation.target_link.endswith("/wide"), operation.region.endswith(REGION)) == (True, True)
    emulator.settled(WIDE)
    assert [row.instance for row in client.list_managed_instances(**which)] == [first]
    more = compute.RegionInstanceGroupManagersCreateInstancesRequest(
        instances=[compute.PerInstanceConfig(name="wide-more")]
    )
    client.create_instances_unary(**which, **{f"{PREFIX}_create_instances_request_resource": more})
    assert emulator.settled(WIDE)["targetSize"] == 2
    assert list(client.list_errors(**which)) == []
    assert list(client.list_per_instance_configs(**which)) == []
    client.delete_unary(**which)
    operations = emulator.google(compute.RegionOperationsClient)
    kinds = {operation.operation_type.rpartition(".")[2] for operation in operations.list(**HERE)}
    assert {"insert", "setInstanceTemplate", "resize", "recreateInstances", "createInstances", "delete"} <= kinds


@verified("P")
@covers(
    "regionAutoscalers.insert", "regionAutoscalers.get", "regionAutoscalers.list", "regionAutoscalers.patch",
    "regionAutoscalers.delete", "autoscalers.aggregatedList",
)  # fmt: skip
def test_regional_autoscalers(emulator: EmulatorClient) -> None:
    """An autoscaler of a region keeps a regional group within its bounds, and is shown by the group."""
    emulator.do("POST", GROUPS, {"name": "wide", "targetSize": 1, "instanceTemplate": emulator.template("t")})
    client = emulator.google(compute.RegionAutoscalersClient)
    target = f"regions/{REGION}/instanceGroupManagers/wide"
    policy = compute.AutoscalingPolicy(min_num_replicas=2, max_num_replicas=4)
    scaler = compute.Autoscaler(name="more", target=target, autoscaling_policy=policy)
    client.insert_unary(**HERE, autoscaler_resource=scaler)
    shown = client.get(**HERE, autoscaler="more")
    assert (shown.region.rpartition("/")[2], emulator.group(WIDE)["targetSize"]) == (REGION, 2)
    assert emulator.group(WIDE)["status"]["autoscaler"] == shown.self_link
    everywhere = emulator.google(compute.AutoscalersClient).aggregated_list(project=PROJECT)
    assert names(client.list(**HERE)) == names(everywhere) == ["more"]
    patch = compute.Autoscaler(name="more", autoscaling_policy=compute.AutoscalingPolicy(min_num_replicas=3))
    client.patch_unary(**HERE, autoscaler_resource=patch)
    assert emulator.settled(WIDE)["targetSize"] == 3
    client.delete_unary(**HERE, autoscaler="more")
    assert names(client.list(**HERE)) == []


@verified("P")
@covers(
    "regionHealthChecks.insert", "regionHealthChecks.get", "regionHealthChecks.list", "regionHealthChecks.patch",
    "regionHealthChecks.update", "regionHealthChecks.delete",
)  # fmt: skip
def test_regional_health_checks(emulator: EmulatorClient) -> None:
    """A health check of a region heals a group there, and cannot be deleted meanwhile."""
    client = emulator.google(compute.RegionHealthChecksClient)
    check = compute.HealthCheck(name="up", type_="HTTP", http_health_check=compute.HTTPHealthCheck(port=80))
    client.insert_unary(**HERE, health_check_resource=check)
    client.patch_unary(**HERE, health_check="up", health_check_resource=compute.HealthCheck(check_interval_sec=9))
    shown = client.get(**HERE, health_check="up")
    assert (shown.check_interval_sec, shown.region.rpartition("/")[2]) == (9, REGION)
    client.update_unary(**HERE, health_check="up", health_check_resource=check)
    assert client.get(**HERE, health_check="up").check_interval_sec == 5
    body: Json = {"name": "wide", "targetSize": 1, "instanceTemplate": emulator.template("t")}
    healing = [{"healthCheck": f"regions/{REGION}/healthChecks/up", "initialDelaySec": 60}]
    emulator.do("POST", GROUPS, body | {"autoHealingPolicies": healing})
    emulator.settled(WIDE)
    (health,) = emulator.rows(WIDE)[0]["instanceHealth"]
    assert health == {"healthCheck": shown.self_link, "detailedHealthState": "HEALTHY"}
    with pytest.raises(BadRequest):
        client.delete_unary(**HERE, health_check="up")
    emulator.ask("DELETE", WIDE)
    emulator.pass_time(60)
    client.delete_unary(**HERE, health_check="up")
    assert names(client.list(**HERE)) == []


@regional
@differs("instances of a group are created by name only: there are no per-instance configurations")
@covers("instanceGroupManagers.createInstances")
def test_instances_of_given_names(emulator: EmulatorClient) -> None:
    """createInstances adds instances of given names; taken and malformed names and preserved states are refused."""
    emulator.web(1)
    create = f"{GROUP}/createInstances"
    emulator.do("POST", create, {"instances": [{"name": "web-x"}, {"name": "web-y"}]})
    assert emulator.settled()["targetSize"] == 3
    assert {"web-x", "web-y"} <= {row["name"] for row in emulator.rows()}
    for config in ({"name": "web-x"}, {"name": "Bad"}, {}):
        status, reason, message = emulator.refused("POST", create, {"instances": [config]})
        assert (status, reason) == (400, "invalid")
        assert "'resource.instances[0].name'" in message
    state = {"name": "web-z", "preservedState": {"metadata": {"a": "b"}}}
    assert emulator.refused("POST", create, {"instances": [state]})[:2] == (501, "notImplemented")
    assert emulator.refused("POST", create, {"instances": []})[:2] == (400, "invalid")


@regional
@unverified("I")
@covers(
    "backendServices.insert", "backendServices.get", "backendServices.list", "backendServices.aggregatedList",
    "backendServices.patch", "backendServices.update", "backendServices.delete", "healthChecks.delete",
)  # fmt: skip
def test_a_second_check_of_a_load_balancer(emulator: EmulatorClient) -> None:
    """
    The health check of a backend service that has the group as a backend is a second row of instanceHealth, and repairs
    nothing; an instance rule can leave that check unanswered.
    """
    emulator.control("POST", "instance-rules", {"unanswered": ["front"]})
    emulator.web(1)
    services, check = f"{HOME}/global/backendServices", {"type": "HTTP", "httpHealthCheck": {"port": 81}}
    emulator.do("POST", f"{HOME}/global/healthChecks", {"name": "front"} | check)
    backends = [{"group": GROUP.replace("/instanceGroupManagers/", "/instanceGroups/")}]
    body = {"name": "front", "healthChecks": ["global/healthChecks/front"], "backends": backends}
    emulator.do("POST", services, body)
    emulator.pass_time(400)
    (row,) = emulator.rows()
    verdicts = {name_of(health["healthCheck"]): health["detailedHealthState"] for health in row["instanceHealth"]}
    assert (verdicts, row["currentAction"]) == ({"up": "HEALTHY", "front": "UNHEALTHY"}, "NONE")
    used = emulator.refused("DELETE", f"{HOME}/global/healthChecks/front")
    assert used[:2] == (400, "resourceInUseByAnotherResource")
    emulator.do("PATCH", f"{services}/front", {"backends": []})
    assert [health["detailedHealthState"] for health in emulator.rows()[0]["instanceHealth"]] == ["HEALTHY"]
    emulator.do("PUT", f"{services}/front", body | {"timeoutSec": 9})
    assert emulator.get(f"{services}/front")["timeoutSec"] == 9
    assert [service["name"] for service in emulator.get(services)["items"]] == ["front"]
    scopes = emulator.get(f"{HOME}/aggregated/backendServices")["items"]
    assert [service["name"] for service in scopes["global"]["backendServices"]] == ["front"]
    emulator.do("DELETE", f"{services}/front")
    emulator.do("DELETE", f"{HOME}/global/healthChecks/front")


@verified("P")
@covers(
    "regionBackendServices.insert", "regionBackendServices.get", "regionBackendServices.list",
    "regionBackendServices.patch", "regionBackendServices.update", "regionBackendServices.delete",
)  # fmt: skip
def test_regional_backend_services(emulator: EmulatorClient) -> None:
    """Backend services of a region are stored, changed, listed and deleted."""
    client = emulator.google(compute.RegionBackendServicesClient)
    service = compute.BackendService(name="front", protocol="TCP")
    client.insert_unary(**HERE, backend_service_resource=service)
    client.patch_unary(**HERE, backend_service="front", backend_service_resource=compute.BackendService(timeout_sec=7))
    shown = client.get(**HERE, backend_service="front")
    assert (shown.protocol, shown.timeout_sec, shown.region.rpartition("/")[2]) == ("TCP", 7, REGION)
    client.update_unary(**HERE, backend_service="front", backend_service_resource=service)
    assert client.get(**HERE, backend_service="front").timeout_sec == 30
    assert names(client.list(**HERE)) == ["front"]
    client.delete_unary(**HERE, backend_service="front")
    assert names(client.list(**HERE)) == []
