"""The plan of each environment: allowed ingress, grants of accounts, and protection of data."""

import ast
import re
from typing import Any

import pytest
import yaml

from policy.running import ROOT
from policy.terraform import ENVIRONMENTS, Plan, Terraform, resources

_VM_TYPES = ("google_compute_instance", "google_compute_instance_template")
# Rule -> sources, targets, TCP ports. The ranges are from Google's "Health checks overview" and "Using IAP for TCP
# forwarding".
_INGRESS = {
    "allow-ai-to-chromadb": ({"ai-server"}, {"chromadb"}, {"8100"}),
    "allow-ai-to-vllm": ({"ai-server"}, {"vllm"}, {"8001"}),
    "allow-health-check": ({"35.191.0.0/16", "130.211.0.0/22"}, {"ai-server"}, {"8000"}),
    "allow-iap-ssh": ({"35.235.240.0/20"}, {"ai-server", "chromadb", "packer", "vllm"}, {"22"}),
}
_READERS = {
    "dojangkok-ai-server-tokens": {"ai-server"},
    "dojangkok-backend-internal-token": {"ai-server"},
    "dojangkok-ocr-api": {"ai-server"},
    "dojangkok-vllm-api-key": {"ai-server", "vllm"},
}
# Permissions on the project that `gcloud compute ssh` needs in addition: tests/system/terraform/test_iac.py.
_METRICS_PERMISSION = "monitoring.timeSeries.list"  # also in deploy/analysis_settings.py
_SSH_PERMISSIONS = {"compute.instances.getGuestAttributes", "compute.projects.get"}
_PROJECT_ROLES = {"roles/logging.logWriter", "roles/monitoring.metricWriter"}


@pytest.fixture(params=ENVIRONMENTS)
def environment(request: pytest.FixtureRequest) -> str:
    """The name of each environment."""
    return str(request.param)


@pytest.fixture
def plan(plans: dict[str, Plan], environment: str) -> Plan:
    """The plan of one environment."""
    return plans[environment]


def _ingress(plan: Plan, environment: str) -> dict[str, tuple[set[str], set[str], set[str]]]:
    return {
        body["name"].removeprefix(f"dojangkok-{environment}-"): (
            set(body["source_ranges"] or body["source_tags"]),
            set(body["target_tags"]),
            {port for allow in body["allow"] for port in allow["ports"]},
        )
        for body in resources(plan, "google_compute_firewall").values()
    }


def _vms(plan: Plan) -> dict[str, dict[str, Any]]:
    return {address: body for kind in _VM_TYPES for address, body in resources(plan, kind).items()}


def test_ingress_is_that_of_the_table(plan: Plan, environment: str) -> None:
    """Health-check probers reach the application in both environments, and no rule exists outside the table."""
    assert _ingress(plan, environment) == _INGRESS


def test_monitoring_reaches_the_exporters_from_given_ranges(terraform: Terraform, environment: str) -> None:
    """A given range reaches the exporters on VMs with the tag; without a range there is no such rule."""
    plan = terraform.plan(environment, monitoring_source_ranges=("10.20.0.0/16",))
    rule = ({"10.20.0.0/16"}, {"dojangkok-monitoring"}, {"9100", "9400"})
    assert _ingress(plan, environment) == _INGRESS | {"allow-monitoring": rule}
    assert all("dojangkok-monitoring" in body["tags"] for body in _vms(plan).values())


def test_tags_of_rules_are_tags_of_vms(plan: Plan) -> None:
    """A rule for a tag that no VM has would admit no traffic without an error."""
    present = {"packer", *(tag for body in _vms(plan).values() for tag in body["tags"])}
    used = {tag for sources, targets, _ in _INGRESS.values() for tag in (*sources, *targets) if "/" not in tag}
    assert used <= present, f"no VM has the tags {sorted(used - present)}"


def test_no_vm_has_a_public_address(plan: Plan) -> None:
    """VMs reach the internet through NAT, and people reach VMs through IAP."""
    for address, body in _vms(plan).items():
        interfaces = body["network_interface"]
        assert not any(interface.get("access_config") for interface in interfaces), f"{address}: has an access_config"
    assert len(_vms(plan)) == 3


