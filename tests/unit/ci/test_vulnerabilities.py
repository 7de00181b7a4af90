"""Which known vulnerabilities stop a release, and what the summary says of the others."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from ci import vulnerabilities
from ci.errors import GateError
from ci.vulnerabilities import Audit, Vulnerability
from ci.vulnerability_rule import DEFAULT, SEVERITIES, Allowed, VulnerabilityRule

TODAY = date(2026, 11, 27)
SANDBOX = Vulnerability("jinja2", "2.10", ("GHSA-462w-v97r-4m45", "CVE-2019-10906"), "high", ("2.10.1",))
ALLOWED = Allowed("CVE-2019-10906", "no template comes from outside", TODAY)


def judged(*found: Vulnerability, rule: VulnerabilityRule = DEFAULT, today: date = TODAY) -> tuple[str, ...]:
    return vulnerabilities.judge(Audit(39, found), rule, today, "prod")


def stopped(*found: Vulnerability, rule: VulnerabilityRule = DEFAULT, today: date = TODAY) -> str:
    with pytest.raises(GateError) as failed:
        judged(*found, rule=rule, today=today)
    assert failed.value.exit_code == 6
    return str(failed.value)


def test_result_without_vulnerabilities_has_the_number_of_packages_and_the_day() -> None:
    """The answer of the service holds for its day."""
    assert judged() == ("39 packages, none known on 2026-11-27",)


def test_text_of_a_failure_has_package_version_id_and_fixed_version() -> None:
    """It also names the file and the key by which a person can allow the advisory."""
    assert stopped(SANDBOX) == (
        "vulnerabilities: 1 of severity 'high' or higher in 39 locked packages, by the advisories of 2026-11-27:\n"
        "  jinja2 2.10: GHSA-462w-v97r-4m45 (CVE-2019-10906): high; fixed in 2.10.1\n"
        "Fix: lock a version without the vulnerability, or allow the advisory until a day, in "
        "environments/prod.yaml: vulnerabilities.allowed"
    )


def test_advisory_without_a_severity_counts_as_the_highest() -> None:
    """It may be critical."""
    unknown = replace(SANDBOX, ids=("PYSEC-2019-217",), severity="", fixed_in=())
    text = stopped(unknown, rule=VulnerabilityRule("critical"))
    assert "  jinja2 2.10: PYSEC-2019-217: no severity, counts as critical; no version fixes it\n" in text


@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("fails_from", SEVERITIES)
def test_severity_from_the_threshold_on_stops(severity: str, fails_from: str) -> None:
    """A lower one is a part of the summary."""
    found, rule = replace(SANDBOX, severity=severity), VulnerabilityRule(fails_from)
    if SEVERITIES.index(severity) >= SEVERITIES.index(fails_from):
        assert f"jinja2 2.10: GHSA-462w-v97r-4m45 (CVE-2019-10906): {severity}" in stopped(found, rule=rule)
    else:
        assert judged(found, rule=rule) == (
            "39 packages, 1 known on 2026-11-27",
            f"below {fails_from}: jinja2 GHSA-462w-v97r-4m45",
        )


@pytest.mark.parametrize("name", [*SANDBOX.ids, "ghsa-462W-V97R-4M45"])
def test_allowed_advisory_does_not_stop_until_the_end_of_its_day(name: str) -> None:
    """Its id may be an alias; the summary has the reason and the day."""
    rule = VulnerabilityRule(allowed=(replace(ALLOWED, id=name),))
    assert judged(SANDBOX, rule=rule) == (
        "39 packages, 1 known on 2026-11-27",
        f"jinja2 {name} allowed until 2026-11-27: no template comes from outside",
    )


def test_allowed_advisory_stops_again_after_its_day() -> None:
    """The text names the day and the reason."""
    text = stopped(SANDBOX, rule=VulnerabilityRule(allowed=(ALLOWED,)), today=TODAY + timedelta(days=1))
    assert (
        "high; fixed in 2.10.1; allowed until 2026-11-27, which has passed: 'no template comes from outside'\n" in text
    )


def test_allowed_advisory_does_not_excuse_another_one() -> None:
    """Only the other one is in the text of the failure."""
    other = replace(SANDBOX, package="urllib3", ids=("GHSA-1",))
    text = stopped(SANDBOX, other, rule=VulnerabilityRule(allowed=(ALLOWED,)))
    assert "1 of severity 'high'" in text
    assert "urllib3 2.10: GHSA-1" in text
    assert "jinja2" not in text
