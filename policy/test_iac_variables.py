"""What a person may give to an environment, and what Terraform refuses before it makes anything."""

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
        ("log_collector=vector", "log_collector: 'promtail' or 'alloy'."),
    ],
)
def test_value_that_cannot_work_is_refused(terraform: Terraform, environment: str, value: str, said: str) -> None:
    """With the reason."""
    assert said in _refusal(terraform, environment, VALUES, f"-var={value}")
