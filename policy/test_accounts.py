"""The accounts behind the labels of grants: a plan from an empty state has no emails, so the test reads the files."""

import re
from typing import Any

import hcl2

from policy.running import ROOT

_DEPLOYER = {"deployer": "deployer.email"}
# What is granted, and to which account, by label.
_GRANTS = {
    "secret var.ai_server_tokens_secret": {"ai-server": "ai_server.email"},
    "secret var.metrics_secret": {
        "ai-server": "ai_server.email",
        "chromadb": "chromadb.email",
        "vllm": "vllm.email",
    },
    "secret dojangkok-backend-internal-token": {"ai-server": "ai_server.email"},
    "secret dojangkok-ocr-api": {"ai-server": "ai_server.email"},
    "secret dojangkok-vllm-api-key": {"ai-server": "ai_server.email", "vllm": "vllm.email"},
    "users of ai_server_account": _DEPLOYER,
    "users of chromadb_account": _DEPLOYER,
    "users of vllm_account": _DEPLOYER,
    "readers of registry": {"ai-server": "ai_server.email", "vllm": "vllm.email"},
    "writers of registry": {"builder": "builder.email", "deployer": "deployer.email"},
    "service_accounts of github": {"builder": "builder.name", "deployer": "deployer.name"},
    "account of chromadb_ssh": "deployer.email",
    "account of vllm_ssh": "deployer.email",
    "service_account of ai_server": "ai_server.email",
    "service_account of chromadb": "chromadb.email",
    "service_account of vllm": "vllm.email",
}
# Modules whose resources grant access, and the kinds of these resources.
_KINDS = {
    ("artifact-registry", "google_artifact_registry_repository_iam_member"),
    ("iap-ssh", "google_compute_instance_iam_member"),
    ("iap-ssh", "google_iap_tunnel_instance_iam_member"),
    ("secret-manager", "google_secret_manager_secret_iam_member"),
    ("service-account", "google_project_iam_member"),
    ("service-account", "google_service_account_iam_member"),
    ("workload-identity", "google_service_account_iam_member"),
}
_ARGUMENTS = ("users", "readers", "writers", "service_accounts", "account", "service_account")


_FLEET = ROOT / "iac/modules/fleet"


def _account(value: Any) -> Any:
    """Return ACCOUNT.email or ACCOUNT.name for a reference to an account's output, also inside a map."""
    if isinstance(value, dict):
        return {label: _account(reference) for label, reference in value.items()}
    reference = re.fullmatch(r"\$\{module\.(\w+)_account\.(email|name)\}", value)
    return f"{reference[1]}.{reference[2]}" if reference else value


def _readers(value: Any) -> bool:
    """Return whether a local value is a map of secrets with their readers."""
    return isinstance(value, dict) and bool(value) and all(isinstance(readers, dict) for readers in value.values())


def test_each_label_is_the_account_of_that_name() -> None:
    """Each secret, registry, account and VM is open to the accounts of the table, and there is no other grant."""
    texts = [path.read_text() for path in sorted(_FLEET.glob("*.tf")) if path.name != "outputs.tf"]
    parsed: list[Any] = [hcl2.loads(text) for text in texts]
    grants = {
        f"secret {name}": _account(accessors)
        for file in parsed
        for block in file.get("locals", [])
        for local in block.values()
        for values in (local if isinstance(local, list) else ())  # the rest are numbers of lines
        if _readers(values) and "_account." in str(values)
        for name, accessors in values.items()
    }
    for block in (block for file in parsed for block in file.get("module", [])):
        for module, body in block.items():
            grants |= {f"{name} of {module}": _account(body[name][0]) for name in _ARGUMENTS if name in body}
    assert grants == _GRANTS, "iac/modules/fleet: the grants differ from the table"
    granted = sum(len(accounts) if isinstance(accounts, dict) else 1 for accounts in grants.values())
    named = sum(len(re.findall(r"module\.\w+_account\.(?:email|name)", text)) for text in texts)
    assert granted == named, "iac/modules/fleet: an account is named where the table does not look"


def test_no_other_resource_grants_access() -> None:
    """Grants are resources of the modules of the table; a new one gets a row there first."""
    resource = re.compile(r'^resource "(google_\w+_iam_(?:member|binding|policy))"', re.MULTILINE)
    files = sorted((ROOT / "iac").rglob("*.tf"))
    grants = {(file.parent.name, kind) for file in files for kind in resource.findall(file.read_text())}
    assert grants == _KINDS, "iac: the resources that grant access differ from the table"
