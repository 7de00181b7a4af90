"""Every finding of doctor, with its text and its command, on environments that are sound, broken or unreadable."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.doctor.diagnosis import diagnose
from deploy.doctor.finding import Finding
from deploy.doctor.readings import Readings, Unread
from tests.integration.deploy.doctor_rig import planted
from tests.integration.deploy.test_doctor import DEFECTS
from tests.unit.deploy.observations import observation
from tests.unit.deploy.values import CONFIG

CASES = Path(__file__).with_name("doctor_findings.json")
OBSERVED = observation("roll")
DENIED = Unread("403 denied", fix="log in again", service="x.googleapis.com")
# Nothing could be read, because of a disabled API.
UNREAD = Readings(
    account=DENIED,
    services=DENIED,
    missing_permissions=DENIED,
    ungranted_instance_permissions=DENIED,
    group=DENIED,
    health_check=DENIED,
    template=DENIED,
    quotas=DENIED,
    project=DENIED,
    firewalls=DENIED,
    repository=DENIED,
    missing_repository_permissions=DENIED,
)


def listed(name: str) -> tuple[Finding, ...]:
    """Return the findings of an environment."""
    if name == "sound":
        return planted()
    if name == "broken":
        return planted(*DEFECTS)
    group = OBSERVED.group if name in ("group alone", "group and template") else DENIED
    template = OBSERVED.template if name == "group and template" else DENIED
    machine_types = {"asia-northeast3-a": DENIED} if name == "group and template" else {}
    return diagnose(CONFIG, replace(UNREAD, group=group, template=template, machine_types=machine_types))


@pytest.mark.parametrize("name", ["sound", "broken", "nothing", "group alone", "group and template"])
def test_findings(name: str) -> None:
    """Text and command of each finding are those of the case."""
    shown = [[finding.check, finding.state, finding.text, finding.command] for finding in listed(name)]
    assert shown == json.loads(CASES.read_text())[name]
