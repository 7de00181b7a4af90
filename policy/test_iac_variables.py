"""What a person may give to an environment, and what Terraform refuses before it makes anything."""

import re
from pathlib import Path

import pytest

from policy.running import run
from policy.terraform import ENVIRONMENTS, VALUES, Terraform, copied


@pytest.fixture(scope="module")
def terraform(tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    """A copy of everything that Terraform reads."""
    found = copied(tmp_path_factory.mktemp("variables"))
    for name in ENVIRONMENTS:
        found.passes(f"environments/{name}", "get")
    return found


def _refusal(terraform: Terraform, environment: str, values: Path, *more: str) -> str:
    folder = terraform.folder / "iac/environments" / environment
    command = ("plan", "-input=false", "-refresh=false", "-no-color", f"-var-file={values}", *more)
    done = run("terraform", *command, folder=folder, environment=terraform.environment)
    assert done.returncode == 1, f"{environment}: {more} is planned"
    return " ".join(done.stderr.replace("│", " ").split())


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("http_timeout_s=0", "http_timeout_s: above 0"),
        ("log_collector=vector", "log_collector: 'promtail' or 'alloy'."),
    ],
)
def test_value_that_cannot_work_is_refused(terraform: Terraform, environment: str, value: str, said: str) -> None:
    """With the reason."""
    assert said in _refusal(terraform, environment, VALUES, f"-var={value}")


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_where_results_are_sent_is_never_guessed(terraform: Terraform, environment: str, tmp_path: Path) -> None:
    """A dev that forgot it would send its results to production."""
    values = tmp_path / "forgotten.tfvars"
    values.write_text(re.sub(r"(?m)^backend_callback_base_url .*$", "", VALUES.read_text()))
    assert "No value for required variable" in _refusal(terraform, environment, values)
