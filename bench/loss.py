"""
Requests that rollouts lose, counted by callers and by a load balancer: tests/system/loss.

    ci/.venv/bin/python bench/loss.py [--requests 1000000] [--short 400] [--seed 0] [--folder .loss]

Every instance of the emulated group is a container of the AI server's image on a Docker of its own; HAProxy behaves as
Google's load balancer does (tests/system/loss/google_balancer.py), and repeats no request. The load is open-loop:
requests come at a constant rate. It prints

- a row for each scenario, without retries and then with Google's rule for retries
- what is lost without each of three settings that a zero depends on
- the sum of rollouts, one after the other, until so many requests are reached; FOLDER/runs.jsonl keeps each run, and a
  later call with the same folder continues the sum

A run in which processes of the laboratory had to wait for a processor is not left out: a busy computer loses requests.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.support.dockerd import Machine
from tests.support.programs import ROOT
from tests.system.loss.figures import table, upper_bound
from tests.system.loss.machine import perform, run_machine
from tests.system.loss.scenarios import SCENARIOS

ROLLOUTS = 8  # of a run
RUN_S = 1800
DRAINING_S = 15
IDLE_S = 2
SINGLE = tuple(name for name in SCENARIOS if name != "many rollouts")


def main() -> None:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=1_000_000)
    parser.add_argument("--short", type=int, default=400, help="short requests a second")
    parser.add_argument("--seed", type=int, default=0, help="random seed of the first run's emulator")
    parser.add_argument("--folder", type=Path, default=ROOT / ".loss")
    parser.add_argument("--sum-only", action="store_true", help="leave the scenarios out")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    outcomes: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as files, run_machine(archive(Path(files))) as machine:
        if not given.sum_only:
            outcomes += print_scenarios(machine, Path(files), given.short, given.seed)
            print_settings(machine, Path(files), given.short, given.seed)
        outcomes += print_sum(machine, given.folder, given.requests, given.short, given.seed)
    wrong = [outcome["scenario"] for outcome in outcomes if is_wrong(outcome)]
    if wrong:
        raise SystemExit(f"bench/loss.py: requests were lost, repeated or miscounted in: {', '.join(wrong)}")


def is_wrong(outcome: dict[str, Any]) -> bool:
    """Return whether a scenario went otherwise than planned, or lost, repeated or miscounted requests."""
    has_lost = SCENARIOS[outcome["scenario"]].is_lossless and (outcome["lost"] or outcome["duplicated"])
    is_miscounted = not outcome.get("retries") and outcome["balancer"]["requests"] != outcome["requests"]
    return bool(outcome["problems"] or has_lost or is_miscounted)


def archive(folder: Path) -> Path:
    """Return the AI server's image for `docker load`: AI_SERVER_ARCHIVE, or the image that `./daggerw` builds."""
    if file := os.environ.get("AI_SERVER_ARCHIVE"):
        return Path(file)
    file = str(folder / "image.tar")
    subprocess.run(["./daggerw", "--silent", "call", "build", "export", "--path", file], cwd=ROOT, check=True)
    return Path(file)


def print_scenarios(machine: Machine, folder: Path, short: int, seed: int) -> list[dict[str, Any]]:
    """Print a table of all scenarios for each rule of retries, and return their outcomes."""
    outcomes: list[dict[str, Any]] = []
    for retries in (False, True):
        measured = perform(
            machine, folder / f"retries-{retries}", RUN_S, scenarios=SINGLE, retries=retries, short=short // 2,
            seed=seed, timeout_s=45,
        )  # fmt: skip
        print(f"\n{'With the retries of Google' if retries else 'Without retries'}:\n\n{table(measured['outcomes'])}")
        print_problems(measured["outcomes"])
        outcomes += [outcome | {"retries": retries} for outcome in measured["outcomes"]]
    return outcomes


def print_settings(machine: Machine, folder: Path, short: int, seed: int) -> None:
    """Print what is lost without a setting that a zero depends on, beside the same with it."""
    rollouts = (
        ("with both", DRAINING_S, False),
        ("no draining", 0, False),
        ("the group's check passes at once", DRAINING_S, True),
    )
    print("\n| what | requests | lost |\n|---|---|---|")
    for number, (name, draining_s, is_hasty) in enumerate(rollouts):
        measured = perform(
            machine, folder / f"rollout-{number}", RUN_S, scenarios=("good rollout",), short=short // 2, seed=seed,
            draining_s=draining_s, hasty_group=is_hasty,
        )  # fmt: skip
        print_setting(f"good rollout, {name}", measured)
    for seconds in (620, IDLE_S):
        measured = perform(
            machine, folder / f"idle-{seconds}", RUN_S, ("idle", str(IDLE_S)), scenarios=(), seed=seed,
            settings={"KEEP_ALIVE_SEC": str(seconds)},
        )  # fmt: skip
        print_setting(f"connections idle for {IDLE_S} s, KEEP_ALIVE_SEC={seconds}", measured)


def print_setting(what: str, measured: dict[str, Any]) -> None:
    """Print a row of what was lost."""
    (outcome,) = measured["outcomes"]
    print(f"| {what} | {outcome['requests']:,} | {outcome['lost']} |", flush=True)


def print_problems(outcomes: Sequence[dict[str, Any]]) -> None:
    """Print what did not happen as it must, and examples of lost requests."""
    for outcome in outcomes:
        for text in (*outcome["problems"], *outcome["samples"][:5]):
            print(f"{outcome['scenario']}: {text}")


def print_sum(machine: Machine, folder: Path, requests: int, short: int, seed: int) -> list[dict[str, Any]]:
    """Roll out again and again until all runs of the folder have so many requests; print their sum, and return them."""
    file = folder / "runs.jsonl"
    runs = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    while sum(run["requests"] for run in runs) < requests:
        number = len(runs)
        measured = perform(
            machine, folder / f"run-{number}-{int(time.time())}", RUN_S, scenarios=("many rollouts",),
            rollouts=ROLLOUTS, short=short, seed=seed + number,
        )  # fmt: skip
        (outcome,) = measured["outcomes"]
        runs.append(outcome | {"seed": seed + number, "rollouts": ROLLOUTS, "short": short, "at": int(time.time())})
        with file.open("a") as lines:
            lines.write(f"{json.dumps(runs[-1])}\n")
        print(f"run {number}: {outcome['requests']:,} requests, {outcome['lost']} lost", flush=True)
        print_problems([outcome])
    total, lost, twice = (sum(run[key] for run in runs) for key in ("requests", "lost", "duplicated"))
    rollouts = sum(run["rollouts"] for run in runs)
    print(
        f"\n{rollouts} rollouts in {len(runs)} runs: {total:,} requests, {lost} lost, {twice} duplicated;"
        f" at most {upper_bound(total, lost):.1e} lost at a confidence of 95 %"
    )
    return runs


if __name__ == "__main__":
    main()
