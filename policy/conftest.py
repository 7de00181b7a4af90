"""Fixtures of several test files."""

import pytest

from policy.terraform import ENVIRONMENTS, Plan, Terraform, copy_iac


@pytest.fixture(scope="session")
def terraform(tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    """Copy every file that Terraform reads, in which the modules that the provider lacks are stubs."""
    terraform = copy_iac(tmp_path_factory.mktemp("iac"))
    for environment in ENVIRONMENTS:
        terraform.run_checked(f"environments/{environment}", "get")
    return terraform


@pytest.fixture(scope="session")
def plans(terraform: Terraform) -> dict[str, Plan]:
    """Plan each environment, from an empty state."""
    return {environment: terraform.plan(environment) for environment in ENVIRONMENTS}
