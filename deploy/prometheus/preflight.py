"""Refuses an analysis that can never have a value: the server refuses its login or a query, or is no Prometheus."""

from collections.abc import Collection

from deploy.analysis.reading import Answer
from deploy.analysis_settings import READ_PERMISSION, AnalysisSettings
from deploy.errors import NotAllowedError, RefusedError
from deploy.prometheus.checks_reader import ChecksReader


def refuse_missing_login(reader: ChecksReader) -> None:
    """
    Refuse to go on with a release without the login that its checks need; a rollback needs none.

    Raises:
        NotAllowedError: the file of the token can't be read, or has none.
    """
    reader.prometheus.headers()


def refuse_useless_checks(reader: ChecksReader, instances: Collection[str]) -> None:
    """
    Read each check once over the instances that serve now.

    A check without data is not refused: a release may have no requests yet, and a server that is down may be up again
    when the bake begins.

    Args:
        reader: reads of the analysis.
        instances: names of the group's instances; without any, nothing is read.

    Raises:
        NotAllowedError: the server refuses the login.
        RefusedError: the server refuses a query, a query's result is not one number, or the answer is another server's.
    """
    faults = {name: answer for name, answer in reader.read_once(instances).items() if answer.fault} if instances else {}
    if not faults:
        return
    text = "; ".join(f"check '{name}': {answer.reason}" for name, answer in faults.items())
    where = f"rollout.analysis: {reader.prometheus.url}: {text.rstrip('.')}."
    if any(answer.fault == "login" for answer in faults.values()):
        raise NotAllowedError(where, _login_fix(reader.analysis))
    raise RefusedError(where, _fix(faults.values()))


def _login_fix(analysis: AnalysisSettings) -> str:
    """Return what gives a request to a server its permission."""
    if analysis.is_google:
        return f"grant the deployer's account {READ_PERMISSION} on project {analysis.google_project or 'PROJECT'}"
    return "pass --prometheus-token FILE with a token of this server, or set PROMETHEUS_TOKEN_FILE"


def _fix(answers: Collection[Answer]) -> str:
    if any(answer.fault == "server" for answer in answers):
        return "correct `prometheus` of the environment file, the URL before /api/v1/query"
    return "correct the query in the environment file"
