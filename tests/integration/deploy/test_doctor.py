"""`doctor` on a sound environment, on planted defects, and where the login may not read."""

from collections.abc import Callable

import pytest

from deploy.compute_engine.permissions import INSTANCE_PERMISSIONS, OPTIONAL_PERMISSIONS
from deploy.doctor.diagnosis import diagnose
from deploy.doctor.finding import Finding
from deploy.doctor.readings import Readings, Unread
from tests.integration.deploy.doctor_rig import EnvironmentPlan, findings, planted
from tests.unit.deploy.values import CONFIG

Defect = Callable[[EnvironmentPlan], None]
CHECKS = [
    "account", "clock", "APIs", "permissions", "dry run", "service account", "repository", "group", "update policy",
    "health check", "firewall", "image", "machine type", "secrets", "quota", "template quota",
]  # fmt: skip


def _disable_api(plan: EnvironmentPlan) -> None:
    plan.disabled_apis.append("iap.googleapis.com")


def _deny_permission(plan: EnvironmentPlan) -> None:
    plan.denied.append("compute.instanceTemplates.delete")


def _deny_act_as(plan: EnvironmentPlan) -> None:
    plan.denied.append("iam.serviceAccounts.actAs")


def _leave_repository_out(plan: EnvironmentPlan) -> None:
    plan.seed.repositories = {}


def _mask_startup_script(plan: EnvironmentPlan) -> None:
    mask = {"properties": {"metadata": {"startup-script": "true"}}}
    plan.resource("instanceGroupManagers")["allInstancesConfig"] = mask


def _raise_surge(plan: EnvironmentPlan) -> None:
    plan.resource("instanceGroupManagers")["updatePolicy"]["maxSurge"] = {"fixed": 2}


def _ask_exporter(plan: EnvironmentPlan) -> None:
    plan.resource("healthChecks")["httpHealthCheck"] = {"port": 9100, "requestPath": "/metrics"}
    plan.resource("firewalls")["allowed"] = [{"IPProtocol": "tcp", "ports": ["9000-9100"]}]


def _admit_one_range(plan: EnvironmentPlan) -> None:
    plan.resource("firewalls")["sourceRanges"] = ["130.211.0.0/22"]


def _write_another_reference(plan: EnvironmentPlan) -> None:
    lines = plan.script["value"].splitlines()
    image = next(line for line in lines if "/ai-server:latest" in line).split()[-1]
    plan.script["value"] += f"docker pull {image.replace('latest', 'v1')}\n"


def _ask_for_unknown_machine_type(plan: EnvironmentPlan) -> None:
    plan.properties["machineType"] = "n2d-standard-3"


def _leave_version_out(plan: EnvironmentPlan) -> None:
    plan.seed.secrets = {"dojangkok-ocr-api": []}


def _use_quota_up(plan: EnvironmentPlan) -> None:
    plan.seed.quotas = {"INSTANCES": 3}


def _use_template_quota_up(plan: EnvironmentPlan) -> None:
    plan.max_templates = 1


def _set_clock_ahead(plan: EnvironmentPlan) -> None:
    plan.clock_ahead_s = 600


# The check that finds a defect, a part of its text, and the beginning of its command.
DEFECTS: dict[Defect, tuple[str, str, str]] = {
    _set_clock_ahead: ("clock", "600 s ahead of Compute Engine's", "date -u; curl"),
    _disable_api: ("APIs", "iap.googleapis.com is not enabled", "gcloud services enable iap.googleapis.com --project"),
    _deny_permission: ("permissions", "1 missing on the project", "gcloud iam roles update ROLE --project"),
    _deny_act_as: ("service account", "lacks iam.serviceAccounts.actAs on", "gcloud iam service-accounts add"),
    _leave_repository_out: ("repository", "'dojangkok-ai' does not exist in", "gcloud artifacts repositories create"),
    _mask_startup_script: ("group", "hides the template's", "gcloud compute instance-groups managed all"),
    _raise_surge: ("update policy", "maxSurge is 2, and the file has 1", "gcloud compute instance-groups managed"),
    _ask_exporter: ("health check", "asks port 9100, where node-exporter answers", "gcloud compute health-checks list"),
    _admit_one_range: ("firewall", "network 'dojangkok-ai-vpc' admits probes from 35", "gcloud compute firewall"),
    _write_another_reference: ("image", "different references of", "gcloud compute instance-templates describe"),
    _ask_for_unknown_machine_type: ("machine type", "has no 'n2d-standard-3'", "gcloud compute machine-types list"),
    _leave_version_out: ("secrets", "'dojangkok-ocr-api' has no version", 'printf %s "$VALUE" | gcloud secrets'),
    _use_quota_up: ("quota", "a surge of 1 needs 1, and 0 of 3 are free", "gcloud compute regions describe"),
    _use_template_quota_up: ("template quota", "1 of 1 instance templates are used", "gcloud compute project-info"),
}  # fmt: skip


def _wrong(listed: tuple[Finding, ...]) -> list[Finding]:
    return [finding for finding in listed if finding.state == "wrong"]


def _are_complete(listed: tuple[Finding, ...]) -> bool:
    """Return whether each check has a finding, and each finding that is not ok has a command."""
    checks = list(dict.fromkeys(finding.check for finding in listed))
    return checks == CHECKS and all(bool(finding.command) == (finding.state != "ok") for finding in listed)


