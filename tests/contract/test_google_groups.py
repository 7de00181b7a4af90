"""Every method of groups and their instances, called by google-cloud-compute 1.57.0, which parses each answer."""

from typing import Any

import google.cloud.compute_v1 as compute
import pytest
from google.api_core.exceptions import PreconditionFailed

from tests.contract.marks import covers, differs, regional, verified
from tests.contract.rig import GROUP, PROJECT, REGION, ZONE, EmulatorClient, name_of, names

HERE = {"project": PROJECT, "zone": ZONE}


@verified("P")
@covers(
    "instanceGroupManagers.insert", "instanceGroupManagers.list", "instanceGroupManagers.aggregatedList",
    "instanceGroupManagers.setInstanceTemplate", "instanceGroupManagers.resize",
    "instanceGroupManagers.recreateInstances",
    "instanceGroupManagers.applyUpdatesToInstances", "instanceGroupManagers.abandonInstances",
    "instanceGroupManagers.deleteInstances", "instanceGroupManagers.listErrors",
    "instanceGroupManagers.listPerInstanceConfigs", "instanceGroupManagers.delete", "zoneOperations.list",
)  # fmt: skip
def test_group_managers(emulator: EmulatorClient) -> None:
    """The typed client can call every verb of a group manager, and parses every answer."""
    client, link = emulator.google(compute.InstanceGroupManagersClient), emulator.template("t")
    group = compute.InstanceGroupManager(name="web", target_size=2, instance_template=link)
    client.insert_unary(**HERE, instance_group_manager_resource=group)
    emulator.settled()
    which: dict[str, Any] = {**HERE, "instance_group_manager": "web"}
    assert names(client.list(**HERE)) == names(client.aggregated_list(project=PROJECT)) == ["web"]
    wanted = compute.InstanceGroupManagersSetInstanceTemplateRequest(instance_template=link)
    client.set_instance_template_unary(**which, instance_group_managers_set_instance_template_request_resource=wanted)
    client.resize_unary(**which, size=3)
    emulator.settled()
    first, second, third = (row.instance for row in client.list_managed_instances(**which))
    for verb, message, instance in (
        ("recreate_instances", "RecreateInstances", first),
        ("apply_updates", "ApplyUpdates", first),
        ("abandon_instances", "AbandonInstances", second),
        ("delete_instances", "DeleteInstances", third),
    ):
        body = getattr(compute, f"InstanceGroupManagers{message}Request")(instances=[instance])
        call = getattr(client, f"{verb}_unary" if verb != "apply_updates" else "apply_updates_to_instances_unary")
        operation = call(**which, **{f"instance_group_managers_{verb}_request_resource": body})
        assert operation.target_link.endswith("/web")
    emulator.settled()
    assert [row.instance for row in client.list_managed_instances(**which)] == [first]
    assert list(client.list_errors(**which)) == []
    assert list(client.list_per_instance_configs(**which)) == []
    client.delete_unary(**which)
    operations = emulator.google(compute.ZoneOperationsClient)
    kinds = {operation.operation_type.rpartition(".")[2] for operation in operations.list(**HERE)}
    assert {"insert", "setInstanceTemplate", "resize", "recreateInstances", "delete"} <= kinds


@differs("only groups create instances; an abandoned instance stays")
@covers(
    "instances.get", "instances.list", "instances.aggregatedList", "instances.getSerialPortOutput",
    "instances.setMetadata",
)  # fmt: skip
def test_instances(emulator: EmulatorClient) -> None:
    """The members of a group are instances with serial output and with metadata whose fingerprint protects a write."""
    emulator.web(1)
    client = emulator.google(compute.InstancesClient)
    (instance,) = client.list(**HERE)
    assert client.get(**HERE, instance=instance.name).status == "RUNNING"
    assert names(client.aggregated_list(project=PROJECT)) == [instance.name]
    output = client.get_serial_port_output(**HERE, instance=instance.name)
    assert "Pulling registry.test/web:old" in output.contents
    assert int(output.next_) == len(output.contents)
    metadata = compute.Metadata(fingerprint=instance.metadata.fingerprint, items=[compute.Items(key="a", value="b")])
    client.set_metadata_unary(**HERE, instance=instance.name, metadata_resource=metadata)
    assert [item.key for item in client.get(**HERE, instance=instance.name).metadata.items] == ["a"]
    with pytest.raises(PreconditionFailed):
        client.set_metadata_unary(**HERE, instance=instance.name, metadata_resource=metadata)


@regional
@verified("P")
@covers(
    "instanceGroups.get", "instanceGroups.list", "instanceGroups.aggregatedList", "instanceGroups.listInstances",
    "instanceGroups.setNamedPorts",
)  # fmt: skip
def test_the_instance_group_beside(emulator: EmulatorClient) -> None:
    """Each manager has an instance group with its size, its members, and ports that the manager shows too."""
    emulator.web(1)
    prefix, request = ("Region", "region_instance_groups") if emulator.is_regional else ("", "instance_groups")
    scope = {"project": PROJECT, "region": REGION} if emulator.is_regional else HERE
    which: dict[str, Any] = {**scope, "instance_group": "web"}
    client = emulator.google(getattr(compute, f"{prefix}InstanceGroupsClient"))
    everywhere = emulator.google(compute.InstanceGroupsClient).aggregated_list(project=PROJECT)
    assert names(client.list(**scope)) == names(everywhere) == ["web"]
    every = getattr(compute, f"{prefix}InstanceGroupsListInstancesRequest")(instance_state="ALL")
    (member,) = client.list_instances(**which, **{f"{request}_list_instances_request_resource": every})
    assert (member.instance, member.status) == (emulator.rows()[0]["instance"], "RUNNING")
    group = client.get(**which)
    assert (group.size, name_of(group.region)) == (1, REGION if emulator.is_regional else "")
    ports = getattr(compute, f"{prefix}InstanceGroupsSetNamedPortsRequest")(
        fingerprint=group.fingerprint, named_ports=[compute.NamedPort(name="http", port=80)]
    )
    write = {f"{request}_set_named_ports_request_resource": ports}
    client.set_named_ports_unary(**which, **write)
    with pytest.raises(PreconditionFailed):
        client.set_named_ports_unary(**which, **write)
    assert emulator.get(GROUP)["namedPorts"] == [{"name": "http", "port": 80}]
