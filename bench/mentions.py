"""
Time of the search for mentions of a repository in metadata: `deploy/.venv/bin/python bench/mentions.py`.

The output has seconds of processor time for 64, 128 and 256 KiB of each kind of text, and the exponent of growth:
1 is linear, 2 is quadratic. 256 KiB is the limit of Compute Engine for a metadata value.
"""

import math
import sys
import time
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[1]))

from deploy.release.mentions import mentions

_REPOSITORY: Final = "asia-northeast3-docker.pkg.dev/dojangkok-dev/dojangkok-ai/ai-server"
_FULL: Final = f"{_REPOSITORY}:v41"
_SIZES_KIB: Final = (64, 128, 256)
# Text before the repetition, repeated text, and text after it.
_UNITS: Final = ("'", '"', "`", "$(", "((", "{ ", "a|", "<<E\n", "\0", "${a:-", "if ", "\\\n", "x=( ", "# x\n")
_KINDS: Final = {
    **{ascii(unit): ("", unit, f"\n{_FULL}\n") for unit in _UNITS},
    "mentions in a document": ("cat <<E\n$(date)", f"{_FULL} ", "\nE\n"),
    "uses of a variable": (f"I={_FULL}\n", "${I%:}", "\n"),
    **{
        ascii(unit): ("$A=x\n", unit, f"\n{_FULL}\n")
        for unit in ("$A/", "{a}", "{{ ", '"%s/', "A=b ", "$A/$B:c ", "read a ")
    },
    "mentions of one command": ("docker rmi ", f"{_REPOSITORY} ", "\n"),
}


def main() -> None:
    """Print a line for each kind of text."""
    print(f"{'seconds for KiB':28}" + "".join(f"{size:>10,}" for size in _SIZES_KIB) + "  exponent")
    for kind, parts in _KINDS.items():
        seconds = [_seconds(*parts, size) for size in _SIZES_KIB]
        exponent = math.log(seconds[-1] / seconds[0]) / math.log(_SIZES_KIB[-1] / _SIZES_KIB[0])
        print(f"{kind:28}" + "".join(f"{second:10.3f}" for second in seconds) + f"{exponent:10.2f}", flush=True)


def _seconds(before: str, unit: str, after: str, size_kib: int) -> float:
    """Return the shorter time of two runs over a text of this size."""
    text = before + unit * ((size_kib * 1_024 - len(before + after)) // len(unit)) + after
    runs = []
    for run in range(2):
        started_s = time.process_time()
        mentions(text + "\n" * run, _REPOSITORY, is_script=True)  # results are cached, so each run has another text
        runs.append(time.process_time() - started_s)
    return min(runs)


if __name__ == "__main__":
    main()
