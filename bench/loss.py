"""
Requests that rollouts lose, counted by callers and by a load balancer: tests/system/loss.

    ci/.venv/bin/python bench/loss.py [--requests 1000000] [--short 400] [--seed 0] [--folder .loss]

Every instance of the emulated group is a container of the AI server's image on a Docker of its own; HAProxy behaves as
Google's load balancer does (tests/system/loss/google_balancer.py), and repeats no request. The load is open-loop:
requests come at a constant rate. It measures

- each scenario, without retries
- rollouts, one after the other, until scenarios and rollouts have so many requests
- each scenario again, with Google's rule for retries
- what is lost without each of three settings that a zero depends on

FOLDER keeps the outcome of each scenario as soon as it is known, and tables.md, which is printed too. A later call with
the same folder measures what is missing; `failed.txt` names what failed before it had an outcome.

A run in which processes of the laboratory had to wait for a processor is not left out: a busy computer loses requests.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.support.dockerd import Machine
from tests.support.programs import ROOT
from tests.system.loss.figures import table
from tests.system.loss.idle import SCENARIO as IDLE
from tests.system.loss.machine import perform, read_outcomes, run_machine
from tests.system.loss.scenarios import SCENARIOS

ROLLOUTS: Final = 8  # of a run
RUN_S: Final = 1800
DRAINING_S: Final = 15
IDLE_S: Final = 2
SUM: Final = "many rollouts"
SINGLE: Final = tuple(name for name in SCENARIOS if name != SUM)


@dataclass(frozen=True)
class Part:
    """
    A part of the measurement.

    Args:
        name: name in the tables and, as far as it goes, of its folders.
        scenarios: scenarios of which it has an outcome each.
        wanted: fields of Experiment.
        program: module of tests/system/loss, and its arguments.
    """

    name: str
    scenarios: tuple[str, ...]
    wanted: dict[str, Any] = field(default_factory=dict)
    program: tuple[str, ...] = ("experiment",)


@dataclass(frozen=True)
class Given:
    """The command line, and what runs for it."""

    machine: Machine
    folder: Path
    short: int
    seed: int


def _idle(seconds: int) -> Part:
    name = f"connections idle for {IDLE_S} s, KEEP_ALIVE_SEC={seconds}"
    return Part(name, (IDLE,), {"settings": {"KEEP_ALIVE_SEC": str(seconds)}}, ("idle", str(IDLE_S)))


WITHOUT_RETRIES: Final = Part("scenarios", SINGLE, {"timeout_s": 90})
WITH_RETRIES: Final = Part("scenarios with the retries of Google", SINGLE, {"timeout_s": 90, "retries": True})
ROLLING: Final = Part("rollouts, one after the other", (SUM,), {"rollouts": ROLLOUTS})
SETTINGS: Final = (
    Part("as in iac/, but for the draining of 15 s", ("good rollout",)),
    Part("no draining", ("good rollout",), {"draining_s": 0}),
    Part("the group's check passes at once", ("good rollout",), {"hasty_group": True}),
    _idle(620),
    _idle(IDLE_S),
)


def main() -> None:
    """Measure what is missing, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=1_000_000)
    parser.add_argument("--short", type=int, default=400, help="short requests a second")
    parser.add_argument("--seed", type=int, default=0, help="random seed of the first run's emulator")
    parser.add_argument("--folder", type=Path, default=ROOT / ".loss")
    options = parser.parse_args()
    folder = options.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as files, run_machine(archive(Path(files))) as machine:
        given = Given(machine, folder, options.short, options.seed)
        measure(given, WITHOUT_RETRIES)
        while counted(folder) < options.requests and measure(given, ROLLING, (SUM,)):
            pass
        for part in (WITH_RETRIES, *SETTINGS):
            measure(given, part)
    wrong = [f"{outcome['scenario']}: {reason}" for outcome in unlosable(folder) for reason in mistakes(outcome)]
    if missing := max(0, options.requests - counted(folder)):
        wrong.append(f"{missing:,} requests are missing")
    if wrong:
        raise SystemExit("\n".join(("bench/loss.py:", *wrong)))


