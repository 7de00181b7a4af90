"""Findings from readings that the emulator does not give: other registries, firewall policies, disabled versions."""

from dataclasses import replace
from typing import Any

import pytest

from deploy.config import Config
from deploy.doctor import access, group, surroundings
from deploy.doctor.finding import Finding
from deploy.doctor.readings import NetworkFirewalls, Readings, SecretReading, Unread
from deploy.group.quotas import Quota
from deploy.release.secret_names import SecretName
from tests.unit.deploy.observations import observation
from tests.unit.deploy.values import CONFIG

OBSERVED = observation("roll")
READINGS = Readings(
    account="a",
    group=OBSERVED.group,
    template=OBSERVED.template,
    health_check=OBSERVED.health_check,
    quotas=OBSERVED.quotas,
)
SECRET = SecretName("p", "key")
ABSENT = Unread("404 not found", is_absent=True)
DENIED = Unread("403 denied")


def only(findings: Any) -> Finding:
    """Return the only finding."""
    [finding] = findings
    assert isinstance(finding, Finding)
    return finding


@pytest.mark.parametrize(
    ("secret", "version", "state", "text", "command"),
    [
        (ABSENT, ABSENT, "wrong", "'key' does not exist in project p", "gcloud secrets create key --project p"),
        ({}, ABSENT, "wrong", "'key' has no version", 'printf %s "$VALUE" | gcloud secrets versions add key'),
        (
            {},
            {"name": "projects/p/secrets/key/versions/4", "state": "DISABLED"},
            "wrong",
            "version 4 of 'key' is DISABLED",
            "gcloud secrets versions enable 4 --secret key --project p",
        ),
        (
            {},
            {"name": "projects/p/secrets/key/versions/4", "state": "DESTROYED"},
            "wrong",
            "version 4 of 'key' is DESTROYED",
            'printf %s "$VALUE" | gcloud secrets versions add key',
        ),
        (DENIED, DENIED, "unknown", "403 denied", "gcloud secrets versions list key --project p"),
        (DENIED, {"state": "ENABLED"}, "ok", "key: each has an enabled version", ""),
    ],
)
def test_states_of_a_secret(secret: Any, version: Any, state: str, text: str, command: str) -> None:
    """A secret without an enabled version is wrong, with the command for its state; an unreadable one is unknown."""
    readings = replace(READINGS, secrets={SECRET: SecretReading(secret, version)})
    finding = only(surroundings.secret_findings(CONFIG, readings))
    assert (finding.state, finding.text) == (state, text)
    assert finding.command.startswith(command)


def test_versions_of_a_secret_are_told_apart() -> None:
    """Each version of a secret that the script reads has its own finding, and its number in the text."""
    pinned = SecretName("p", "key", "3")
    enabled = SecretReading({}, {"state": "ENABLED"})
    both = {pinned: enabled, SECRET: enabled}
    finding = only(surroundings.secret_findings(CONFIG, replace(READINGS, secrets=both)))
    assert finding.text == "key version 3, key: each has an enabled version"
    readings = replace(READINGS, secrets={pinned: SecretReading({}, ABSENT), SECRET: enabled})
    finding = only(surroundings.secret_findings(CONFIG, readings))
    assert (finding.state, finding.text) == ("wrong", "'key' has no version 3")
    assert finding.command == "gcloud secrets versions list key --project p"


def config(repository: str) -> Config:
    """Return the settings of an environment with another image."""
    return CONFIG.model_copy(update={"repository": repository})


@pytest.mark.parametrize(
    ("registry", "state", "text"),
    [
        (None, "ok", "https://ghcr.io accepts this login"),
        (Unread("requires a login.", "pass FILE"), "wrong", "requires a login. Fix: pass FILE"),
        (Unread("no answer"), "unknown", "no answer"),
    ],
)
def test_other_registry(registry: Unread | None, state: str, text: str) -> None:
    """Of a registry that is not Artifact Registry, only its answer to this login is known."""
    readings = replace(READINGS, registry=registry)
    finding = only(surroundings.repository_findings(config("ghcr.io/team/app"), readings))
    assert (finding.state, finding.text) == (state, text)


