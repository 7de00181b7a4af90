"""Findings about the analysis: the permission to read Google's metrics, and the value of each check."""

import shlex
from collections.abc import Iterator

from deploy.analysis.reading import Answer
from deploy.analysis.verdict import number
from deploy.analysis_settings import AnalysisSettings
from deploy.config import Config
from deploy.doctor.finding import Finding, ok, unknown, wrong
from deploy.doctor.readings import Readings, Unread
from deploy.doctor.unread import unread_finding

_CHECK = "analysis"


def analysis_findings(config: Config, readings: Readings) -> Iterator[Finding]:
    """Yield the findings about the analysis of an environment; none for an environment without one."""
    analysis = config.rollout.analysis
    if analysis is None:
        return
    yield from _permission_findings(config, readings, analysis)
    for name, answer in readings.checks.items():
        if answer.value is None:
            judged = wrong if answer.fault else unknown
            yield judged(_CHECK, f"{name}: {answer.reason}", _query_command(analysis, name))
    values = {name: answer for name, answer in readings.checks.items() if answer.value is not None}
    if values:
        yield ok(_CHECK, f"over the group's instances: {_shown(values)}")
    elif not readings.checks:
        yield unknown(
            _CHECK, "no check was read, because the group has no instances", f"curl -sI {analysis.prometheus}"
        )


def _permission_findings(config: Config, readings: Readings, analysis: AnalysisSettings) -> Iterator[Finding]:
    project, missing = analysis.google_project, readings.missing_analysis_permissions
    if isinstance(missing, Unread):
        yield unread_finding(_CHECK, config, missing, f"gcloud projects get-iam-policy {project}")
    elif missing:
        yield wrong(
            _CHECK,
            f"the account lacks {', '.join(missing)} on project {project}",
            f"gcloud projects add-iam-policy-binding {project} --member {readings.member}"
            " --role roles/monitoring.viewer",
        )


def _query_command(analysis: AnalysisSettings, name: str) -> str:
    """Return the command that sends the query of a check for instances of any name."""
    query = next(check.query for check in analysis.checks if check.name == name).replace("$instances", ".*")
    login = ' -H "Authorization: Bearer $(gcloud auth print-access-token)"' if analysis.is_google else ""
    return f"curl -s{login} --data-urlencode {shlex.quote(f'query={query}')} {analysis.prometheus}/api/v1/query"


def _shown(values: dict[str, Answer]) -> str:
    return ", ".join(f"{name} {number(answer.value)}" for name, answer in values.items())
