"""The accounts behind the labels of grants: a plan from an empty state has no emails, so the test reads the files."""

import re
from typing import Any

import hcl2

from policy.running import ROOT

_DEPLOYER = {"deployer": "deployer.email"}
# What is granted, and to which account, by label.
_GRANTS = {
    "secret var.ai_server_tokens_secret": {"ai-server": "ai_server.email"},
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
_ARGUMENTS = ("users", "readers", "writers", "service_accounts", "account", "service_account")


_FLEET = ROOT / "iac/modules/fleet"


def _account(value: Any) -> Any:
    """Return ACCOUNT.email or ACCOUNT.name for a reference to an account's output, also inside a map."""
    if isinstance(value, dict):
        return {label: _account(reference) for label, reference in value.items()}
    reference = re.fullmatch(r"\$\{module\.(\w+)_account\.(email|name)\}", value)
    return f"{reference[1]}.{reference[2]}" if reference else value


def test_each_label_is_the_account_of_that_name() -> None:
    """Each secret, registry, account and VM is open to the accounts of the table, and there is no other grant."""
    parsed: list[Any] = [hcl2.loads((_FLEET / name).read_text()) for name in ("accounts.tf", "main.tf")]
    grants = {
        f"secret {name}": _account(accessors)
        for block in parsed[0]["locals"]
        for name, accessors in block["secrets"][0].items()
    }
    for block in (block for file in parsed for block in file["module"]):
        for module, body in block.items():
            grants |= {f"{name} of {module}": _account(body[name][0]) for name in _ARGUMENTS if name in body}
    assert grants == _GRANTS, "iac/modules/fleet: the grants differ from the table"
