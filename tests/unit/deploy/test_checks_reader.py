"""The reads of an analysis: each check over the instances of one version or of both."""

from typing import Any

import httpx

from deploy.analysis_settings import AnalysisSettings, CheckSettings
from deploy.prometheus.checks_reader import ChecksReader
from deploy.prometheus.client import Prometheus
from deploy.retry import Time
from tests.support.fake_prometheus import FakePrometheus

_CHECKS = (
    CheckSettings(name="errors", query='max(errors{instance=~"$instances"})', at_most=0.5),
    CheckSettings(name="p99", query='max(p99{instance=~"$instances"})', compared_with="previous", factor=2.0),
)
_ANALYSIS = AnalysisSettings(prometheus="http://prometheus", checks=_CHECKS)


def test_checks_are_read_over_both_versions() -> None:
    """Each check is read over the new version's instances, and a compared one over the old version's too."""
    fake = FakePrometheus(lambda metric: {"new-a": 0.4, "new-b": 0.6, "old-a": 0.2, "other": 9.0})
    readings = ChecksReader(_server(fake), _ANALYSIS, _in_turn).read(["new-a", "new-b"], ["old-a"], 5.0)
    assert {name: (row.value, row.limit, row.state) for name, row in readings.items()} == {
        "errors": (0.6, 0.5, "above"),
        "p99": (0.6, 0.4, "above"),
    }
    assert len(fake.queries) == 3


def test_comparison_is_left_out_without_old_instances() -> None:
    """In the last bake a check that is only compared is not read."""
    fake = FakePrometheus(lambda metric: {"new-a": 0.4})
    readings = ChecksReader(_server(fake), _ANALYSIS, _in_turn).read(["new-a"], None, 5.0)
    assert {name: row.state for name, row in readings.items()} == {"errors": "within"}


def test_comparison_with_a_version_that_has_no_instance_has_no_data() -> None:
    """A canary that is the whole group has nothing to be compared with, which is no success."""
    fake = FakePrometheus(lambda metric: {"new-a": 0.4})
    readings = ChecksReader(_server(fake), _ANALYSIS, _in_turn).read(["new-a"], [], 5.0)
    assert {name: row.state for name, row in readings.items()} == {"errors": "within", "p99": "no data"}


def test_strange_names_of_instances_are_not_sent() -> None:
    """A name that could change the query is a reason, and nothing is sent."""
    fake = FakePrometheus()
    readings = ChecksReader(_server(fake), _ANALYSIS, _in_turn).read(['x"}) or vector(0)#'], [], 5.0)
    assert readings["errors"].reason == "an instance has a name that Compute Engine does not give"
    assert fake.queries == []


def _in_turn(reads: Any) -> list[Any]:
    return [read() for read in reads]


def _server(fake: FakePrometheus) -> Prometheus:
    return Prometheus(httpx.Client(transport=fake), "http://prometheus", dict, Time(lambda: 0.0, print))
