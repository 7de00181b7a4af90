"""
Scenarios under load, on the machine of their Docker: `python -m tests.system.loss.experiment FILE`.

FILE is the JSON of an Experiment. Each outcome is a line of OUTCOMES in the folder of the experiment, as soon as it is
known.
"""

import json
import math
import os
import sys
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from tests.system.loss.figures import by_phase, duplicates, latencies, upper_bound
from tests.system.loss.google_balancer import production, production_check
from tests.system.loss.laboratory import Laboratory, Terms, fake, run_laboratory, wait_s
from tests.system.loss.load import Results, run_load
from tests.system.loss.scenarios import SCENARIOS
from tests.system.loss.traffic import LONG_S, keyword, kinds, letters
from tests.system.stacks.replacing import BACKEND, NEW_TOKEN, VLLM

OUTCOMES: Final = "outcomes.jsonl"
_CALLBACKS_S: Final = LONG_S + 20


@dataclass(frozen=True)
class Experiment:
    """
    What is to be measured.

    Args:
        scenarios: names of scenarios, in their order.
        vegeta: path of the program.
        folder: folder for files.
        seed: random seed of the emulator.
        short: short requests a second.
        long: rate of the requests of 10 s, as vegeta writes it.
        upload: rate of the uploads.
        around_s: seconds of load before and after each scenario.
        rollouts: rollouts of the scenario with many.
        surge: instances above the size of the group that a rollout may have.
        timeout_s: seconds until a rollout has failed.
        draining_s: seconds of draining. In iac/ they are more, because the longest answer takes minutes.
        retries: whether the balancer repeats requests by Google's rule.
        hasty_group: whether the group's own check passes with the first success; if not, as in iac/.
        settings: variables of the servers that differ from those of the stack with an ingress.
    """

    scenarios: tuple[str, ...]
    vegeta: str
    folder: str
    seed: int = 0
    short: int = 400
    long: str = "2"
    upload: str = "1/5s"
    around_s: float = 4
    rollouts: int = 1
    surge: int = 3
    timeout_s: int = 120
    draining_s: int = 15
    retries: bool = False
    hasty_group: bool = False
    settings: dict[str, str] = field(default_factory=dict)


def read_experiment(file: Path) -> Experiment:
    """Read an experiment from a JSON file."""
    given = json.loads(file.read_text())
    return Experiment(**given | {"scenarios": tuple(given["scenarios"])})


def keep(experiment: Experiment, outcome: dict[str, Any]) -> None:
    """Write an outcome with its experiment, the time and the load of the computer."""
    row = outcome | {"experiment": asdict(experiment), "ended_at": int(time.time()), "load": os.getloadavg()[1]}
    with (Path(experiment.folder) / OUTCOMES).open("a") as file:
        file.write(f"{json.dumps(row)}\n")


def terms(experiment: Experiment) -> Terms:
    """Return what the laboratory of an experiment begins with."""
    check = production_check()
    return Terms(
        google=replace(production(), draining_s=experiment.draining_s, retries=experiment.retries),
        group_check=replace(check, interval_s=1, healthy_threshold=1) if experiment.hasty_group else check,
        seed=experiment.seed,
        surge=experiment.surge,
        timeout_s=experiment.timeout_s,
        rollouts=experiment.rollouts,
        settings=experiment.settings,
    )


def _measured(laboratory: Laboratory, experiment: Experiment, name: str, prefix: str) -> dict[str, Any]:
    scenario, balancer, containers = SCENARIOS[name], laboratory.balancer, laboratory.containers
    problems = scenario.prepare(laboratory)
    laboratory.wait_until_served()
    load = kinds(prefix, NEW_TOKEN, laboratory.images, experiment.short, experiment.long, experiment.upload)
    counted, waited_s, ended = balancer.counts(), balancer.waited_s(), len(containers.ended)
    with run_load(load, Path(experiment.vegeta), Path(experiment.folder) / prefix) as results:
        wait_s(experiment.around_s)
        began_at = time.time()
        problems += scenario.act(laboratory)
        ended_at = time.time()
        wait_s(experiment.around_s)
    waited_s = balancer.waited_s() - waited_s
    counts = {key: count - counted[key] for key, count in balancer.counts().items()}
    problems += [result.problem for result in results if result.problem]
    outcome = _outcome(laboratory, results, prefix, counts["requests"])
    return outcome | {
        "scenario": name,
        "is_lossless": scenario.is_lossless,
        "problems": [*problems, *_errors(laboratory, ended), *_miscounts(outcome, counts, experiment)],
        "seconds": round(ended_at - began_at, 1),
        "short": _latencies(results, began_at, ended_at),
        "longest_by_second": _longest_by_second(results, began_at),
        "balancer": counts,
        "balancer_waited_s": round(waited_s, 2),
        "ended": containers.ends()[ended:],
    }