def archive(folder: Path) -> Path:
    """Return the AI server's image for `docker load`: AI_SERVER_ARCHIVE, or the image that `./daggerw` builds."""
    if file := os.environ.get("AI_SERVER_ARCHIVE"):
        return Path(file)
    file = str(folder / "image.tar")
    subprocess.run(["./daggerw", "--silent", "call", "build", "export", "--path", file], cwd=ROOT, check=True)
    return Path(file)


def outcomes_of(folder: Path, part: Part) -> list[dict[str, Any]]:
    """Return the outcomes of a part so far, oldest first."""
    runs = sorted(folder.glob(f"{slug(part)}-run-*"), key=lambda run: int(run.name.rpartition("-")[2]))
    return [outcome for run in runs for outcome in read_outcomes(run)]


def slug(part: Part) -> str:
    """Return a part's name for a folder."""
    return "".join(letter if letter.isalnum() else "-" for letter in part.name)


def measure(given: Given, part: Part, scenarios: Sequence[str] = ()) -> bool:
    """
    Perform scenarios of a part, by default those without an outcome, and write the tables.

    Returns:
        Whether all of them have an outcome now.
    """
    earlier = outcomes_of(given.folder, part)
    missing = scenarios or [name for name in part.scenarios if name not in {outcome["scenario"] for outcome in earlier}]
    if not missing:
        return True
    short = given.short // 2 if part in SETTINGS else given.short
    seed = given.seed + len(earlier)
    wanted = {"scenarios": tuple(missing), "short": short, "seed": seed, **part.wanted}
    run = given.folder / f"{slug(part)}-run-{int(time.time())}"
    try:
        perform(given.machine, run, RUN_S, part.program, **wanted)
        has_all = True
    except (AssertionError, subprocess.TimeoutExpired) as error:
        with (given.folder / "failed.txt").open("a") as file:
            file.write(f"{run.name}, after {len(read_outcomes(run))} of {len(missing)}: {error}\n")
        has_all = False
    tables = as_tables(given.folder)
    (given.folder / "tables.md").write_text(tables)
    print(f"{time.strftime('%H:%M:%S')}\n\n{tables}", flush=True)
    return has_all


def unlosable(folder: Path) -> list[dict[str, Any]]:
    """Return the outcomes of everything but the settings that lose requests."""
    parts = (WITHOUT_RETRIES, ROLLING, WITH_RETRIES)
    return [outcome for part in parts for outcome in outcomes_of(folder, part)]


def counted(folder: Path) -> int:
    """Return the requests so far that count for the sum: without retries, and in which none may be lost."""
    outcomes = (*outcomes_of(folder, WITHOUT_RETRIES), *outcomes_of(folder, ROLLING))
    return sum(outcome["requests"] for outcome in outcomes if outcome["is_lossless"])


def mistakes(outcome: dict[str, Any]) -> list[str]:
    """Return how a scenario went otherwise than planned, and that it lost or repeated requests."""
    figures = {key: outcome[key] for key in ("lost", "duplicated") if outcome[key] and outcome["is_lossless"]}
    return [*outcome["problems"], *([f"{figures}, such as {outcome['samples'][:3]}"] if figures else [])]


def as_tables(folder: Path) -> str:
    """Return the outcomes so far as Markdown."""
    rolling = [
        outcome | {"scenario": f"{ROLLOUTS} rollouts, seed {outcome['experiment']['seed']}"}
        for outcome in outcomes_of(folder, ROLLING)
    ]
    texts = ["Without retries:", table([*outcomes_of(folder, WITHOUT_RETRIES), *rolling])]
    if with_retries := outcomes_of(folder, WITH_RETRIES):
        texts += ["With the retries of Google:", table(with_retries)]
    rows = [
        f"| {part.name} | {outcome['requests']:,} | {outcome['lost']:,} |"
        for part in SETTINGS
        for outcome in outcomes_of(folder, part)
    ]
    texts += ["\n".join(["| setting | requests | lost |", "|---|---|---|", *rows])] if rows else []
    texts += [f"{outcome['scenario']}: {text}" for outcome in unlosable(folder) for text in mistakes(outcome)]
    return "\n\n".join(texts) + "\n"


if __name__ == "__main__":
    main()
