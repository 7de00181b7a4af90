"""What `doctor` finds of the secrets that a startup script reads."""

from tests.integration.deploy.doctor_rig import EnvironmentPlan, planted

_READ = "x=$(gcloud secrets versions access {} --secret db)\n"


def _destroy_third_version(plan: EnvironmentPlan) -> None:
    plan.seed.secrets["db"] = ["ENABLED", "ENABLED", "DESTROYED", "ENABLED"]
    plan.script["value"] += _READ.format("3") + _READ.format("latest")


def test_destroyed_version_is_wrong_beside_a_newer_one_that_is_read_too() -> None:
    """A script that reads a destroyed version of a secret is wrong, also if it reads the newest version as well."""
    wrong = [finding for finding in planted(_destroy_third_version) if finding.state != "ok"]
    assert [(finding.check, finding.text) for finding in wrong] == [("secrets", "version 3 of 'db' is DESTROYED")]
