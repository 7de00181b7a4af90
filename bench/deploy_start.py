"""
What `python -m deploy` costs before it does anything: seconds and memory of its imports, the second start counted.

    uv run --project deploy python bench/deploy_start.py

Judged by the processor's time, which a busy machine hardly lengthens; ends with 1 where the budget is not kept. What
takes the time: python -X importtime -c "import deploy.__main__".
"""

import os
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
RUNS = 5
BUDGET_S = 0.8
BUDGET_MB = 80.0
MEASURED = """
import resource, time
began_s, worked_s = time.perf_counter(), time.process_time()
import deploy.__main__
peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(time.perf_counter() - began_s, time.process_time() - worked_s, peak_mb)
"""


def once() -> tuple[float, float, float]:
    """Return seconds, seconds of processor and MB of one fresh process; its bytecode was kept by the one before."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-c", MEASURED]
    said = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout
    seconds, worked_s, megabytes = map(float, said.split())
    return seconds, worked_s, megabytes


def main() -> int:
    """Measure, say, and judge by the median."""
    once()
    runs = [once() for _ in range(RUNS)]
    seconds, worked_s, megabytes = (statistics.median(column) for column in zip(*runs, strict=True))
    print(
        f"import deploy.__main__: {worked_s:.2f} s of {BUDGET_S} s ({seconds:.2f} s by the clock),"
        f" {megabytes:.0f} MB of {BUDGET_MB:.0f} MB"
    )
    return 0 if worked_s <= BUDGET_S and megabytes <= BUDGET_MB else 1


if __name__ == "__main__":
    sys.exit(main())
