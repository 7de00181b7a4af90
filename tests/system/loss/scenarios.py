"""What happens to the group while the load runs. Each scenario ends with a group that is stable and serves."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import yaml

from tests.support.emulator import TEMPLATES
from tests.support.prometheus import run_prometheus
from tests.support.releases import digest, reference
from tests.support.reports import unwrapped
from tests.support.waiting import wait_until
from tests.system.loss.containers import TARGETS
from tests.system.loss.laboratory import EXITS, NEVER_HEALTHY, SOME_ERRORS, Laboratory, wait_s

_WITHIN_S: Final = 120
# The share of errors; 0 while an instance has answered no request with one.
_ERRORS: Final = (
    '(sum(rate(http_requests_total{status="5xx",instance=~"$instances"}[20s])) or vector(0))'
    ' / sum(rate(http_requests_total{instance=~"$instances"}[20s]))'
)
# Two readings that are above the limit, scrape_s apart, are the fewest that fail a check.
_CHART: Final = r"errors +0\.0\d+ +0\.01 +above +[▁▂▃▄▅▆▇█·]{2,} [\d.e-]+ to 0\.0\d+ in [1-9]\d* s"


@dataclass(frozen=True)
class Scenario:
    """
    A scenario.

    Args:
        name: name in the figures.
        act: performs it, and returns what did not happen as it must.
        prepare: what comes before the load.
        is_lossless: whether no request may be lost.
    """

    name: str
    act: Callable[[Laboratory], list[str]]
    prepare: Callable[[Laboratory], list[str]] = lambda _: []
    is_lossless: bool = True


def _deploy(laboratory: Laboratory, letter: str, exit_code: int = 0) -> list[str]:
    """Deploy the release of a letter, which must end with an exit code."""
    return _run(laboratory, exit_code, "deploy", "--image", reference(letter), "--commit", letter * 40)


def _run(laboratory: Laboratory, exit_code: int, *args: str) -> list[str]:
    outcome = laboratory.deployer.run(*args)
    laboratory.wait_until_settled()
    if outcome.exit_code == exit_code:
        return []
    return [f"{' '.join(args)}: exit code {outcome.exit_code} in place of {exit_code}: {outcome.stderr[-2000:]}"]


def _good(laboratory: Laboratory) -> list[str]:
    return _deploy(laboratory, _next(laboratory))


def _several(laboratory: Laboratory) -> list[str]:
    """Deploy one good release after the other, for a load of many requests."""
    return [problem for _ in range(laboratory.terms.rollouts) for problem in _deploy(laboratory, _next(laboratory))]


def _next(laboratory: Laboratory) -> str:
    """Return the letter of a good release that the group does not serve."""
    group = json.dumps(laboratory.emulator.get(f"{TEMPLATES}/{_template(laboratory)}"))
    return next(letter for letter in "ab" if digest(letter) not in group)


def _template(laboratory: Laboratory) -> str:
    return str(laboratory.emulator.group()["versions"][0]["instanceTemplate"].rpartition("/")[2])


def _rollback(laboratory: Laboratory) -> list[str]:
    return _run(laboratory, 0, "rollback")


def _killed(laboratory: Laboratory) -> list[str]:
    """Kill the deployer while new instances start, and let another process continue."""
    before = _template(laboratory)
    letter = _next(laboratory)
    process = laboratory.deployer.start("deploy", "--image", reference(letter), "--commit", letter * 40)
    wait_until(lambda: laboratory.emulator.templates_of_instances() - {before}, _WITHIN_S)
    process.kill()
    process.communicate()
    wait_s(2)
    problems = _run(laboratory, 0, "reconcile")
    return problems + ([] if _template(laboratory) != before else ["the group serves the release from before"])


@contextmanager
def _with(laboratory: Laboratory, **settings: Any) -> Iterator[None]:
    """Add settings to the section `rollout` of the environment file until the end of the block."""
    deployer, before = laboratory.deployer, laboratory.deployer.rollout
    deployer.rollout = json.dumps(yaml.safe_load(before) | settings)
    try:
        yield
    finally:
        deployer.rollout = before


def _canary(laboratory: Laboratory) -> list[str]:
    """Deploy to an instance, pause, and abort while the canary serves."""
    before = set(laboratory.emulator.templates_of_instances())
    with _with(laboratory, steps=[{"instances": 1, "bake_s": 6}, {"pause": True}]):
        problems = _deploy(laboratory, _next(laboratory))
        new = {row["name"] for row in laboratory.emulator.instances() if _template_of(row) not in before}
        serving = set(laboratory.balancer.serving())
        problems += _run(laboratory, 0, "abort")
    served = len(new) == 1 and new <= serving
    return problems + ([] if served else [f"the canary {new} did not serve: {serving}"])


def _some_errors(laboratory: Laboratory) -> list[str]:
    """Deploy an image that answers 3 % errors to an instance; the analysis of a real Prometheus rolls it back."""
    before, folder = laboratory.deployer.versions(), laboratory.containers.folder
    checks = [{"name": "errors", "query": _ERRORS, "at_most": 0.01}]
    with (
        run_prometheus(folder, folder / TARGETS) as prometheus,
        _with(
            laboratory,
            steps=[{"instances": 1, "bake_s": 40}],
            analysis={"prometheus": prometheus.url, "scrape_s": 2, "checks": checks},
        ),
    ):
        code, _, report = laboratory.deployer.run("deploy", "--image", reference(SOME_ERRORS))
    (folder / "some-errors.txt").write_text(report)
    after = laboratory.deployer.versions()
    wrong = {
        f"exit code {code} in place of 7": code != 7,
        f"the report has no chart: {report[-2000:]}": re.search(_CHART, unwrapped(report)) is None,
        f"the group serves {after} in place of {before}": after != before,
    }
    return [problem for problem, is_so in wrong.items() if is_so]


def _template_of(row: dict[str, Any]) -> str:
    return str(row["version"]["instanceTemplate"].rpartition("/")[2])


def _crash(laboratory: Laboratory) -> list[str]:
    """End the server of an instance for good by SIGKILL, as a host error does; the group recreates the instance."""
    victim = str(laboratory.emulator.instances()[0]["name"])
    laboratory.emulator.ask("emulator/crash", {"instance": victim})
    wait_s(8)
    laboratory.wait_until_settled()
    laboratory.wait_until_served()
    return []


SCENARIOS: Final = {
    scenario.name: scenario
    for scenario in (
        Scenario("good rollout", _good),
        Scenario("many rollouts", _several),
        Scenario("image exits", lambda laboratory: _deploy(laboratory, EXITS, 7)),
        Scenario("never healthy", lambda laboratory: _deploy(laboratory, NEVER_HEALTHY, 7)),
        Scenario("rollback", _rollback, prepare=_good),
        Scenario("canary aborted", _canary),
        Scenario("deployer killed", _killed),
        Scenario("crash without a signal", _crash, is_lossless=False),
        Scenario("3 % errors, caught by the analysis", _some_errors, is_lossless=False),
    )
}
