"""The APIs that Terraform enables, and the APIs that `doctor` checks."""

import ast

import pytest

from policy.running import ROOT
from policy.terraform import ENVIRONMENTS, Plan, resources


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_apis_of_the_project_are_those_that_doctor_checks(plans: dict[str, Plan], environment: str) -> None:
    """Terraform enables every API that `doctor` requires, and no other one."""
    tree = ast.parse((ROOT / "deploy/google_apis/required_services.py").read_text())
    (required,) = (
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.AnnAssign) and node.value and ast.unparse(node.target) == "REQUIRED_SERVICES"
    )
    services = resources(plans[environment], "google_project_service").values()
    assert {body["service"] for body in services} == {*required}
