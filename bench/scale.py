"""
How the cost of a rollout grows with the group, and the cost of a plan with the project's instance templates.

    ci/.venv/bin/python bench/scale.py [--most-instances 1000] [--most-templates 10000]

Rollouts: surge is a fifth of the group. The state machine alone rolls without HTTP and storage. `deploy` and the
emulator are processes of their own, at 60 times real time and without a bake; the emulator falls behind its clock when
its processor seconds come near the seconds of the rollout. The last row has the exponent of the growth over the
upper half of the rows: 1 is linear. tests/unit/emulator/test_growth.py guards that of the state machine.
"""

import argparse
import math
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench.shipped_deploy import shipped_python
from tests.support.deployer import Deployer
from tests.support.emulator import SEED_TEMPLATE, TEMPLATES, USER_AGENT, Emulator, run_emulator
from tests.support.fake_registry import FakeRegistry, served
from tests.support.programs import ROOT, python_of
from tests.support.releases import numbered_reference
from tests.support.waiting import wait_until

INSTANCES = (3, 10, 30, 100, 300, 1_000)
TEMPLATE_COUNTS = (10, 100, 1_000, 10_000)
RUN_S = 600
STATE_MACHINE = """
import sys, time
from bench.group_rollouts import rollout_s
print(*(rollout_s(int(size)) for size in sys.argv[1:]))
"""


@dataclass(frozen=True)
class Run:
    """
    Figures of a run of deploy.

    Args:
        seconds: wall time.
        requests: number of requests to Compute Engine, from the emulator's request log.
        peak_mib: peak memory of deploy.
        emulator_s: processor seconds of the emulator meanwhile.
        emulator_mib: peak memory of the emulator since its start.
        longest_answer_s: longest answer of the emulator to a second client, which reads the group twice a second.
    """

    seconds: float
    requests: int
    peak_mib: float
    emulator_s: float
    emulator_mib: float
    longest_answer_s: float


def state_machine(sizes: Sequence[int]) -> list[float]:
    """Return the processor seconds of a rollout by the state machine alone, for each size of a group."""
    command = [python_of("emulator"), "-c", STATE_MACHINE, *map(str, sizes)]
    output = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [float(seconds) for seconds in output.split()]


@contextmanager
def group_of(size: int, folder: Path) -> Iterator[Emulator]:
    """Serve the seed's group with a size of its own and without quotas, when it is stable."""
    seed = yaml.safe_load((ROOT / "emulator/seeds/dojangkok.yaml").read_text())
    seed["quotas"] = {}
    seed["resources"]["instanceGroupManagers"][0]["targetSize"] = size
    path = folder / "seed.yaml"
    path.write_text(yaml.safe_dump(seed))
    with run_emulator("--seed", str(path), speed=60) as emulator:
        wait_until(lambda: emulator.group()["status"]["isStable"], 120)
        yield emulator


def run_deploy(emulator: Emulator, folder: Path, verb: str, surge: int) -> Run:
    """Run a verb of deploy for a new image; it must succeed."""
    before, cpu_s = len(emulator.request_log("request")), _processor_s(emulator)
    answers_s: list[float] = []
    is_over = threading.Event()
    reader = threading.Thread(target=_read_group, args=(emulator.address, answers_s, is_over))
    with served(FakeRegistry(holds_every_digest=True)) as registry:
        deployer = Deployer(emulator, registry, folder, f"{{bake_s: 0, surge: {surge}}}")
        began_s, peak_mib = time.perf_counter(), 0.0
        reader.start()
        process = deployer.start(verb, "--image", numbered_reference(1))
        while process.poll() is None:
            peak_mib = max(peak_mib, _peak_mib(process.pid))
            try:
                _, stderr = process.communicate(timeout=0.2)
            except subprocess.TimeoutExpired:
                if time.perf_counter() - began_s > RUN_S:
                    process.kill()
        seconds = time.perf_counter() - began_s
        is_over.set()
        reader.join()
    if process.returncode:
        raise SystemExit(stderr)
    cpu_s = _processor_s(emulator) - cpu_s
    entries = emulator.request_log("request")[before:]
    requests = sum(not entry["client"].startswith(USER_AGENT) for entry in entries)
    emulator_mib = _peak_mib(emulator.process.pid) if emulator.process else 0.0
    return Run(seconds, requests, peak_mib, cpu_s, emulator_mib, max(answers_s))


