"""
A rollout with `surge: auto` beside one with the default surge, for groups of several sizes.

    ci/.venv/bin/python bench/surge.py [--speed 1] [--sizes 3 5 10]

All rollouts run side by side, each on an emulator of its own with the seed's times, and with room in every quota; at
real time that takes nine minutes. Seconds are those of the emulator, from the PATCH to the state, without a bake; the
last column has the wall time of deploy, to its end.
"""

import argparse
import os
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench.shipped_deploy import ROOT, shipped_python
from tests.support.deployer import Deployer
from tests.support.emulator import Emulator, run_emulator
from tests.support.fake_registry import FakeRegistry, served
from tests.support.releases import numbered_reference
from tests.support.waiting import wait_until

SIZES = (3, 5, 10)
LONGEST_S = 3_600
QUOTAS = {"INSTANCES": 1_000, "N2D_CPUS": 1_000, "SSD_TOTAL_GB": 100_000}


@dataclass(frozen=True)
class Rollout:
    """
    Figures of a rollout.

    Args:
        most: most instances at a time.
        healthy_s: seconds of the emulator from the PATCH until every instance of the new version was healthy.
        settled_s: seconds of the emulator from the PATCH until the group was stable on the new version.
        seconds: wall time of deploy.
    """

    most: int
    healthy_s: float
    settled_s: float
    seconds: float


def rollout(size: int, surge: str, speed: int) -> Rollout:
    """Roll out a release, and return the figures."""
    seed = yaml.safe_load((ROOT / "emulator/seeds/dojangkok.yaml").read_text())
    seed["quotas"] = QUOTAS
    seed["resources"]["instanceGroupManagers"][0]["targetSize"] = size
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / "seed.yaml"
        file.write_text(yaml.safe_dump(seed))
        with (
            run_emulator("--seed", str(file), speed=speed) as emulator,
            served(FakeRegistry(holds_every_digest=True)) as registry,
        ):
            wait_until(lambda: emulator.group()["status"]["isStable"], 600)
            poll = f"poll_s: [{1 / speed}, {5 / speed}]"
            deployer = Deployer(
                emulator, registry, Path(name), f"{{bake_s: 0, surge: {surge}, {poll}}}", longest_s=LONGEST_S
            )
            before = len(emulator.request_log())
            began_s = time.perf_counter()
            done = deployer.run("deploy", "--image", numbered_reference(1))
            seconds = time.perf_counter() - began_s
            if done.exit_code:
                raise SystemExit(done.stderr)
            return _figures(emulator, before, size, seconds)


def _figures(emulator: Emulator, before: int, size: int, seconds: float) -> Rollout:
    entries = emulator.request_log()[before:]
    patched_s = next(entry["at_s"] for entry in entries if entry.get("method") == "instanceGroupManagers.patch")
    groups = [entry for entry in entries if entry["kind"] == "group" and entry["at_s"] >= patched_s]
    new = groups[0]["versions"][0]["template"]
    healthy_s = next(
        entry["at_s"] for entry in groups
        if sum(row["template"] == new and row["health"] == "HEALTHY" for row in entry["instances"]) >= size
    )  # fmt: skip
    settled_s = next(entry["at_s"] for entry in groups if entry["is_stable"] and entry["is_reached"])
    most = max(len(entry["instances"]) for entry in groups)
    return Rollout(most, healthy_s - patched_s, settled_s - patched_s, seconds)


def main() -> None:
    """Measure all rollouts, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--speed", type=int, default=1, help="seconds of the emulator in a real second")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    chosen = parser.parse_args()
    cases = [(size, surge) for size in chosen.sizes for surge in ("null", "auto")]
    with shipped_python() as python, ThreadPoolExecutor(len(cases)) as pool:
        os.environ["DEPLOY_PYTHON"] = str(python)
        rollouts = [pool.submit(rollout, *case, chosen.speed) for case in cases]
        results = {case: future.result() for case, future in zip(cases, rollouts, strict=True)}
    print("| instances | surge | most instances | all healthy, s | settled, s | ratio | deploy, s | ratio |")
    print("|---|---|---|---|---|---|---|---|")
    for (size, surge), run in results.items():
        usual = results[size, "null"]
        ratios = [f"{usual.settled_s / run.settled_s:.2g}", f"{usual.seconds / run.seconds:.2g}"]
        name = "auto" if surge == "auto" else "default, 1"
        cells = (size, name, run.most, f"{run.healthy_s:.0f}", f"{run.settled_s:.0f}", ratios[0], f"{run.seconds:.0f}")
        print("|", " | ".join(map(str, (*cells, ratios[1]))), "|")


if __name__ == "__main__":
    main()
