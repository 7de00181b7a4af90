"""Canaries judged by a real Prometheus, which scrapes a real server for each instance of both versions."""

import json
import re
from pathlib import Path

from tests.support.deployer import Deployer
from tests.support.prometheus import run_prometheus
from tests.support.releases import reference
from tests.support.reports import unwrapped
from tests.system.processes.metered_instances import run_instances

SEED = "dojangkok-dev-ai-server-seed"
_ERRORS = (
    'sum(rate(http_requests_total{status=~"5..",instance=~"$instances"}[20s]))'
    ' / sum(rate(http_requests_total{instance=~"$instances"}[20s]))'
)
_REQUESTS = 'avg(rate(http_requests_total{status="200",instance=~"$instances"}[20s]))'


def _rollout(prometheus: str) -> str:
    checks = [
        {"name": "errors", "query": _ERRORS, "at_most": 0.01},
        {"name": "requests", "query": _REQUESTS, "compared_with": "previous", "factor": 100},
    ]
    analysis = {"prometheus": prometheus, "scrape_s": 2, "checks": checks}
    steps = [{"instances": 1, "bake_s": 20}]
    return json.dumps({"bake_s": 1, "poll_s": [0.3, 0.3], "steps": steps, "analysis": analysis})


def test_image_that_answers_errors_is_caught(deployer: Deployer, tmp_path: Path) -> None:
    """
    A release that answers 3 % errors and stays healthy is rolled back from its canary, with its chart in the report; a
    good one goes out, compared with the instances of the old version.
    """
    emulator = deployer.emulator
    with (
        run_prometheus(tmp_path) as prometheus,
        run_instances(emulator, prometheus, {"a": 0, "b": 33}) as instances,
    ):
        deployer.rollout = _rollout(prometheus.url)
        code, report, stderr = deployer.run("deploy", "--image", reference("b"))
        assert (code, report) == (7, ""), stderr
        assert re.search(
            r"check 'errors' is 0\.0\d+, above its limit 0\.01\. '" + SEED + "' serves again", unwrapped(stderr)
        )
        assert re.search(r"errors +0\.0\d+ +0\.01 +above +[▁▂▃▄▅▆▇█·]*█", unwrapped(stderr))
        assert deployer.versions() == [SEED]
        code, report, stderr = deployer.run("deploy", "--image", reference("a"), "--long")
        assert code == 0, stderr
        assert re.search(r"errors +0 +0\.01 +within ", unwrapped(report)), report
        assert re.search(r"requests +\d+\.?\d* +\d+\.?\d* +within ", unwrapped(report)), report
        assert SEED not in deployer.versions()
    assert instances.unhealthy == set()
