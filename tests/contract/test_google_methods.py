"""Every method that is served, called through google-cloud-compute 1.57.0: it parses each answer."""

import google.cloud.compute_v1 as compute
import pytest
from google.api_core.exceptions import BadRequest

from tests.contract.marks import covers, differs, unverified, verified
from tests.contract.rig import PROJECT, REGION, ZONE, EmulatorClient, names

HERE = {"project": PROJECT, "zone": ZONE}
THERE = {"project": PROJECT, "region": REGION}


@verified("P")
@covers(
    "healthChecks.insert", "healthChecks.get", "healthChecks.list", "healthChecks.aggregatedList", "healthChecks.patch",
    "healthChecks.update", "healthChecks.delete",
)  # fmt: skip
def test_health_checks(emulator: EmulatorClient) -> None:
    """A health check has the server's defaults, merges patches, is replaced by an update, and is deleted."""
    client = emulator.google(compute.HealthChecksClient)
    check = compute.HealthCheck(name="up", type_="HTTP", http_health_check=compute.HTTPHealthCheck(port=80))
    client.insert_unary(project=PROJECT, health_check_resource=check)
    kept = client.get(project=PROJECT, health_check="up")
    assert (kept.check_interval_sec, kept.timeout_sec, kept.healthy_threshold, kept.unhealthy_threshold) == (5, 5, 2, 2)
    assert (kept.http_health_check.port, kept.http_health_check.proxy_header) == (80, "NONE")
    client.patch_unary(project=PROJECT, health_check="up", health_check_resource=compute.HealthCheck(timeout_sec=3))
    assert client.get(project=PROJECT, health_check="up").http_health_check.port == 80
    check.check_interval_sec = 9
    client.update_unary(project=PROJECT, health_check="up", health_check_resource=check)
    kept = client.get(project=PROJECT, health_check="up")
    assert (kept.timeout_sec, kept.check_interval_sec) == (5, 9)
    assert names(client.list(project=PROJECT)) == names(client.aggregated_list(project=PROJECT)) == ["up"]
    client.delete_unary(project=PROJECT, health_check="up")
    assert names(client.list(project=PROJECT)) == []


@verified("P")
@covers(
    "networks.insert", "networks.get", "networks.list", "networks.patch", "networks.delete", "firewalls.insert",
    "firewalls.get", "firewalls.list", "firewalls.patch", "firewalls.update", "firewalls.delete",
)  # fmt: skip
def test_networks_and_firewalls(emulator: EmulatorClient) -> None:
    """Networks and firewalls keep every field, have defaults, merge patches; a network in use is not deleted."""
    networks, firewalls = emulator.google(compute.NetworksClient), emulator.google(compute.FirewallsClient)
    network = compute.Network(name="vpc", auto_create_subnetworks=False, mtu=1460, description="kept")
    networks.insert_unary(project=PROJECT, network_resource=network)
    networks.patch_unary(project=PROJECT, network="vpc", network_resource=compute.Network(mtu=1500))
    kept = networks.get(project=PROJECT, network="vpc")
    assert (kept.mtu, kept.description, kept.auto_create_subnetworks) == (1500, "kept", False)
    assert kept.routing_config.routing_mode == "REGIONAL"
    wall = compute.Firewall(name="in", network="global/networks/vpc", source_ranges=["10.0.0.0/8"])
    firewalls.insert_unary(project=PROJECT, firewall_resource=wall)
    firewalls.patch_unary(project=PROJECT, firewall="in", firewall_resource=compute.Firewall(priority=7))
    rule = firewalls.get(project=PROJECT, firewall="in")
    assert (rule.direction, rule.priority, rule.network, list(rule.source_ranges)) == (
        "INGRESS",
        7,
        kept.self_link,
        ["10.0.0.0/8"],
    )
    with pytest.raises(Exception, match="already being used by 'projects/demo/global/firewalls/in'"):
        networks.delete_unary(project=PROJECT, network="vpc")
    firewalls.update_unary(project=PROJECT, firewall="in", firewall_resource=wall)
    assert firewalls.get(project=PROJECT, firewall="in").priority == 1000
    assert (names(networks.list(project=PROJECT)), names(firewalls.list(project=PROJECT))) == (["vpc"], ["in"])
    firewalls.delete_unary(project=PROJECT, firewall="in")
    networks.delete_unary(project=PROJECT, network="vpc")


