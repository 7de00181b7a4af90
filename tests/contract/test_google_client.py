"""How google-cloud-compute 1.57.0 parses the answers: operations, errors and lost fields."""

import json
from collections.abc import Callable
from typing import Any

import google.cloud.compute_v1 as compute
import pytest
from google.api_core.exceptions import (
    BadRequest,
    Conflict,
    Forbidden,
    GoogleAPICallError,
    NotFound,
    PreconditionFailed,
    ServiceUnavailable,
)
from google.api_core.future.polling import DEFAULT_POLLING
from google.api_core.retry import Retry

from tests.contract.marks import covers, verified
from tests.contract.rig import GROUP, PROJECT, ROLL, TEMPLATES, ZONE, EmulatorClient

WHERE = {"project": PROJECT, "zone": ZONE}
OFTEN = DEFAULT_POLLING.with_delay(initial=0.01, maximum=0.02).with_timeout(20.0)
ERROR = {"error": "QUOTA_EXCEEDED", "message": "Quota exceeded."}


def template(name: str) -> compute.InstanceTemplate:
    """Return the smallest template."""
    return compute.InstanceTemplate(name=name, properties=compute.InstanceProperties(machine_type="e2-small"))


def polling(emulator: EmulatorClient, kind: type, services: dict[str, type]) -> Any:
    """Return a client that polls extended operations at the address of its requests."""
    client = emulator.google(kind)
    for name, service in services.items():
        client.transport._extended_operations_services[name] = emulator.google(service)
    return client


@verified("P")
@covers("instanceTemplates.insert", "globalOperations.get", "globalOperations.wait", "instanceTemplates.get")
def test_unary_calls_and_an_operations_client(emulator: EmulatorClient) -> None:
    """A unary insert answers an operation that GlobalOperationsClient waits for; the template reads back typed."""
    client = emulator.google(compute.InstanceTemplatesClient)
    operations = emulator.google(compute.GlobalOperationsClient)
    operation = client.insert_unary(project=PROJECT, instance_template_resource=template("t"))
    assert operation.status == compute.Operation.Status.RUNNING
    assert operation.operation_type.endswith("insert")
    done = operations.wait(project=PROJECT, operation=operation.name)
    assert done.status == compute.Operation.Status.DONE
    assert operations.get(project=PROJECT, operation=operation.name) == done
    kept = client.get(project=PROJECT, instance_template="t")
    assert (kept.id, kept.properties.machine_type) == (done.target_id, "e2-small")


@verified("P")
@covers("instanceTemplates.insert")
def test_extended_operations_poll_elsewhere(emulator: EmulatorClient) -> None:
    """An extended operation is polled through a second client that ignores api_endpoint and asks Google's own host."""
    client = emulator.google(compute.InstanceTemplatesClient)
    client.insert(project=PROJECT, instance_template_resource=template("t"))
    second = client.transport._global_operations_client
    assert second.transport._host == "https://compute.googleapis.com"
    assert client.transport._host != second.transport._host


@verified("P")
@covers("instanceTemplates.insert", "globalOperations.get")
def test_extended_operations_with_the_workaround(emulator: EmulatorClient) -> None:
    """With a second client of the same endpoint put in its place, an extended operation returns its result."""
    client = polling(emulator, compute.InstanceTemplatesClient, {"global_operations": compute.GlobalOperationsClient})
    operation = client.insert(project=PROJECT, instance_template_resource=template("t"))
    operation.result(polling=OFTEN)
    assert operation.done()
    assert client.get(project=PROJECT, instance_template="t").name == "t"


@verified("P")
@covers("instanceGroupManagers.patch", "zoneOperations.get")
def test_a_failed_operation_with_a_code_raises(emulator: EmulatorClient) -> None:
    """An operation that fails with an HTTP code raises that code's exception."""
    emulator.web(0)
    emulator.plan({"on": "instanceGroupManagers.patch", "operation": ERROR})
    client = polling(emulator, compute.InstanceGroupManagersClient, {"zone_operations": compute.ZoneOperationsClient})
    body = compute.InstanceGroupManager(description="lost")
    with pytest.raises(Forbidden):
        client.patch(**WHERE, instance_group_manager="web", instance_group_manager_resource=body).result(polling=OFTEN)
    assert "description" not in emulator.group()


@verified("P")
@covers("instanceGroupManagers.patch", "zoneOperations.get")
def test_a_failed_operation_without_a_code_is_silent(emulator: EmulatorClient) -> None:
    """An operation that fails without an HTTP code returns None; the failure is in its error member alone."""
    emulator.web(0)
    emulator.plan({"on": "instanceGroupManagers.patch", "operation": ERROR | {"has_http_code": False}})
    client = polling(emulator, compute.InstanceGroupManagersClient, {"zone_operations": compute.ZoneOperationsClient})
    body = compute.InstanceGroupManager(description="lost")
    operation = client.patch(**WHERE, instance_group_manager="web", instance_group_manager_resource=body)
    assert operation.result(polling=OFTEN) is None
    assert [error.code for error in operation.error.errors] == ["QUOTA_EXCEEDED"]
    assert "description" not in emulator.group()


