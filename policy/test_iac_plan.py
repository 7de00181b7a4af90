"""What Terraform would make of each environment, read from its plan: who gets in, who may do what, what survives."""

import ast
import re
from typing import Any

import pytest
import yaml

from policy.running import ROOT
from policy.terraform import ENVIRONMENTS, Plan, Terraform, resources

_MACHINES = ("google_compute_instance", "google_compute_instance_template")
# Rule -> who, whom, on which TCP ports. Sources of the ranges: Google, "Health checks overview", "Using IAP for TCP
# forwarding".
_WAYS_IN = {
    "allow-ai-to-chromadb": ({"ai-server"}, {"chromadb"}, {"8100"}),
    "allow-ai-to-vllm": ({"ai-server"}, {"vllm"}, {"8001"}),
    "allow-health-check": ({"35.191.0.0/16", "130.211.0.0/22"}, {"ai-server"}, {"8000"}),
    "allow-iap-ssh": ({"35.235.240.0/20"}, {"ai-server", "chromadb", "packer", "vllm"}, {"22"}),
}
_READERS = {
    "dojangkok-backend-internal-token": {"ai-server"},
    "dojangkok-ocr-api": {"ai-server"},
    "dojangkok-vllm-api-key": {"ai-server", "vllm"},
}
# What `gcloud compute ssh` asks of the project besides: tests/system/terraform/test_iac.py.
_SHELL = {"compute.instances.getGuestAttributes", "compute.projects.get"}
_ON_THE_PROJECT = {"roles/logging.logWriter", "roles/monitoring.metricWriter"}


@pytest.fixture(params=ENVIRONMENTS)
def environment(request: pytest.FixtureRequest) -> str:
    """Its name."""
    return str(request.param)


@pytest.fixture
def plan(plans: dict[str, Plan], environment: str) -> Plan:
    """The plan of one environment."""
    return plans[environment]


def _ways_in(plan: Plan, environment: str) -> dict[str, tuple[set[str], set[str], set[str]]]:
    return {
        body["name"].removeprefix(f"dojangkok-{environment}-"): (
            set(body["source_ranges"] or body["source_tags"]),
            set(body["target_tags"]),
            {port for allow in body["allow"] for port in allow["ports"]},
        )
        for body in resources(plan, "google_compute_firewall").values()
    }


def _machines(plan: Plan) -> dict[str, dict[str, Any]]:
    return {address: body for kind in _MACHINES for address, body in resources(plan, kind).items()}


def test_ways_in_are_those_of_the_table(plan: Plan, environment: str) -> None:
    """Health-check probers reach the application in both environments; nothing else gets in than what is named."""
    assert _ways_in(plan, environment) == _WAYS_IN


def test_monitoring_gets_in_where_it_is_named(terraform: Terraform, environment: str) -> None:
    """To the exporters' ports, on machines that wear the tag; without a range there is no such rule."""
    plan = terraform.plan(environment, '-var=monitoring_source_ranges=["10.20.0.0/16"]')
    rule = ({"10.20.0.0/16"}, {"dojangkok-monitoring"}, {"9100", "9400"})
    assert _ways_in(plan, environment) == _WAYS_IN | {"allow-monitoring": rule}
    assert all("dojangkok-monitoring" in body["tags"] for body in _machines(plan).values())


def test_tags_of_rules_are_tags_of_machines(plan: Plan) -> None:
    """A rule for a tag that no machine has lets nobody in, and says nothing."""
    worn = {"packer", *(tag for body in _machines(plan).values() for tag in body["tags"])}
    named = {tag for sources, targets, _ in _WAYS_IN.values() for tag in (*sources, *targets) if "/" not in tag}
    assert named <= worn, f"no machine has {sorted(named - worn)}"


def test_no_machine_has_a_public_address(plan: Plan) -> None:
    """Out through NAT, in through IAP."""
    for address, body in _machines(plan).items():
        assert all(not one.get("access_config") for one in body["network_interface"]), (
            f"{address}: has an access_config"
        )
    assert len(_machines(plan)) == 3