def test_vms_use_os_login_and_are_shielded(plan: Plan) -> None:
    """VMs use OS Login instead of keys in metadata, and shielded boot."""
    for address, body in _vms(plan).items():
        assert body["metadata"]["enable-oslogin"] == "TRUE", f"{address}: OS Login is off"
        assert body["metadata"]["block-project-ssh-keys"] == "TRUE", f"{address}: accepts the project's SSH keys"
        if "name_prefix" not in body:
            published = body["metadata"].get("enable-guest-attributes")
            assert published == "TRUE", f"{address}: publishes no host key, which accessory needs"
        (shield,) = body["shielded_instance_config"]
        features = ("secure_boot", "vtpm", "integrity_monitoring")
        assert all(shield[f"enable_{feature}"] for feature in features), f"{address}: {shield}"


def test_boot_disks_fit_their_images_and_data_disks_are_protected(plan: Plan, environment: str) -> None:
    """The images have 50 GB and 200 GB; ChromaDB's data are on a separate disk that no plan destroys."""
    sizes = {
        body["name"]: body["boot_disk"][0]["initialize_params"][0]["size"]
        for body in resources(plan, _VM_TYPES[0]).values()
    }
    assert sizes == {f"dojangkok-{environment}-chromadb": 50, f"dojangkok-{environment}-vllm": 200}
    (template,) = resources(plan, "google_compute_instance_template").values()
    assert template["disk"][0]["disk_size_gb"] == 50
    (disk,) = resources(plan, "google_compute_disk").values()
    assert disk["size"] == {"dev": 50, "prod": 100}[environment]
    text = (ROOT / "iac/modules/compute/main.tf").read_text()
    assert "prevent_destroy = true" in text, "iac/modules/compute/main.tf: a plan may destroy the data"


def test_vms_may_write_only_logs_and_metrics_on_the_project(plan: Plan) -> None:
    """On the project there are only these two predefined roles and the deployer's two custom roles."""
    custom = {f"module.deployer_account.google_project_iam_member.{name}[0]" for name in ("custom", "dry_run")}
    members = resources(plan, "google_project_iam_member")
    assert custom <= members.keys()
    for address, body in members.items():
        if address in custom:
            continue
        assert body["role"] in _PROJECT_ROLES, f"{address}: {body['role']} on the whole project"
    accounts = [body["account_id"] for body in resources(plan, "google_service_account").values()]
    assert sorted(accounts) == ["ai-server", "chromadb", "dojangkok-builder", "dojangkok-deployer", "vllm-server"]


def test_each_secret_has_the_readers_that_need_it(plan: Plan) -> None:
    """Each account that reads a secret has the role on this secret, not on the project."""
    readers: dict[str, set[str]] = {}
    for address, body in resources(plan, "google_secret_manager_secret_iam_member").items():
        assert body["role"] == "roles/secretmanager.secretAccessor", address
        secret, account = re.findall(r'\["([^"]+)"\]', address)
        readers.setdefault(secret, set()).add(account)
    assert readers == _READERS


def test_state_holds_no_value_of_a_secret(plan: Plan) -> None:
    """A reader of the state reads every value in it, so a person adds the values to Secret Manager by hand."""
    assert not resources(plan, "google_secret_manager_secret_version")
    assert not [path for path in (ROOT / "iac").rglob("*.tf") if "secret_manager_secret_version" in path.read_text()]


_ROLES = "module.deployer_account.google_project_iam_custom_role"


def _permissions(plan: Plan, role: str = "this") -> set[str]:
    return set(resources(plan, "google_project_iam_custom_role")[f"{_ROLES}.{role}[0]"]["permissions"])


def _list_of_deploy(name: str) -> set[str]:
    """Return a list of deploy/compute_engine/permissions.py."""
    tree = ast.parse((ROOT / "deploy/compute_engine/permissions.py").read_text())
    (permissions,) = (
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.AnnAssign) and node.value and ast.unparse(node.target) == name
    )
    return set(permissions)


def _assert_same(granted: set[str], needed: set[str], where: str) -> None:
    assert granted == needed, (
        f"iac/modules/fleet/accounts.tf: the deployer's role lacks {sorted(needed - granted)} of {where}, and has"
        f" {sorted(granted - needed)} in addition"
    )


def test_deployer_has_exactly_the_permissions_that_deploy_uses(plan: Plan) -> None:
    """`deploy` checks a list of permissions before it writes, and uses two more, and metrics, if it may."""
    required = _list_of_deploy("REQUIRED_PERMISSIONS")
    used = required | _list_of_deploy("OPTIONAL_PERMISSIONS") | {_METRICS_PERMISSION}
    _assert_same(_permissions(plan), used | _SSH_PERMISSIONS, "deploy/compute_engine/permissions.py")
    second = _list_of_deploy("INSTANCE_PERMISSIONS")
    _assert_same(_permissions(plan, "dry_run"), second, "deploy/compute_engine/permissions.py")


