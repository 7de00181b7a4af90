"""Values that Terraform refuses before it creates a resource."""

import re
from pathlib import Path

import pytest

from policy.running import run
from policy.terraform import ENVIRONMENTS, Terraform, copy_iac

# Argument of the module fleet, a value that cannot work, and the reason in Terraform's error.
_REFUSED = {
    "ai_server_tokens_secret": (
        "dojangkok-ocr-api",
        "ai_server_tokens_secret: must be the name of a secret of its own",
    ),
    "http_timeout_s": ("0", "http_timeout_s: must be above 0"),
    "log_collector": ("vector", "log_collector: must be 'alloy' or 'promtail'."),
}


def _refusal(terraform: Terraform, environment: str) -> str:
    command = ("plan", "-input=false", "-refresh=false", "-no-color")
    result = run("terraform", *command, folder=terraform.path(environment), environment=terraform.variables)
    assert result.returncode == 1, f"iac/environments/{environment}: Terraform plans values that cannot work"
    return " ".join(result.stderr.replace("│", " ").split())


@pytest.fixture(scope="module")
def refusals(terraform: Terraform) -> dict[str, str]:
    """The errors that Terraform prints for each environment with all the refused values at once."""
    errors = {}
    for environment in ENVIRONMENTS:
        terraform.set_values(environment, **{name: value for name, (value, _) in _REFUSED.items()})
        errors[environment] = _refusal(terraform, environment)
    return errors


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("name", _REFUSED)
def test_value_that_cannot_work_is_refused(refusals: dict[str, str], environment: str, name: str) -> None:
    """Terraform prints the reason that the variable's validation gives."""
    assert _REFUSED[name][1] in refusals[environment]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_callback_url_has_no_default(environment: str, tmp_path: Path) -> None:
    """Without a default, an environment without this value cannot send its results to another environment's backend."""
    terraform = copy_iac(tmp_path / "copy")
    folder = terraform.path(environment)
    (folder / "override.tf.json").unlink()
    text = (folder / "main.tf").read_text()
    (folder / "main.tf").write_text(re.sub(r"(?m)^ *backend_callback_base_url .*\n", "", text))
    terraform.run_checked(f"environments/{environment}", "get")
    assert 'The argument "backend_callback_base_url" is required' in _refusal(terraform, environment)
