"""Fixtures that several test files share."""

import pytest

from policy.terraform import ENVIRONMENTS, Plan, Terraform, copied


@pytest.fixture(scope="session")
def terraform(tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    """A copy of everything that Terraform reads, in which the modules that the provider does not know are shells."""
    terraform = copied(tmp_path_factory.mktemp("iac"))
    for name in ENVIRONMENTS:
        terraform.passes(f"environments/{name}", "get")
    return terraform


@pytest.fixture(scope="session")
def plans(terraform: Terraform) -> dict[str, Plan]:
    """Each environment's plan, from nothing."""
    return {name: terraform.plan(name) for name in ENVIRONMENTS}