def test_machines_are_closed_and_shielded(plan: Plan) -> None:
    """OS Login instead of keys in metadata; a boot that is measured."""
    for address, body in _machines(plan).items():
        assert body["metadata"]["enable-oslogin"] == "TRUE", f"{address}: without OS Login"
        assert body["metadata"]["block-project-ssh-keys"] == "TRUE", f"{address}: takes the project's SSH keys"
        if "name_prefix" not in body:
            published = body["metadata"].get("enable-guest-attributes")
            assert published == "TRUE", f"{address}: publishes no host key, and accessory trusts no other"
        (shield,) = body["shielded_instance_config"]
        assert all(shield[f"enable_{one}"] for one in ("secure_boot", "vtpm", "integrity_monitoring")), (
            f"{address}: {shield}"
        )


def test_boot_disks_hold_their_image_and_data_outlive_machines(plan: Plan, environment: str) -> None:
    """50 GB and 200 GB images; ChromaDB's data on a disk of its own, that no plan destroys."""
    sizes = {
        body["name"]: body["boot_disk"][0]["initialize_params"][0]["size"]
        for body in resources(plan, _MACHINES[0]).values()
    }
    assert sizes == {f"dojangkok-{environment}-chromadb": 50, f"dojangkok-{environment}-vllm": 200}
    (template,) = resources(plan, "google_compute_instance_template").values()
    assert template["disk"][0]["disk_size_gb"] == 50
    (disk,) = resources(plan, "google_compute_disk").values()
    assert disk["size"] == {"dev": 50, "prod": 100}[environment]
    text = (ROOT / "iac/modules/compute/main.tf").read_text()
    assert "prevent_destroy = true" in text, "iac/modules/compute/main.tf: a plan may destroy the data"


def test_machines_write_logs_and_metrics_and_nothing_else(plan: Plan) -> None:
    """On the project nobody has a predefined role but those two; the deployer's role is its own."""
    for address, body in resources(plan, "google_project_iam_member").items():
        if address == "module.deployer_account.google_project_iam_member.custom[0]":
            continue
        assert body["role"] in _ON_THE_PROJECT, f"{address}: {body['role']} on the whole project"
    accounts = [body["account_id"] for body in resources(plan, "google_service_account").values()]
    assert sorted(accounts) == ["ai-server", "chromadb", "dojangkok-builder", "dojangkok-deployer", "vllm-server"]


def test_each_secret_is_read_by_who_needs_it(plan: Plan) -> None:
    """One accessor for each machine that asks for it, on the secret and not on the project."""
    readers: dict[str, set[str]] = {}
    for address, body in resources(plan, "google_secret_manager_secret_iam_member").items():
        assert body["role"] == "roles/secretmanager.secretAccessor", address
        secret, who = re.findall(r'\["([^"]+)"\]', address)
        readers.setdefault(secret, set()).add(who)
    assert readers == _READERS


def test_no_secret_has_its_value_in_the_state(plan: Plan) -> None:
    """Whoever reads a state reads everything in it: values are put into Secret Manager by hand."""
    assert not resources(plan, "google_secret_manager_secret_version")
    assert not [path for path in (ROOT / "iac").rglob("*.tf") if "secret_manager_secret_version" in path.read_text()]


def _permissions(plan: Plan) -> set[str]:
    (role,) = resources(plan, "google_project_iam_custom_role").values()
    return set(role["permissions"])


def _same(granted: set[str], needed: set[str], where: str) -> None:
    assert granted == needed, (
        f"iac/environments/*/accounts.tf: the deployer's role lacks {sorted(needed - granted)} of {where}, and has"
        f" {sorted(granted - needed)} besides"
    )