@pytest.mark.parametrize(
    ("document", "missing", "state", "text"),
    [
        ({"format": "DOCKER"}, (), "ok", "'dojangkok-ai' is for images, and this login may read it"),
        ({"format": "NPM"}, (), "wrong", "'dojangkok-ai' has the format NPM, and images need DOCKER"),
        ({"format": "DOCKER"}, ("x",), "ok", "'dojangkok-ai' is for images, and this login may read it"),
        ({"format": "DOCKER"}, DENIED, "unknown", "403 denied"),
        (DENIED, DENIED, "unknown", "403 denied"),
    ],
)
def test_repository_in_artifact_registry(document: Any, missing: Any, state: str, text: str) -> None:
    """A repository must be for images, and this login must be allowed to read it."""
    readings = replace(READINGS, repository=document, missing_repository_permissions=missing)
    finding = only(surroundings.repository_findings(CONFIG, readings))
    assert (finding.state, finding.text) == (state, text)


def test_denied_download_has_the_command_that_grants_it() -> None:
    """Without the permission to download, the command grants the role of a reader, also if the repository is hidden."""
    missing = ("artifactregistry.repositories.downloadArtifacts",)
    readings = replace(READINGS, repository=DENIED, missing_repository_permissions=missing, member="user:a@b.c")
    unread, denied = surroundings.repository_findings(CONFIG, readings)
    assert (unread.state, denied.state) == ("unknown", "wrong")
    assert denied.command.endswith("--member user:a@b.c --role roles/artifactregistry.reader")


def test_firewall_policy_beside_the_rules_is_unknown() -> None:
    """Where no rule admits the probes, a firewall policy may: `doctor` does not judge policies."""
    readings = replace(READINGS, firewalls=NetworkFirewalls("vpc", (), has_policies=True))
    finding = only(surroundings.firewall_findings(CONFIG, readings))
    assert finding.state == "unknown"
    assert finding.command == "gcloud compute networks get-effective-firewalls vpc --project dojangkok-dev"


@pytest.mark.parametrize(
    ("quotas", "state", "text"),
    [
        ([{"metric": "INSTANCE_TEMPLATES", "usage": 99, "limit": 100}], "ok", "99 of 100 instance templates are used"),
        ([{"metric": "SNAPSHOTS", "usage": 1, "limit": 1}], "unknown", "the project has no quota INSTANCE_TEMPLATES"),
    ],
)
def test_template_quota(quotas: list[Any], state: str, text: str) -> None:
    """Room for one more template is enough; a project without the quota is unknown."""
    finding = only(surroundings.template_quota_findings(CONFIG, replace(READINGS, project={"quotas": quotas})))
    assert (finding.state, finding.text) == (state, text)


@pytest.mark.parametrize(("ahead_s", "state"), [(None, "unknown"), (60.0, "ok"), (-61.0, "wrong")])
def test_clock(ahead_s: float | None, state: str) -> None:
    """A clock that is more than a minute off is wrong; without an answer of Compute Engine it is unknown."""
    assert only(surroundings.clock_findings(replace(READINGS, clock_ahead_s=ahead_s))).state == state


def test_quotas_that_cannot_be_read_are_unknown() -> None:
    """The finding says why, and its command shows the quotas."""
    finding = only(group.quota_findings(CONFIG, replace(READINGS, quotas=DENIED)))
    assert (finding.state, finding.text) == ("unknown", "403 denied")
    assert finding.command.startswith("gcloud compute regions describe asia-northeast3 --project dojangkok-dev")


def test_each_quota_has_its_finding() -> None:
    """A quota without room is wrong, and one that the region does not have is unknown."""
    rows = (Quota("INSTANCES", 3.0, 3.0), Quota("CPUS", 24.0, 6.0))
    findings = {finding.state: finding.text for finding in group.quota_findings(CONFIG, replace(READINGS, quotas=rows))}
    shortage = "quota INSTANCES: a surge of 1 needs 1, and 0 of 3 are free"
    assert findings["wrong"] == f"{shortage}: raise INSTANCES, or lower `rollout.surge`"
    assert findings["unknown"].endswith("was not checked, because the region has no such quota")