def test_page_lists_the_permissions_of_the_deployer(plan: Plan) -> None:
    """A person who grants the permissions by hand grants the same ones."""
    section = (ROOT / "docs/permissions.md").read_text().partition("## What the deployer's account needs")[2]
    lines = {line.partition(":")[0]: line for line in section.splitlines() if line.startswith("- ")}
    first = _listed(lines["- On the project, as a custom role"])
    _assert_same(_permissions(plan), first | _SSH_PERMISSIONS, "docs/permissions.md")
    second = _listed(lines["- On the project, as a second custom role"])
    _assert_same(_permissions(plan, "dry_run"), second, "docs/permissions.md")


def _listed(text: str) -> set[str]:
    """Return the permissions of a line; `compute.images.get|list` stands for two of them."""
    listed = set()
    for entry in re.findall(r"`((?:compute|monitoring)\.[\w.|]+)`", text):
        prefix, _, verbs = entry.rpartition(".")
        listed |= {f"{prefix}.{verb}" for verb in verbs.split("|")}
    return listed


def test_only_the_deployer_may_start_vms_with_their_accounts(plan: Plan) -> None:
    """The deployer has `actAs` on the account of each VM, and on no other account."""
    grants = {address for address in resources(plan, "google_service_account_iam_member") if ".user[" in address}
    names = ("ai_server", "chromadb", "vllm")
    assert grants == {f'module.{name}_account.google_service_account_iam_member.user["deployer"]' for name in names}


def test_ssh_goes_through_iap_on_port_22(plan: Plan) -> None:
    """The deployer may log in to the two single VMs, and to no AI server."""
    tunnels = resources(plan, "google_iap_tunnel_instance_iam_member")
    assert {address.split(".")[1] for address in tunnels} == {"chromadb_ssh", "vllm_ssh"}
    for address, body in tunnels.items():
        assert body["condition"][0]["expression"] == "destination.port == 22", f"{address}: allows other ports than 22"


def test_group_is_that_of_the_environment_file(plan: Plan, environment: str) -> None:
    """Name and update policy are those of environments/*.yaml; otherwise every status would report drift."""
    settings: Any = yaml.safe_load((ROOT / "environments" / f"{environment}.yaml").read_text())
    (group,) = resources(plan, "google_compute_instance_group_manager").values()
    assert (group["name"], group["zone"]) == (settings["group"], settings["zone"])
    (policy,) = group["update_policy"]
    limits = (settings["rollout"]["surge"], settings["rollout"]["unavailable"])
    assert (policy["max_surge_fixed"], policy["max_unavailable_fixed"]) == limits
    assert (policy["type"], policy["minimal_action"]) == ("PROACTIVE", "REPLACE")
    assert policy["replacement_method"] in ("SUBSTITUTE", None), "None stands for SUBSTITUTE, the default"


def test_plans_differ_only_in_disk_size_and_protection(plans: dict[str, Plan]) -> None:
    """With equal values for the operators' arguments, dev and prod get the same resources."""
    dev, prod = (_flat(resources(plans[name]), name) for name in ENVIRONMENTS)
    assert {path for path in dev.keys() | prod.keys() if dev.get(path) != prod.get(path)} == {
        "module.chromadb.google_compute_disk.data.size",
        "module.chromadb.google_compute_instance.this.deletion_protection",
        "module.vllm.google_compute_instance.this.deletion_protection",
    }


def _flat(value: Any, environment: str, path: str = "") -> dict[str, Any]:
    if isinstance(value, dict):
        pairs = [(str(key), item) for key, item in value.items()]
    elif isinstance(value, list):
        pairs = [(str(index), item) for index, item in enumerate(value)]
    else:
        return {path: _neutral(value, environment) if isinstance(value, str) else value}
    flat: dict[str, Any] = {}
    for key, item in pairs:
        flat |= _flat(item, environment, f"{path}.{_neutral(key, environment)}".lstrip("."))
    return flat


def _neutral(text: str, environment: str) -> str:
    return re.sub(rf"(?<![\w/.]){environment}\b", "ENV", text)