def rollouts(sizes: Sequence[int]) -> None:
    """Print the table of rollouts."""
    heads = (
        "instances", "state machine, s", "deploy, s", "requests", "deploy, peak MiB", "emulator, processor s",
        "emulator, peak MiB", "longest answer, s",
    )  # fmt: skip
    rows = []
    for size, alone_s in zip(sizes, state_machine(sizes), strict=True):
        with tempfile.TemporaryDirectory() as name, group_of(size, Path(name)) as emulator:
            run = run_deploy(emulator, Path(name), "deploy", max(1, size // 5))
        rows.append((size, alone_s, *astuple(run)))
        print(f"{size} instances: {run}", file=sys.stderr)
    _print_table(heads, rows)


def plans(counts: Sequence[int]) -> None:
    """Print the table of plans."""
    rows = []
    with tempfile.TemporaryDirectory() as name, group_of(3, Path(name)) as emulator:
        properties = emulator.get(f"{TEMPLATES}/{SEED_TEMPLATE}")["properties"]
        made = 0
        for count in counts:
            for number in range(made, count):
                emulator.ask(f"compute/v1/{TEMPLATES}", {"name": f"t{number}", "properties": properties})
            made = count
            run = run_deploy(emulator, Path(name), "plan", 1)
            rows.append((count, *astuple(run)))
            print(f"{count} templates: {run}", file=sys.stderr)
    heads = (
        "templates", "plan, s", "requests", "deploy, peak MiB", "emulator, processor s", "emulator, peak MiB",
        "longest answer, s",
    )  # fmt: skip
    _print_table(heads, rows)


def _print_table(heads: Sequence[str], rows: Sequence[Sequence[float]]) -> None:
    print("|", " | ".join(heads), "|")
    print("|", "---|" * len(heads))
    for row in rows:
        print("|", " | ".join(f"{value:,.3g}" if value < 1000 else f"{value:,.0f}" for value in row), "|")
    columns = list(zip(*rows, strict=True))
    exponents = [f"{_exponent(columns[0], column):.2f}" for column in columns[1:]]
    print("|", " | ".join(["exponent", *exponents]), "|\n")


def _exponent(sizes: Sequence[float], values: Sequence[float]) -> float:
    """Return the exponent of the growth over the upper half of the sizes, where the start no longer counts."""
    half = len(sizes) // 2
    logs = [[math.log(value) for value in column[half - 1 :]] for column in (sizes, values)]
    return statistics.linear_regression(*logs).slope


def _read_group(address: str, answers_s: list[float], is_over: threading.Event) -> None:
    reader = Emulator(address)
    reader.http.timeout = RUN_S
    while True:
        began_s = time.perf_counter()
        reader.group()
        answers_s.append(time.perf_counter() - began_s)
        if is_over.wait(0.5):
            return


def _processor_s(emulator: Emulator) -> float:
    """Return the processor seconds of the emulator's process so far."""
    pid = emulator.process.pid if emulator.process else 0
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def _peak_mib(pid: int) -> float:
    """Return the peak memory of a process; 0 if it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except ProcessLookupError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0.0)


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--most-instances", type=int, default=INSTANCES[-1])
    parser.add_argument("--most-templates", type=int, default=TEMPLATE_COUNTS[-1])
    chosen = parser.parse_args()
    with shipped_python() as python:
        os.environ["DEPLOY_PYTHON"] = str(python)
        rollouts([size for size in INSTANCES if size <= chosen.most_instances])
        plans([count for count in TEMPLATE_COUNTS if count <= chosen.most_templates])


if __name__ == "__main__":
    main()