def test_deployer_may_do_exactly_what_deploy_calls(plan: Plan) -> None:
    """`deploy` asks for a list of permissions before it writes, and uses two more where it has them."""
    tree = ast.parse((ROOT / "deploy/compute_engine/observe.py").read_text())
    (asked,) = (
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.AnnAssign) and node.value and ast.unparse(node.target) == "PERMISSIONS"
    )
    optional = {"compute.instances.getSerialPortOutput", "compute.regions.get"}
    _same(_permissions(plan), {*asked, *optional, *_SHELL}, "deploy/compute_engine/observe.py")


def test_runbook_names_the_deployers_permissions(plan: Plan) -> None:
    """Who grants them by hand grants the same."""
    text = (ROOT / "docs/runbook.md").read_text().partition("## What the deployer's account needs")[2]
    named = set()
    for one in re.findall(r"`(compute\.[\w.|]+)`", text):
        above, _, verbs = one.rpartition(".")
        named |= {f"{above}.{verb}" for verb in verbs.split("|")}
    _same(_permissions(plan), named | _SHELL, "docs/runbook.md")


def test_only_the_deployer_starts_machines_as_their_accounts(plan: Plan) -> None:
    """`actAs` on each machine's account, and on no other."""
    found = {address for address in resources(plan, "google_service_account_iam_member") if ".user[" in address}
    names = ("ai_server", "chromadb", "vllm")
    assert found == {f'module.{name}_account.google_service_account_iam_member.user["deployer"]' for name in names}


def test_shells_are_opened_through_iap_on_port_22(plan: Plan) -> None:
    """On the two machines that can't roll, and on no AI server."""
    tunnels = resources(plan, "google_iap_tunnel_instance_iam_member")
    assert {address.split(".")[1] for address in tunnels} == {"chromadb_ssh", "vllm_ssh"}
    for address, body in tunnels.items():
        assert body["condition"][0]["expression"] == "destination.port == 22", f"{address}: opens more than SSH"


def test_group_is_the_one_that_deploy_rolls(plan: Plan, environment: str) -> None:
    """Names and policy are those of environments/*.yaml, or every status would call it drift."""
    settings: Any = yaml.safe_load((ROOT / "environments" / f"{environment}.yaml").read_text())
    (group,) = resources(plan, "google_compute_instance_group_manager").values()
    assert (group["name"], group["zone"]) == (settings["group"], settings["zone"])
    (policy,) = group["update_policy"]
    wanted = (settings["rollout"]["surge"], settings["rollout"]["unavailable"])
    assert (policy["max_surge_fixed"], policy["max_unavailable_fixed"]) == wanted
    assert (policy["type"], policy["minimal_action"]) == ("PROACTIVE", "REPLACE")
    assert policy["replacement_method"] in ("SUBSTITUTE", None), "None is the default, which is the same"


def test_plans_differ_where_the_environments_do(plans: dict[str, Plan]) -> None:
    """Not only the files are alike: what comes of them is."""
    dev, prod = (_flat(resources(plans[name]), name) for name in ENVIRONMENTS)
    assert {path for path in dev.keys() | prod.keys() if dev.get(path) != prod.get(path)} == {
        "module.chromadb.google_compute_disk.data.size",
        "module.chromadb.google_compute_instance.this.deletion_protection",
        "module.vllm.google_compute_instance.this.deletion_protection",
    }


def _flat(value: Any, environment: str, path: str = "") -> dict[str, Any]:
    if isinstance(value, dict):
        pairs = [(str(key), one) for key, one in value.items()]
    elif isinstance(value, list):
        pairs = [(str(key), one) for key, one in enumerate(value)]
    else:
        return {path: _neutral(value, environment) if isinstance(value, str) else value}
    found = {}
    for key, one in pairs:
        found |= _flat(one, environment, f"{path}.{_neutral(key, environment)}".lstrip("."))
    return found


def _neutral(text: str, environment: str) -> str:
    return re.sub(rf"(?<![\w/.]){environment}\b", "ENV", text)
