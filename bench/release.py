"""
Time the commands that a person waits for, each as a whole process, in a fresh clone with a cache directory of its own.

    python3 bench/release.py [FOLDER]

FOLDER takes the clone, the local engine and the caches of Go (about 12 GB); without it a temporary folder does, which
is deleted at the end. The Debian packages that the engine needs are installed before, or their time counts into the
first row. Nothing else should run on the computer: all rows share its processors. It takes about 20 minutes.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RELEASE = ("./daggerw", "call", "release")


def environment(folder: Path) -> dict[str, str]:
    """Return the environment of every command: all caches lie below the folder."""
    cache = folder / "cache"
    caches = {"XDG_CACHE_HOME": str(cache), "GOMODCACHE": str(cache / "gomod"), "GOCACHE": str(cache / "gocache")}
    return {**os.environ, **caches, "GOFLAGS": "-modcacherw", "DAGGER_PROGRESS": "plain", "NO_COLOR": "1"}


def timed(row: str, command: tuple[str, ...], checkout: Path) -> None:
    """
    Run a command, and print its row of the table; its output goes into a file beside the clone.

    Raises:
        SystemExit: the command failed; the text names the file with its output.
    """
    output = checkout.parent / "output.log"
    began_at = time.monotonic()
    with output.open("w") as file:
        code = subprocess.call(command, cwd=checkout, env=environment(checkout.parent), stdout=file, stderr=file)
    if code:
        raise SystemExit(f"{' '.join(command)}: exit code {code}. Fix: read {output}")
    load = os.getloadavg()[0]
    print(f"| {row}: `{' '.join(command)}` | {time.monotonic() - began_at:.1f} | {load:.1f} |", flush=True)


def change_app(checkout: Path) -> None:
    """Add a line to a file of app/, so that the image, its tests and the rollout are new."""
    with (checkout / "app/__init__.py").open("a") as file:
        file.write(f"# changed at {time.time()}\n")


def measure(folder: Path) -> None:
    """Print the table."""
    checkout = folder / "main"
    subprocess.check_call(["git", "clone", "--quiet", str(Path.cwd()), str(checkout)])
    commit = subprocess.check_output(["git", "rev-parse", "--short", "HEAD"], cwd=checkout, text=True).strip()
    print(f"| at {commit} | seconds | load at the end |\n|---|---|---|", flush=True)
    try:
        timed("empty cache directory", RELEASE, checkout)
        timed("after the first release, Go tools not built", ("./daggerw", "check"), checkout)
        subprocess.check_call(["engine/stop", "--wipe"], cwd=checkout, env=environment(folder))
        timed("engine in place, no layer cached", RELEASE, checkout)
        timed("nothing changed", RELEASE, checkout)
        timed("nothing changed", ("./daggerw", "check"), checkout)
        change_app(checkout)
        timed("a file of `app/` changed", RELEASE, checkout)
    finally:
        subprocess.call(["engine/stop"], cwd=checkout, env=environment(folder))


if __name__ == "__main__":
    if sys.argv[1:]:
        place = Path(sys.argv[1])
        place.mkdir(parents=True)
        measure(place)
    else:
        with tempfile.TemporaryDirectory() as name:
            measure(Path(name))