@verified("P", "T")
@covers(
    "subnetworks.insert", "subnetworks.get", "subnetworks.list", "subnetworks.aggregatedList", "subnetworks.patch",
    "subnetworks.delete", "subnetworks.setPrivateIpGoogleAccess", "regionOperations.get",
)  # fmt: skip
def test_subnetworks(emulator: EmulatorClient) -> None:
    """A subnetwork has a gateway, merges patches, switches its private access, and is deleted."""
    client = emulator.google(compute.SubnetworksClient)
    subnet = compute.Subnetwork(name="net", network="global/networks/vpc", ip_cidr_range="10.1.0.0/24")
    operation = client.insert_unary(**THERE, subnetwork_resource=subnet)
    assert emulator.google(compute.RegionOperationsClient).get(**THERE, operation=operation.name).name == operation.name
    access = compute.SubnetworksSetPrivateIpGoogleAccessRequest(private_ip_google_access=True)
    client.set_private_ip_google_access_unary(
        **THERE, subnetwork="net", subnetworks_set_private_ip_google_access_request_resource=access
    )
    client.patch_unary(**THERE, subnetwork="net", subnetwork_resource=compute.Subnetwork(stack_type="IPV4_IPV6"))
    kept = client.get(**THERE, subnetwork="net")
    assert (kept.gateway_address, kept.private_ip_google_access, kept.stack_type) == ("10.1.0.1", True, "IPV4_IPV6")
    assert names(client.list(**THERE)) == names(client.aggregated_list(project=PROJECT)) == ["net"]
    client.delete_unary(**THERE, subnetwork="net")
    assert names(client.list(**THERE)) == []


@differs("a range can change to any range: it need not contain the previous range, and overlaps are not detected")
@covers("subnetworks.expandIpCidrRange")
def test_a_subnetwork_expands(emulator: EmulatorClient) -> None:
    """A subnetwork takes a wider range."""
    client = emulator.google(compute.SubnetworksClient)
    subnet = compute.Subnetwork(name="net", network="global/networks/vpc", ip_cidr_range="10.1.0.0/24")
    client.insert_unary(**THERE, subnetwork_resource=subnet)
    body = compute.SubnetworksExpandIpCidrRangeRequest(ip_cidr_range="10.1.0.0/20")
    client.expand_ip_cidr_range_unary(**THERE, subnetwork="net", subnetworks_expand_ip_cidr_range_request_resource=body)
    assert client.get(**THERE, subnetwork="net").ip_cidr_range == "10.1.0.0/20"


@verified("P", "T")
@covers(
    "routers.insert", "routers.get", "routers.list", "routers.aggregatedList", "routers.patch", "routers.update",
    "routers.delete",
)  # fmt: skip
def test_routers(emulator: EmulatorClient) -> None:
    """A router gets its NAT by a patch, loses it by an update without NAT, and is deleted."""
    client = emulator.google(compute.RoutersClient)
    bare = compute.Router(name="edge", network="global/networks/vpc")
    client.insert_unary(**THERE, router_resource=bare)
    nat = compute.Router(nats=[compute.RouterNat(name="nat", nat_ip_allocate_option="AUTO_ONLY")])
    client.patch_unary(**THERE, router="edge", router_resource=nat)
    kept = client.get(**THERE, router="edge")
    assert ([nat.name for nat in kept.nats], kept.network.rpartition("/")[2]) == (["nat"], "vpc")
    client.update_unary(**THERE, router="edge", router_resource=bare)
    assert not client.get(**THERE, router="edge").nats
    assert names(client.list(**THERE)) == names(client.aggregated_list(project=PROJECT)) == ["edge"]
    client.delete_unary(**THERE, router="edge")
    assert names(client.list(**THERE)) == []


@verified("P", "T")
@covers("addresses.insert", "addresses.get", "addresses.list", "addresses.aggregatedList", "addresses.delete")
def test_addresses(emulator: EmulatorClient) -> None:
    """A static address gets a public IPv4 number of its own, which other addresses do not have, and is deleted."""
    client = emulator.google(compute.AddressesClient)
    for name in ("nat", "other"):
        client.insert_unary(**THERE, address_resource=compute.Address(name=name))
    kept, other = (client.get(**THERE, address=name) for name in ("nat", "other"))
    assert (kept.address_type, kept.network_tier, kept.region.rpartition("/")[2]) == ("EXTERNAL", "PREMIUM", REGION)
    assert kept.address.startswith("203.0.113.")
    assert kept.address != other.address
    assert names(client.list(**THERE)) == names(client.aggregated_list(project=PROJECT)) == ["nat", "other"]
    client.delete_unary(**THERE, address="nat")
    assert names(client.list(**THERE)) == ["other"]