def _errors(laboratory: Laboratory, ended: int) -> list[str]:
    """Return what failed in the laboratory until now, and which servers ended otherwise than planned since `ended`."""
    ends = laboratory.containers.ended[ended:]
    wrong = [
        f"{end.instance}: exit code {end.exit_code} after {end.seconds:.1f} s" for end in ends if not end.is_as_planned
    ]
    return [*laboratory.balancer.errors, *laboratory.containers.errors, *wrong]


def _miscounts(outcome: dict[str, Any], counts: dict[str, int], experiment: Experiment) -> list[str]:
    """Return how the balancer's counts differ from those of the callers."""
    problems = []
    if outcome["repeated"] < 0:
        problems.append(f"callers sent {outcome['requests']} requests, and the balancer counted {counts['requests']}")
    if not experiment.retries and (counts["retried"] or counts["moved"]):
        problems.append(f"the balancer repeated requests: {counts}")
    return problems


def _outcome(laboratory: Laboratory, results: list[Results], prefix: str, received: int) -> dict[str, Any]:
    """
    Return the figures of requests and answers.

    Go repeats a GET if the balancer closes its connection without an answer, and vegeta cannot prevent it. The balancer
    has received more requests then, and each of them counts as lost.
    """
    checklists = next(result for result in results if result.kind.name == "checklists")
    called, unfinished = _callbacks(laboratory, prefix, {url.rpartition("/")[2] for url in checklists.urls})
    calls = [call["body"] for call in fake(laboratory, VLLM, "/fake/calls") if f"{prefix} " in call["body"]]
    long = next(result for result in results if result.kind.name == f"{LONG_S} s")
    completed = [word for word in _keywords(prefix, len(long.times)) for body in calls if word in body]
    requests = sum(len(result.times) for result in results)
    repeated = received - requests
    lost = sum(len(result.lost) for result in results) + len(unfinished) + max(0, repeated)
    twice = duplicates(called) + duplicates(completed)
    samples = [reason for result in results for _, reason in result.lost if reason]
    return {
        "requests": requests,
        "lost": lost,
        "repeated": repeated,
        "duplicated": twice,
        "at_most_lost": upper_bound(requests, lost),
        "kinds": {result.kind.name: {"requests": len(result.times), "lost": len(result.lost)} for result in results},
        "accepted_without_callback": len(unfinished),
        "samples": [*samples[:20], *(f"no callback: {name}" for name in sorted(unfinished)[:20])],
    }


def _keywords(prefix: str, count: int) -> list[str]:
    return [keyword(prefix, number) for number in range(count)]


def _callbacks(laboratory: Laboratory, prefix: str, accepted: set[str]) -> tuple[list[str], set[str]]:
    """Return the ids of all callbacks with a checklist, and the accepted ids without one."""
    deadline = time.monotonic() + _CALLBACKS_S
    while True:
        rows = [row for row in fake(laboratory, BACKEND, "/fake/callbacks") if row["id"].startswith(f"{prefix}-")]
        called = [row["id"] for row in rows if "checklists" in row["body"]]
        unfinished = accepted - set(called)
        if not unfinished or time.monotonic() > deadline:
            return called, unfinished
        time.sleep(0.5)


def _latencies(results: list[Results], began_at: float, ended_at: float) -> dict[str, Any]:
    """Return the latencies of the short requests by phase."""
    merged: dict[str, list[float]] = {}
    for result in results:
        if result.kind.name.startswith("short"):
            for phase, values in by_phase(result.times, result.latencies, began_at, ended_at).items():
                merged.setdefault(phase, []).extend(values)
    return {phase: asdict(latencies(values)) for phase, values in merged.items()}


def _longest_by_second(results: list[Results], began_at: float) -> dict[int, float]:
    """Return the longest latency of the short requests of each second since the beginning of the scenario."""
    longest: dict[int, float] = {}
    for result in results:
        if result.kind.name.startswith("short"):
            for at, latency in zip(result.times, result.latencies, strict=True):
                second = math.floor(at - began_at)
                longest[second] = max(longest.get(second, 0.0), round(latency, 3))
    return dict(sorted(longest.items()))


def main(file: str) -> None:
    """Perform the experiment of a file, and print the outcomes."""
    experiment = read_experiment(Path(file))
    with run_laboratory(terms(experiment), Path(experiment.folder)) as laboratory:
        for name in experiment.scenarios:
            outcome = _measured(laboratory, experiment, name, letters(int(time.time())))
            keep(experiment, outcome)
            print(json.dumps({key: outcome[key] for key in ("scenario", "requests", "lost")}), file=sys.stderr)


if __name__ == "__main__":
    main(sys.argv[1])
