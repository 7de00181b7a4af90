"""Tokens of GitHub that may log in: tables of claims, tested with the condition that Terraform renders."""

from collections.abc import Mapping
from typing import Any

import hcl2
import pytest

from policy.cel import is_admitted
from policy.running import ROOT
from policy.terraform import ENVIRONMENTS, Plan, outputs

# Claims of a job on the repository's main branch, with the ids of policy.terraform.EXAMPLE_VALUES.
# Source of the claims: GitHub, "OpenID Connect reference".
_CLAIMS = {
    "sub": "repo:dojangkok/ai:environment:{environment}",
    "repository": "dojangkok/ai",
    "repository_id": "900000001",
    "repository_owner": "dojangkok",
    "repository_owner_id": "200000001",
    "ref": "refs/heads/main",
    "ref_type": "branch",
    "environment": "{environment}",
    "event_name": "push",
}
_ACCEPTED: dict[str, dict[str, str | None]] = {
    "push to main": {},
    "dispatch on main": {"event_name": "workflow_dispatch"},
    "after a rename of the repository": {"repository": "dojangkok/api", "sub": "repo:dojangkok/api:environment:dev"},
    "with GitHub's immutable subject": {"sub": "repo:dojangkok@200000001/ai@900000001:environment:x"},
}
_REJECTED: dict[str, dict[str, str | None]] = {
    "another repository of the owner": {"repository_id": "900000002", "repository": "dojangkok/backend"},
    "a squatter with the old name": {"repository_id": "900000009", "repository_owner_id": "200000009"},
    "a repository that was given away": {"repository_owner_id": "200000009"},
    "a fork": {"repository_id": "900000003", "repository_owner_id": "200000003", "repository": "somebody/ai"},
    "another branch": {"ref": "refs/heads/dev"},
    "a branch whose name begins like it": {"ref": "refs/heads/main-2"},
    "a branch of that name in capitals": {"ref": "refs/heads/Main"},
    "a tag called main": {"ref": "refs/tags/main", "ref_type": "tag"},
    "a pull request": {"event_name": "pull_request", "ref": "refs/pull/7/merge"},
    "pull_request_target, which has main's ref": {"event_name": "pull_request_target"},
    "workflow_run after a fork's check": {"event_name": "workflow_run"},
    "an issue's comment": {"event_name": "issue_comment"},
    "a schedule": {"event_name": "schedule"},
    "no environment": {"environment": None},
    "an environment without reviewers": {"environment": "scratch"},
    "an environment that is empty": {"environment": ""},
    "a token that lacks the ids": {"repository_id": None, "repository_owner_id": None},
    "a token of another kind": dict.fromkeys(_CLAIMS),
}


@pytest.fixture(scope="module", params=ENVIRONMENTS)
def login(request: pytest.FixtureRequest, plans: dict[str, Plan]) -> tuple[str, str]:
    """Each environment with its condition as Terraform renders it."""
    return request.param, str(outputs(plans[request.param])["login_condition"])


def _token(environment: str, changes: Mapping[str, str | None]) -> dict[str, str]:
    claims = {name: text.replace("{environment}", environment) for name, text in _CLAIMS.items()}
    changed = {**claims, **changes}
    return {name: text for name, text in changed.items() if text is not None}


@pytest.mark.parametrize("job", _ACCEPTED)
def test_job_of_the_repository_may_log_in(login: tuple[str, str], job: str) -> None:
    """The condition compares ids, so a token stays valid when a name changes."""
    environment, condition = login
    assert is_admitted(condition, _token(environment, _ACCEPTED[job])), f"{job} is refused by: {condition}"


@pytest.mark.parametrize("job", _REJECTED)
def test_other_job_may_not_log_in(login: tuple[str, str], job: str) -> None:
    """Each token differs from an accepted token in as few claims as an attacker's or a mistaken token would."""
    environment, condition = login
    assert not is_admitted(condition, _token(environment, _REJECTED[job])), f"{job} is admitted by: {condition}"


def test_job_of_one_environment_may_not_log_in_to_the_other(login: tuple[str, str]) -> None:
    """A job of dev cannot impersonate the deployer of prod."""
    environment, condition = login
    other = next(name for name in ENVIRONMENTS if name != environment)
    assert not is_admitted(condition, _token(other, {})), condition


def test_only_tokens_of_the_repository_may_impersonate_an_account() -> None:
    """The grant names the repository's id, as the condition does, and not the whole pool."""
    parsed: Any = hcl2.loads((ROOT / "iac/modules/workload-identity/main.tf").read_text())
    resources = {kind: bodies for block in parsed["resource"] for kind, bodies in block.items()}
    (member,) = resources["google_service_account_iam_member"]["impersonation"]["member"]
    assert member.startswith("principalSet://"), member
    assert member.endswith("/attribute.repository_id/${var.repository_id}"), f"{member}: admits other repositories"
    (mapping,) = resources["google_iam_workload_identity_pool_provider"]["github"]["attribute_mapping"]
    assert mapping["attribute.repository_id"] == "assertion.repository_id", mapping
    (condition,) = resources["google_iam_workload_identity_pool_provider"]["github"]["attribute_condition"]
    assert condition == "${local.condition}", "the provider's condition is not the one that is tested here"


@pytest.mark.parametrize(
    ("condition", "admits"),
    [
        ("assertion.a == '1'", True),
        ('assertion.a == "1"', True),
        ("assertion.a == '10'", False),
        ("assertion.a != '2'", True),
        ("assertion.a == '1' && assertion.b == '3'", False),
        ("assertion.a == '2' || assertion.b == '2'", True),
        ("assertion.a == '2' && assertion.b == '3' || assertion.b == '2'", True),
        ("assertion.b == '2' || assertion.a == '2' && assertion.a == '3'", True),
        ("assertion.a == '2' && (assertion.b == '3' || assertion.b == '2')", False),
        ("!(assertion.a == '2')", True),
        ("assertion.a in ['0', '1']", True),
        ("assertion.a in ['0', '10']", False),
        ("assertion.none == '1'", False),
        ("assertion.none != '1'", False),
        ("!(assertion.none == '1')", False),
        ("assertion.none == '1' || assertion.a == '1'", True),
        ("assertion.none == '1' && assertion.a == '1'", False),
        ("assertion.a.startsWith('1')", True),
    ],
)
def test_expressions_have_the_meaning_of_cel(condition: str, admits: bool) -> None:
    """`&&` binds closer than `||`; a missing claim alone admits no token."""
    assert is_admitted(condition, {"a": "1", "b": "2"}) is admits


@pytest.mark.parametrize(
    "condition",
    ["", "assertion.a", "'a'", "assertion.a = '1'", "assertion.a == ", "(assertion.a == '1'", "assertion.a == '1' 'b'",
     "assertion.a == '1' &&", "assertion.a in '1'", "'a' && 'b'", "true && 'a'", "assertion.a == 1", "unknown == '1'"],
)  # fmt: skip
def test_expression_without_a_boolean_result_admits_no_token(condition: str) -> None:
    """A condition that CEL cannot parse, or that is an error or another value than a boolean, admits no token."""
    assert not is_admitted(condition, {"a": "1"})
