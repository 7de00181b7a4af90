"""An environment that names no secret for the tokens of the AI server's callers."""

from pathlib import Path

import pytest

from policy.terraform import Plan, Terraform, resources, scripts
from policy.vm import Vm

_OTHERS = ("dojangkok-backend-internal-token", "dojangkok-ocr-api", "dojangkok-vllm-api-key")


@pytest.fixture(scope="module")
def plan(terraform: Terraform) -> Plan:
    """The plan of dev without the name of this secret."""
    return terraform.plan("dev", ai_server_tokens_secret="")


def test_terraform_creates_the_other_secrets(plan: Plan) -> None:
    """There is no secret with an empty name, and no account reads one."""
    secrets = resources(plan, "google_secret_manager_secret")
    readers = resources(plan, "google_secret_manager_secret_iam_member")
    assert {body["secret_id"] for body in secrets.values()} == set(_OTHERS)
    assert not [address for address in readers if '[""]' in address]


def test_boot_sets_no_tokens(plan: Plan, tmp_path: Path) -> None:
    """The startup script reads the other secrets, and writes no AI_SERVER_TOKENS for the server."""
    vm = Vm(tmp_path)
    for name in _OTHERS:
        vm.set_secret(name, "canary")
    result = vm.boot(scripts(plan)["ai-server"])
    assert result.returncode == 0, result.stderr
    variables = vm.variables("app.env")
    assert "AI_SERVER_TOKENS" not in variables
    assert variables["OCR_API"] == "canary"