def test_template_of_another_project_is_wrong() -> None:
    """A template that the project does not have as a global one is the refusal of preflight."""
    first, *_ = group.group_findings(CONFIG, replace(READINGS, template=ABSENT))
    assert first.state == "wrong"
    assert "is neither a global one of project 'dojangkok-dev'" in first.text


def test_members_of_the_update_policy_are_each_named_once() -> None:
    """A member that preflight refuses is not listed again as a difference from the environment file."""
    policy = {"type": "OPPORTUNISTIC", "minimalAction": "RESTART", "maxSurge": {"fixed": 1}}
    changed = replace(OBSERVED.group, raw={**OBSERVED.group.raw, "updatePolicy": policy})
    refused, different = group.update_policy_findings(CONFIG, replace(READINGS, group=changed))
    assert "is OPPORTUNISTIC, and a release needs PROACTIVE" in refused.text
    assert (
        different.text
        == "minimalAction is RESTART, and the file has REPLACE; maxUnavailable is absent, and the file has 0"
    )
    assert different.command.endswith("--update-policy-minimal-action replace --update-policy-max-unavailable 0")


def test_missing_permission_that_a_rollout_can_do_without_is_unknown() -> None:
    """A permission that only adds to a report is not wrong, and its finding says what is left out."""
    readings = replace(READINGS, missing_permissions=(), missing_optional_permissions=("compute.regions.get",))
    finding = only(access.permission_findings(CONFIG, readings))
    assert finding.state == "unknown"
    assert finding.text.startswith("a rollout works without compute.regions.get")
    unread = replace(READINGS, missing_permissions=DENIED, missing_optional_permissions=DENIED)
    assert only(access.permission_findings(CONFIG, unread)).text == "403 denied"


def test_read_without_a_quota_project_has_the_command_that_sets_one() -> None:
    """A value that the login can't read without a quota project is unknown, with the command for this environment."""
    unread = Unread("403 requires a quota project", lacks_quota_project=True)
    finding = only(group.quota_findings(CONFIG, replace(READINGS, quotas=unread)))
    assert (finding.state, finding.text) == ("unknown", unread.text)
    assert finding.command == "gcloud auth application-default set-quota-project dojangkok-dev"


def test_every_missing_permission_is_in_a_command() -> None:
    """Many missing permissions are divided among commands, each short enough for a line."""
    missing = tuple(f"compute.things.get{number}" for number in range(14))
    findings = list(access.permission_findings(CONFIG, replace(READINGS, missing_permissions=missing)))
    assert [finding.text.partition(";")[0] for finding in findings] == [
        f"{count} missing on the project" for count in (6, 6, 2)
    ]
    assert all("ROLE is the first role of mig-deploy's docs/permissions.md" in finding.text for finding in findings)
    assert [name for row in findings for name in row.command.rpartition(" ")[2].split(",")] == list(missing)


@pytest.mark.parametrize(
    ("act_as", "state", "text"),
    [
        ({}, "ok", "the template has none"),
        ({"a@p.iam": ABSENT}, "wrong", "'a@p.iam' does not exist"),
        ({"a@p.iam": DENIED}, "unknown", "403 denied"),
    ],
)
def test_service_account(act_as: Any, state: str, text: str) -> None:
    """A template without a service account needs no grant; an absent account is wrong."""
    finding = only(access.act_as_findings(CONFIG, replace(READINGS, act_as=act_as)))
    assert (finding.state, finding.text) == (state, text)


def test_optional_permissions_that_cannot_be_read_are_unknown() -> None:
    """The command enables a disabled API, or else shows the account's grants."""
    readings = replace(READINGS, missing_permissions=())
    command = (
        f"gcloud projects get-iam-policy {CONFIG.project} --flatten 'bindings[]' --filter"
        f" bindings.members:{readings.member} --format 'table(bindings.role,bindings.condition.expression)'"
    )
    enabling = f"gcloud services enable x.googleapis.com --project {CONFIG.project}"
    for unread, expected in ((DENIED, command), (Unread("403 denied", service="x.googleapis.com"), enabling)):
        finding = only(access.permission_findings(CONFIG, replace(readings, missing_optional_permissions=unread)))
        assert finding == Finding("permissions", "unknown", "403 denied", expected)
