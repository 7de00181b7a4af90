"""Whom the environments' labels stand for: a plan from nothing knows no email, so the files themselves are read."""

import re
from typing import Any

import hcl2
import pytest

from policy.running import ROOT
from policy.terraform import ENVIRONMENTS

_DEPLOYER = {"deployer": "deployer.email"}
# What is granted, label -> account and what of it.
_GRANTS = {
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


def _who(value: Any) -> Any:
    if isinstance(value, dict):
        return {label: _who(one) for label, one in value.items()}
    found = re.fullmatch(r"\$\{module\.(\w+)_account\.(email|name)\}", value)
    return f"{found[1]}.{found[2]}" if found else value


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_each_label_is_the_account_of_that_name(environment: str) -> None:
    """A secret, a registry, an account or a machine is open to whom the table names, and nothing else is granted."""
    folder = ROOT / "iac/environments" / environment
    parsed: list[Any] = [hcl2.loads((folder / name).read_text()) for name in ("accounts.tf", "main.tf")]
    found = {
        f"secret {name}": _who(accessors)
        for block in parsed[0]["locals"]
        for name, accessors in block["secrets"][0].items()
    }
    for block in (one for file in parsed for one in file["module"]):
        for module, body in block.items():
            found |= {f"{one} of {module}": _who(body[one][0]) for one in _ARGUMENTS if one in body}
    assert found == _GRANTS, f"iac/environments/{environment}: grants something else than the table"