@verified("P")
@covers("instanceTemplates.get")
def test_the_typed_client_loses_what_it_does_not_know(emulator: EmulatorClient) -> None:
    """A typed read loses unknown fields and empty lists, which the raw answer keeps; empty text and false survive."""
    properties = {
        "canIpForward": False,
        "serviceAccounts": [{"email": "a", "scopes": []}],
        "scheduling": {"newField": 1},
        "partnerMetadata2": {"x": {}},
        "metadata": {"items": [{"key": "empty", "value": ""}]},
    }
    emulator.do("POST", TEMPLATES, {"name": "t", "properties": properties})
    typed = emulator.google(compute.InstanceTemplatesClient).get(project=PROJECT, instance_template="t")
    seen = json.loads(compute.InstanceTemplate.to_json(typed, always_print_fields_with_no_presence=False))["properties"]
    raw = emulator.get(f"{TEMPLATES}/t")["properties"]
    assert "newField" not in seen["scheduling"]
    assert "partnerMetadata2" not in seen
    assert "scopes" not in seen["serviceAccounts"][0]
    assert (seen["canIpForward"], seen["metadata"]["items"][0]["value"]) == (False, "")
    assert raw["scheduling"]["newField"] == 1
    assert raw["partnerMetadata2"] == {"x": {}}
    assert raw["serviceAccounts"][0]["scopes"] == []


@verified("P")
@covers("instanceTemplates.get", "instanceTemplates.insert", "instanceTemplates.delete", "instanceGroupManagers.patch")
def test_errors_are_typed_and_name_their_reason(emulator: EmulatorClient) -> None:
    """404, 409, 400 and 412 become exceptions of their own, whose errors carry Google's reason."""
    emulator.web(0)
    templates = emulator.google(compute.InstanceTemplatesClient)
    groups = emulator.google(compute.InstanceGroupManagersClient)
    stale = compute.InstanceGroupManager(fingerprint="AAAAAAAAAAA=")
    cases: list[tuple[type[GoogleAPICallError], str, Callable[[], object]]] = [
        (NotFound, "notFound", lambda: templates.get(project=PROJECT, instance_template="gone")),
        (
            Conflict,
            "alreadyExists",
            lambda: templates.insert_unary(project=PROJECT, instance_template_resource=template("old")),
        ),
        (
            BadRequest,
            "resourceInUseByAnotherResource",
            lambda: templates.delete_unary(project=PROJECT, instance_template="old"),
        ),
        (
            PreconditionFailed,
            "conditionNotMet",
            lambda: groups.patch_unary(**WHERE, instance_group_manager="web", instance_group_manager_resource=stale),
        ),
    ]
    for kind, reason, call in cases:
        with pytest.raises(kind) as raised:
            call()
        assert raised.value.errors[0]["reason"] == reason


@verified("P")
@covers("instanceGroupManagers.get")
def test_only_reads_are_retried_and_only_after_503(emulator: EmulatorClient) -> None:
    """The client retries a read after 503, raises after 500, and never repeats a write."""
    emulator.web(0)
    client = emulator.google(compute.InstanceGroupManagersClient)
    quick = Retry(
        initial=0.01, maximum=0.01, timeout=5.0, predicate=lambda error: isinstance(error, ServiceUnavailable)
    )
    plan = emulator.plan(
        {"on": "instanceGroupManagers.get", "nth": [1], "status": 503},
        {"on": "instanceGroupManagers.resize", "nth": [1], "status": 503},
    )
    assert client.get(**WHERE, instance_group_manager="web", retry=quick).name == "web"
    with pytest.raises(ServiceUnavailable):
        client.resize_unary(**WHERE, instance_group_manager="web", size=1)
    assert emulator.fired(plan) == [1, 1]
    assert emulator.group()["targetSize"] == 0


@verified("P", "W")
@covers("instanceGroupManagers.patch", "instanceGroupManagers.listManagedInstances", "zoneOperations.wait")
def test_a_whole_rollout_through_the_client(emulator: EmulatorClient) -> None:
    """A client can request, await and check a rollout with typed messages alone."""
    emulator.web(2)
    link = emulator.template("new")
    client, operations = (
        emulator.google(compute.InstanceGroupManagersClient),
        emulator.google(compute.ZoneOperationsClient),
    )
    policy = compute.InstanceGroupManagerUpdatePolicy(
        type_="PROACTIVE", minimal_action="REPLACE", most_disruptive_allowed_action="REPLACE",
        replacement_method="SUBSTITUTE", max_surge=compute.FixedOrPercent(fixed=1),
        max_unavailable=compute.FixedOrPercent(fixed=0),
    )  # fmt: skip
    version = compute.InstanceGroupManagerVersion(instance_template=link)
    body = compute.InstanceGroupManager(versions=[version], update_policy=policy)
    operation = client.patch_unary(**WHERE, instance_group_manager="web", instance_group_manager_resource=body)
    while operation.status != compute.Operation.Status.DONE:
        operation = operations.wait(**WHERE, operation=operation.name)
    for _ in range(2_000):
        status = client.get(**WHERE, instance_group_manager="web").status
        if status.is_stable and status.version_target.is_reached:
            break
        emulator.pass_time(0.5)
    rows = list(client.list_managed_instances(**WHERE, instance_group_manager="web"))
    assert {row.version.instance_template for row in rows} == {link}
    assert {(row.instance_status, row.current_action) for row in rows} == {("RUNNING", "NONE")}
    assert {row.instance_health[0].detailed_health_state for row in rows} == {"HEALTHY"}
    assert emulator.get(GROUP)["updatePolicy"]["maxSurge"] == ROLL["maxSurge"] | {"calculated": 1}
