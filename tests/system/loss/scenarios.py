"""What happens to the group while the load runs. Each scenario ends with a group that is stable and serves."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from tests.support.emulator import GROUP, TEMPLATES, ZONE
from tests.support.releases import digest, reference
from tests.support.waiting import wait_until
from tests.system.loss.laboratory import EXITS, NEVER_HEALTHY, Laboratory, wait_s

_WITHIN_S: Final = 120


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


def _canary(laboratory: Laboratory) -> list[str]:
    """Give an instance another version, and take the version back while the instance serves."""
    group = laboratory.emulator.group()
    old, new = group["versions"][0], f"canary-{laboratory.containers.started}"
    seed = laboratory.emulator.get(f"{TEMPLATES}/{_template(laboratory)}")
    letter = _next(laboratory)
    text = json.dumps(seed["properties"])
    for release in ("@" + digest("a"), "@" + digest("b"), ":latest"):
        text = text.replace(f"ai-server{release}", f"ai-server@{digest(letter)}")
    laboratory.emulator.ask(f"compute/v1/{TEMPLATES}", {"name": new, "properties": json.loads(text)})
    wait_until(lambda: _exists(laboratory, new), _WITHIN_S)
    link = f"global/instanceTemplates/{new}"
    _patch(laboratory, [old, {"instanceTemplate": link, "name": "canary", "targetSize": {"fixed": 1}}])
    wait_until(lambda: new in laboratory.emulator.templates_of_instances(), _WITHIN_S)
    laboratory.wait_until_settled()
    wait_s(6)  # the balancer notices the instance after two of its checks
    serving = set(laboratory.balancer.serving())
    names = {row["name"] for row in laboratory.emulator.instances() if _runs(row, new)}
    _patch(laboratory, [old])
    laboratory.wait_until_settled()
    return [] if names and names <= serving else [f"the canary {names} did not serve: {serving}"]


def _runs(row: dict[str, Any], template: str) -> bool:
    return bool(row.get("version", {}).get("instanceTemplate", "").endswith(f"/{template}"))


def _exists(laboratory: Laboratory, template: str) -> bool:
    answer = laboratory.emulator.http.get(f"/compute/v1/{TEMPLATES}/{template}")
    return answer.status_code == HTTPStatus.OK


def _patch(laboratory: Laboratory, versions: list[dict[str, Any]]) -> None:
    path = f"compute/v1/{ZONE}/instanceGroupManagers/{GROUP}"
    group = laboratory.emulator.group()
    laboratory.emulator.ask(path, {"versions": versions, "fingerprint": group["fingerprint"]}, "PATCH")


def _crash(laboratory: Laboratory) -> list[str]:
    """End the server of an instance by SIGKILL, as the kernel does when memory is used up; the group recreates it."""
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
    )
}