@unverified("I")
def test_an_address_in_use_is_not_deleted(emulator: EmulatorClient) -> None:
    """The address of a NAT is deleted only after the NAT."""
    addresses, routers = emulator.google(compute.AddressesClient), emulator.google(compute.RoutersClient)
    addresses.insert_unary(**THERE, address_resource=compute.Address(name="nat"))
    link = addresses.get(**THERE, address="nat").self_link
    nat = compute.RouterNat(name="nat", nat_ip_allocate_option="MANUAL_ONLY", nat_ips=[link])
    routers.insert_unary(**THERE, router_resource=compute.Router(name="edge", nats=[nat]))
    with pytest.raises(BadRequest, match="already being used"):
        addresses.delete_unary(**THERE, address="nat")
    routers.delete_unary(**THERE, router="edge")
    addresses.delete_unary(**THERE, address="nat")


@verified("P")
@covers("zones.get", "zones.list", "regions.get", "regions.list", "projects.get", "globalOperations.aggregatedList")
def test_places(emulator: EmulatorClient) -> None:
    """The project, its zones and its regions can be read and listed, and its operations by scope."""
    zones, regions = emulator.google(compute.ZonesClient), emulator.google(compute.RegionsClient)
    assert zones.get(**HERE).region.endswith(REGION)
    assert names(zones.list(project=PROJECT)) == [f"{REGION}-{letter}" for letter in "abc"]
    assert len(regions.get(**THERE).zones) == 3
    assert names(regions.list(project=PROJECT)) == [REGION]
    assert emulator.google(compute.ProjectsClient).get(project=PROJECT).name == PROJECT
    emulator.web(0)
    scopes = dict(emulator.google(compute.GlobalOperationsClient).aggregated_list(project=PROJECT))
    assert {key for key, resources in scopes.items() if resources.operations} == {"global", f"zones/{ZONE}"}


@differs("six machine types, and every image name of Google's public projects exists; a real catalogue is longer")
@covers(
    "machineTypes.get", "machineTypes.list", "images.get", "images.getFromFamily", "images.list",
    "imageFamilyViews.get",
)  # fmt: skip
def test_the_catalogue(emulator: EmulatorClient) -> None:
    """Machine types and images can be read and listed, and an image can be read by its family."""
    instances, images = emulator.google(compute.MachineTypesClient), emulator.google(compute.ImagesClient)
    assert instances.get(**HERE, machine_type="e2-small").memory_mb == 2048
    assert "n2d-standard-2" in names(instances.list(**HERE))
    assert images.get(project=PROJECT, image="base-1").family == "base"
    assert images.get_from_family(project=PROJECT, family="base").name in ("base-1", "base-2")
    assert images.get_from_family(project="debian-cloud", family="debian-12").family == "debian-12"
    assert names(images.list(project=PROJECT)) == ["base-1", "base-2"]
    views = emulator.google(compute.ImageFamilyViewsClient)
    assert views.get(**HERE, family="base").image.family == "base"


@verified("P")
@covers(
    "regionInstanceTemplates.insert", "regionInstanceTemplates.get", "regionInstanceTemplates.list",
    "regionInstanceTemplates.delete", "instanceTemplates.list", "instanceTemplates.aggregatedList",
    "instanceTemplates.delete", "regionOperations.list", "regionOperations.wait", "globalOperations.list",
)  # fmt: skip
def test_templates_and_operations(emulator: EmulatorClient) -> None:
    """Templates of both kinds are created and deleted, and the operations of their scopes are listed."""
    here, there = (
        emulator.google(compute.InstanceTemplatesClient),
        emulator.google(compute.RegionInstanceTemplatesClient),
    )
    body = compute.InstanceTemplate(name="t", properties=compute.InstanceProperties(machine_type="e2-small"))
    here.insert_unary(project=PROJECT, instance_template_resource=body)
    operation = there.insert_unary(**THERE, instance_template_resource=body)
    operations = emulator.google(compute.RegionOperationsClient)
    assert operations.wait(**THERE, operation=operation.name).status == compute.Operation.Status.DONE
    assert there.get(**THERE, instance_template="t").region.endswith(REGION)
    assert names(there.list(**THERE)) == names(here.list(project=PROJECT)) == ["t"]
    assert names(here.aggregated_list(project=PROJECT)) == ["t", "t"]
    there.delete_unary(**THERE, instance_template="t")
    here.delete_unary(project=PROJECT, instance_template="t")
    kinds = sorted(operation.operation_type for operation in operations.list(**THERE))
    assert kinds == ["compute.instanceTemplates.insert", "delete"]
    assert len(list(emulator.google(compute.GlobalOperationsClient).list(project=PROJECT))) == 2
