"""
Seconds and memory of the imports of `python -m deploy` as it is shipped, measured from the second start on.

    uv run --project deploy python bench/deploy_start.py

The budget is for processor time, which a busy computer hardly changes; above the budget the exit code is 1. To see the
slow imports: python -X importtime -c "import deploy.__main__".
"""

import statistics
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench.shipped_deploy import ROOT, shipped_python

RUNS = 5
BUDGET_S = 0.8
BUDGET_MB = 80.0
MEASURED = """
import resource, time
started_s, processor_time_s = time.perf_counter(), time.process_time()
import deploy.__main__
peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(time.perf_counter() - started_s, time.process_time() - processor_time_s, peak_mb)
"""


def measure(python: Path) -> tuple[float, float, float]:
    """Return seconds, seconds of processor time and MB of a new process."""
    output = subprocess.run([python, "-c", MEASURED], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    seconds, processor_time_s, megabytes = map(float, output.split())
    return seconds, processor_time_s, megabytes


def main() -> int:
    """Print the medians, and return the exit code."""
    with shipped_python() as python:
        runs = [measure(python) for _ in range(RUNS)]
    seconds, processor_time_s, megabytes = (statistics.median(column) for column in zip(*runs, strict=True))
    print(
        f"import deploy.__main__: {processor_time_s:.2f} s of {BUDGET_S} s ({seconds:.2f} s by the clock),"
        f" {megabytes:.0f} MB of {BUDGET_MB:.0f} MB"
    )
    return 0 if processor_time_s <= BUDGET_S and megabytes <= BUDGET_MB else 1


if __name__ == "__main__":
    sys.exit(main())
