"""The findings about a group whose environment file is being written, which may not name a repository yet."""

from collections.abc import Iterator

from deploy.config import Config
from deploy.doctor.diagnosis import diagnose
from deploy.doctor.finding import Finding, wrong
from deploy.doctor.readings import Readings
from deploy.release.repository_choice import UNKNOWN_REPOSITORY, RepositoryChoice


def adoption_findings(
    config: Config, readings: Readings, choice: RepositoryChoice | None, command: str
) -> tuple[Finding, ...]:
    """
    Return the findings of all checks; without a repository, one finding stands for those that need it.

    Args:
        config: settings of the new environment.
        readings: what was read.
        choice: repository of the group's image; None if the group's metadata was not read.
        command: command that writes the file with a repository.
    """
    findings = diagnose(config, readings)
    if config.repository != UNKNOWN_REPOSITORY:
        return findings
    return tuple(_without_repository(findings, choice, command))


def _without_repository(
    findings: tuple[Finding, ...], choice: RepositoryChoice | None, command: str
) -> Iterator[Finding]:
    """Yield the findings, in place of those about the unknown repository the reason why it is unknown."""
    for finding in findings:
        if finding.check == "repository" and choice:
            yield wrong("repository", choice.problem, command)
        elif finding.check != "repository" and UNKNOWN_REPOSITORY not in finding.text:
            yield finding