def test_sound_environment_has_one_line_for_each_check() -> None:
    """On a sound environment every check is ok, each in one finding."""
    listed = planted()
    assert [(finding.check, finding.state) for finding in listed] == [(check, "ok") for check in CHECKS]
    assert _are_complete(listed)


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.__name__.strip("_"))
def test_single_defect_is_one_finding(defect: Defect) -> None:
    """A defect is found by its own check alone, with the command that fixes or shows it."""
    listed = planted(defect)
    check, text, command = DEFECTS[defect]
    [finding] = _wrong(listed)
    assert finding.check == check
    assert text in finding.text
    assert finding.command.startswith(command)
    assert _are_complete(listed)


def test_all_defects_are_listed_in_one_run() -> None:
    """Fourteen defects at once are fourteen findings of one run."""
    listed = planted(*DEFECTS)
    assert [finding.check for finding in _wrong(listed)] == [check for check, _, _ in DEFECTS.values()]
    assert all(text in finding.text for finding, (_, text, _) in zip(_wrong(listed), DEFECTS.values(), strict=True))
    assert _are_complete(listed)


# Permission that the login lacks, and the check whose value it can't read then.
UNREADABLE = {
    "serviceusage.services.get": "APIs",
    "artifactregistry.repositories.get": "repository",
    "compute.networks.getEffectiveFirewalls": "firewall",
    "compute.machineTypes.get": "machine type",
    "secretmanager.versions.get": "secrets",
    "compute.projects.get": "template quota",
}


@pytest.mark.parametrize("permission", UNREADABLE)
def test_value_that_the_login_may_not_read_is_unknown(permission: str) -> None:
    """A denied read is an unknown finding with the command that shows the value, and no wrong one."""
    listed = planted(lambda plan: plan.denied.append(permission))
    findings = [finding for finding in listed if finding.state != "ok"]
    checks = ["permissions"] * (permission in OPTIONAL_PERMISSIONS) + [UNREADABLE[permission]]
    assert [(finding.check, finding.state) for finding in findings] == [(check, "unknown") for check in checks]
    assert all(permission in finding.text for finding in findings)
    assert _are_complete(listed)


def test_optional_permission_is_unknown() -> None:
    """Without the permissions that a rollout can do without, nothing is wrong."""
    listed = planted(lambda plan: plan.denied.extend(OPTIONAL_PERMISSIONS))
    assert [(row.check, row.state) for row in listed if row.state != "ok"] == [
        ("permissions", "unknown"), ("quota", "unknown"), ("template quota", "unknown"),
    ]  # fmt: skip
    assert all(name in listed[3].text for name in OPTIONAL_PERMISSIONS)
    assert _are_complete(listed)


def test_grant_under_a_condition_is_unknown() -> None:
    """Permissions of the dry run that the whole project does not grant may have a condition: unknown, not wrong."""
    listed = planted(lambda plan: plan.denied.extend(INSTANCE_PERMISSIONS))
    [finding] = [finding for finding in listed if finding.state != "ok"]
    assert (finding.check, finding.state) == ("dry run", "unknown")
    assert "names that end in -0000" in finding.text
    assert "bindings.condition.expression" in finding.command


def test_disabled_api_of_a_read_is_wrong_even_if_the_list_of_apis_is_unreadable() -> None:
    """An API that answers that it is disabled is wrong; the values behind it are unknown, with the same command."""

    apis = ["secretmanager.googleapis.com", "serviceusage.googleapis.com"]
    listed = planted(lambda plan: plan.disabled_apis.extend(apis))
    enable = "gcloud services enable {}.googleapis.com --project dojangkok-dev"
    assert [(row.check, row.state, row.command) for row in listed if row.state != "ok"] == [
        ("APIs", "wrong", enable.format("secretmanager")),
        ("APIs", "wrong", enable.format("serviceusage")),
        ("APIs", "unknown", enable.format("serviceusage")),
        ("secrets", "unknown", enable.format("secretmanager")),
    ]


def test_absent_group_leaves_the_other_checks() -> None:
    """Without the group its own checks are unknown, and the checks of the project are made."""
    rig = EnvironmentPlan().rig()
    rig.config = rig.config.model_copy(update={"group": "nowhere"})
    listed = findings(rig)
    assert [finding.check for finding in _wrong(listed)] == ["group"]
    assert "group 'nowhere': not found in zone asia-northeast3-a" in _wrong(listed)[0].text
    assert [finding.check for finding in listed if finding.state == "ok"] == [
        "account", "clock", "APIs", "permissions", "dry run", "repository", "template quota",
    ]  # fmt: skip
    assert _are_complete(listed)


def test_missing_login_is_the_only_wrong_finding() -> None:
    """Without a login every other check is unknown."""
    listed = diagnose(CONFIG, Readings(account=Unread("credentials: none were given.", "pass --credentials FILE")))
    assert [finding.check for finding in _wrong(listed)] == ["account"]
    assert {finding.state for finding in listed[1:]} == {"unknown"}
    assert _are_complete(listed)


def test_doctor_writes_nothing() -> None:
    """No request of `doctor` changes the environment, also where it finds defects."""
    plan = EnvironmentPlan()
    for defect in DEFECTS:
        defect(plan)
    rig = plan.rig()
    findings(rig)
    reads = {"cloudresourcemanager", "iam", "artifactregistry"}
    assert {method.partition(".")[0] for method, _ in rig.writes()} == reads
    assert all(method.endswith(".testIamPermissions") for method, _ in rig.writes())


def test_rollback_leaves_no_difference() -> None:
    """A rollback sets a surge of its own and restores the file's, so that `doctor` finds no difference."""
    rig = EnvironmentPlan().rig()
    rig.deploy("a")
    rig.deploy("b")
    rig.rollback()
    [finding] = [finding for finding in findings(rig) if finding.check == "update policy"]
    assert finding.state == "ok"
