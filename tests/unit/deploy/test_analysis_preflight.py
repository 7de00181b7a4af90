"""An analysis that can never have a value is refused before the first write; `doctor` finds it too."""

import httpx
import pytest

from deploy.analysis.reading import Answer
from deploy.analysis_settings import AnalysisSettings, CheckSettings
from deploy.doctor.analysis import analysis_findings
from deploy.doctor.readings import Readings, Unread
from deploy.errors import DeployError, NotAllowedError, RefusedError
from deploy.prometheus.checks_reader import ChecksReader
from deploy.prometheus.client import Prometheus
from deploy.prometheus.preflight import refuse_useless_checks
from deploy.retry import Time
from tests.support.fake_prometheus import FakePrometheus
from tests.unit.deploy.values import CONFIG

_GOOGLE = "https://monitoring.googleapis.com/v1/projects/metrics/location/global/prometheus"
_CHECKS = (
    CheckSettings(name="errors", query='max(errors{instance=~"$instances"})', at_most=0.01),
    CheckSettings(name="p99", query='max(p99{instance=~"$instances"})', at_most=0.5),
)


def _reader(fake: FakePrometheus, url: str = "http://prometheus") -> ChecksReader:
    naps: list[float] = []
    prometheus = Prometheus(httpx.Client(transport=fake), url, dict, Time(lambda: sum(naps), naps.append))
    analysis = AnalysisSettings(prometheus=url, checks=_CHECKS)
    return ChecksReader(prometheus, analysis, lambda reads: [read() for read in reads])


@pytest.mark.parametrize(
    ("faults", "url", "kind", "text"),
    [
        (
            [httpx.Response(400, json={"error": "parse error"})],
            "http://prometheus",
            RefusedError,
            "rollout.analysis: http://prometheus: check 'errors': 400 parse error. Fix: correct the query in the",
        ),
        (
            [403, 403],
            _GOOGLE,
            NotAllowedError,
            "check 'p99': 403 injected. Fix: grant the deployer's account monitoring.timeSeries.list on project metric",
        ),
        (
            [401],
            "http://prometheus",
            NotAllowedError,
            "401 injected. Fix: pass --prometheus-token FILE with a token of",
        ),
        ([404], "http://prometheus", RefusedError, "404 injected. Fix: correct `prometheus` of the environment file,"),
        ([302], "http://prometheus", RefusedError, "302: a redirect to another address, which is not followed. Fix: c"),
        (
            [httpx.Response(200, text="<html>")],
            "http://prometheus",
            RefusedError,
            "the answer is not one of Prometheus. Fix: correct `prometheus`",
        ),
    ],
    ids=range(6),
)
def test_check_that_can_never_have_a_value_is_refused(
    faults: list[int | httpx.Response | Exception], url: str, kind: type[DeployError], text: str
) -> None:
    """The error has the server, each check and its reason, and what mends it."""
    redirect = [httpx.Response(302, headers={"location": "/"}) if fault == 302 else fault for fault in faults]
    with pytest.raises(kind) as caught:
        refuse_useless_checks(_reader(FakePrometheus(lambda _: {"web-a": 0.0}, faults=redirect), url), ["web-a"])
    assert text in str(caught.value)


@pytest.mark.parametrize("faults", [[], [503] * 100, [httpx.ConnectError("refused")] * 100])
def test_missing_data_and_outages_are_not_refused(faults: list[int | httpx.Response | Exception]) -> None:
    """A server that is down now may be up when the bake begins, and a release may have no requests yet."""
    refuse_useless_checks(_reader(FakePrometheus(faults=faults)), ["web-a"])


def test_empty_group_is_not_asked_about() -> None:
    """No instance has a metric."""
    fake = FakePrometheus(faults=[400])
    refuse_useless_checks(_reader(fake), [])
    assert fake.queries == []


def _findings(checks: dict[str, Answer], url: str = _GOOGLE, **readings: object) -> list[tuple[str, str, str]]:
    rollout = CONFIG.rollout.model_copy(update={"analysis": AnalysisSettings(prometheus=url, checks=_CHECKS)})
    config = CONFIG.model_copy(update={"rollout": rollout})
    read = Readings(account="me", checks=checks, **readings)  # type: ignore[arg-type]
    return [(finding.state, finding.text, finding.command) for finding in analysis_findings(config, read)]


def test_doctor_lists_values_and_faults_of_checks() -> None:
    """A value is ok, a fault is wrong, and missing data are unknown; the command sends the query."""
    assert list(analysis_findings(CONFIG, Readings(account="me"))) == []
    found = _findings({"errors": Answer(0.002), "p99": Answer(None, "422 no", "query")})
    assert [row[:2] for row in found] == [("wrong", "p99: 422 no"), ("ok", "over the group's instances: errors 0.002")]
    assert found[0][2] == (
        'curl -s -H "Authorization: Bearer $(gcloud auth print-access-token)" --data-urlencode'
        f""" 'query=max(p99{{instance=~".*"}})' {_GOOGLE}/api/v1/query"""
    )
    found = _findings({"errors": Answer(None, "the query gives no sample")}, "http://prometheus")
    assert [row[:2] for row in found] == [("unknown", "errors: the query gives no sample")]
    assert found[0][2].startswith("curl -s --data-urlencode 'query=max(errors")
    assert [row[0] for row in _findings({})] == ["unknown"]


def test_doctor_finds_a_missing_permission() -> None:
    """The permission is that of the project in the URL."""
    [found, _] = _findings({"errors": Answer(1.0)}, missing_analysis_permissions=("monitoring.timeSeries.list",))
    assert found == (
        "wrong",
        "the account lacks monitoring.timeSeries.list on project metrics",
        "gcloud projects add-iam-policy-binding metrics --member user:EMAIL --role roles/monitoring.viewer",
    )
    [found, _] = _findings({"errors": Answer(1.0)}, missing_analysis_permissions=Unread("403"))
    assert found[:2] == ("unknown", "403")
