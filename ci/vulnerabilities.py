"""Decides by the known vulnerabilities of the locked packages whether a release goes on: pure."""

import json
from dataclasses import dataclass
from datetime import date

from ci.errors import GateError
from ci.vulnerability_rule import SEVERITIES, Allowed, VulnerabilityRule


@dataclass(frozen=True)
class Vulnerability:
    """
    A known vulnerability of a locked package.

    Args:
        package: name of the package
        version: locked version
        ids: id of the advisory, and its aliases
        severity: one of SEVERITIES; empty where no advisory states it
        fixed_in: versions without the vulnerability
    """

    package: str
    version: str
    ids: tuple[str, ...]
    severity: str
    fixed_in: tuple[str, ...]

    @property
    def counts_as(self) -> str:
        """The severity that decides: without a stated one the highest."""
        return self.severity or SEVERITIES[-1]

    def __str__(self) -> str:
        first, *aliases = self.ids
        also = f" ({', '.join(aliases)})" if aliases else ""
        severity = self.severity or f"no severity, counts as {self.counts_as}"
        fixed = f"fixed in {', '.join(self.fixed_in)}" if self.fixed_in else "no version fixes it"
        return f"{self.package} {self.version}: {first}{also}: {severity}; {fixed}"


@dataclass(frozen=True)
class Audit:
    """
    The result of a search for known vulnerabilities.

    Args:
        packages: number of locked packages
        vulnerabilities: known vulnerabilities of these packages
    """

    packages: int
    vulnerabilities: tuple[Vulnerability, ...]


def parse(output: str) -> Audit:
    """Return the result that scripts/audit.py prints."""
    content = json.loads(output)
    found = (
        Vulnerability(entry["package"], entry["version"], tuple(entry["ids"]), entry["severity"], tuple(entry["fixed"]))
        for entry in content["vulnerabilities"]
    )
    return Audit(content["packages"], tuple(found))


def judge(audit: Audit, rule: VulnerabilityRule, today: date, env: str) -> tuple[str, ...]:
    """
    Return the results for the summary, if no vulnerability stops the release.

    Args:
        audit: the known vulnerabilities
        rule: which of them stop a release
        today: day of the release, in UTC
        env: name of the environment file, for the fix of an error

    Raises:
        GateError: a vulnerability stops the release; the text has a line for each
    """
    allowed_by_id = {entry.id.lower(): entry for entry in rule.allowed}
    stopping, below, allowed = [], [], []
    for vulnerability in audit.vulnerabilities:
        entry = next((allowed_by_id[name.lower()] for name in vulnerability.ids if name.lower() in allowed_by_id), None)
        if SEVERITIES.index(vulnerability.counts_as) < SEVERITIES.index(rule.fails_from):
            below.append(vulnerability)
        elif entry and today <= entry.until:
            allowed.append(f"{vulnerability.package} {entry.id} allowed until {entry.until}: {entry.reason}")
        else:
            stopping.append(f"{vulnerability}{_expired(entry)}")
    if stopping:
        lines = "".join(f"  {line}\n" for line in stopping)
        raise GateError(
            f"vulnerabilities: {len(stopping)} of severity '{rule.fails_from}' or higher in {audit.packages} locked "
            f"packages, by the advisories of {today}:\n{lines}"
            "Fix: lock a version without the vulnerability, or allow the advisory until a day, in "
            f"environments/{env}.yaml: vulnerabilities.allowed"
        )
    counted = f"{audit.packages} packages, {len(audit.vulnerabilities) or 'none'} known on {today}"
    names = ", ".join(f"{vulnerability.package} {vulnerability.ids[0]}" for vulnerability in below)
    return (counted, *allowed, *([f"below {rule.fails_from}: {names}"] if below else []))


def _expired(entry: Allowed | None) -> str:
    return f"; allowed until {entry.until}, which has passed: '{entry.reason}'" if entry else ""
