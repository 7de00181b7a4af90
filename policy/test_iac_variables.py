"""What a person may give to an environment, and what Terraform refuses before it makes anything."""

import re
from pathlib import Path

import pytest

from policy.running import run
from policy.terraform import ENVIRONMENTS, VALUES, Terraform

# Value -> the reason of its refusal.
_REFUSED = {
    "http_timeout_s=0": "http_timeout_s: above 0",
    "log_collector=vector": "log_collector: 'promtail' or 'alloy'.",
}


def _refusal(terraform: Terraform, environment: str, values: Path, *more: str) -> str:
    folder = terraform.folder / "iac/environments" / environment
    command = ("plan", "-input=false", "-refresh=false", "-no-color", f"-var-file={values}", *more)
    done = run("terraform", *command, folder=folder, environment=terraform.environment)
    assert done.returncode == 1, f"{environment}: {more} is planned"
    return " ".join(done.stderr.replace("│", " ").split())


@pytest.fixture(scope="module")
def refusals(terraform: Terraform) -> dict[str, str]:
    """What Terraform prints for each environment when it is given all the values at once."""
    values = [f"-var={value}" for value in _REFUSED]
    return {environment: _refusal(terraform, environment, VALUES, *values) for environment in ENVIRONMENTS}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("value", _REFUSED)
def test_value_that_cannot_work_is_refused(refusals: dict[str, str], environment: str, value: str) -> None:
    """With the reason."""
    assert _REFUSED[value] in refusals[environment]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_where_results_are_sent_is_never_guessed(terraform: Terraform, environment: str, tmp_path: Path) -> None:
    """A dev that forgot it would send its results to production."""
    values = tmp_path / "forgotten.tfvars"
    values.write_text(re.sub(r"(?m)^backend_callback_base_url .*$", "", VALUES.read_text()))
    assert "No value for required variable" in _refusal(terraform, environment, values)
