"""
`python3 -m engine up HOME` and `python3 -m engine stop HOME [--wipe]`; called by `daggerw` and `engine/stop`.

Exit codes: 0 done, 69 the machine lacks something, 1 any other failure.
"""

import argparse
import fcntl
import json
import os
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from engine import daemon, images, machine, tools
from engine.errors import EngineError
from engine.layout import SOURCES, Layout
from engine.steps import Progress, run

_STEPS = ("packages", "tools", "root", "stand-ins", "sdks")
_LOCK_S = 600  # time that another apt may take
_SOCKET_PATH_MAX = 100  # of the 108 bytes that Linux allows, with room for temporary names


def main() -> int:
    """Run the verb of the command line."""
    parser = argparse.ArgumentParser(prog="python3 -m engine")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("up").add_argument("home", type=Path)
    stop = verbs.add_parser("stop")
    stop.add_argument("home", type=Path)
    stop.add_argument("--wipe", action="store_true")
    arguments = parser.parse_args()
    try:
        if arguments.verb == "up":
            up(Layout(arguments.home.absolute()))
        else:
            down(Layout(arguments.home.absolute()), wipe=arguments.wipe)
    except EngineError as error:
        print(f"daggerw: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("\ndaggerw: interrupted; the next call goes on from the last finished step", file=sys.stderr)
        return 130
    return 0


def up(layout: Layout) -> None:
    """
    Provide a running engine: finish the steps of its set-up, and start it if it does not run.

    Raises:
        EngineError: a step failed, or the engine did not start
    """
    if len(str(layout.socket)) > _SOCKET_PATH_MAX:
        raise EngineError(
            f"{layout.home}: too long for the path of a socket. Fix: set DOJANGKOK_ENGINE_HOME to a shorter path"
        )
    catalogue = images.read_catalogue()
    if not _is_built(layout):
        machine.check(layout.home, catalogue.cpython_series)
    layout.home.parent.mkdir(parents=True, exist_ok=True)
    with layout.set_up_lock.open("w") as lock:
        _wait_for(lock.fileno())
        for folder in (layout.home, layout.done, layout.log, layout.mirror, layout.content, layout.home / "tmp"):
            folder.mkdir(exist_ok=True)
        shutil.rmtree(layout.scratch, ignore_errors=True)
        layout.scratch.mkdir()
        _set_up(layout, catalogue)
        if not daemon.is_alive(layout):
            daemon.start(layout, catalogue)


def down(layout: Layout, *, wipe: bool) -> None:
    """Stop the engine, and with `wipe` delete its state."""
    stopped = daemon.stop(layout)
    if wipe:
        daemon.wipe(layout)
    print(f"daggerw: {'stopped the engine' if stopped else 'no engine ran'} in {layout.home}", file=sys.stderr)


def _is_built(layout: Layout) -> bool:
    return all((layout.done / step).exists() for step in _STEPS)


def _set_up(layout: Layout, catalogue: images.Catalogue) -> None:
    absent = machine.absent_packages()
    if absent:
        (layout.done / "packages").unlink(missing_ok=True)
    if _is_built(layout):
        return
    version = json.loads((SOURCES.parent / "dagger.json").read_text())["engineVersion"]
    print(f"daggerw: setting up the local engine in {layout.home}, once; about 7 min on 2 cores", file=sys.stderr)
    if absent:
        print(f"daggerw: Debian packages to install: {', '.join(absent)}", file=sys.stderr)
    progress = Progress(len(_STEPS), layout.done)
    with ThreadPoolExecutor() as pool:
        building = pool.submit(
            progress.step, "tools", f"Dagger CLI and engine {version}, built", lambda: tools.build(layout, version)
        )
        progress.step("packages", "Debian packages", lambda: _install(absent, layout.log))
        progress.step("root", "Debian root of the stand-ins", lambda: images.build_root(layout, catalogue))
        progress.step("stand-ins", "stand-in images", lambda: images.build_stand_ins(layout, catalogue))
        building.result()
        progress.step("sdks", "SDK content of the engine", lambda: images.build_sdks(layout))
    for half_made in (layout.scratch, layout.buildah, layout.home / "buildah-run"):
        shutil.rmtree(half_made, ignore_errors=True)


def _install(packages: list[str], log: Path) -> None:
    if not packages:
        return
    env = {"DEBIAN_FRONTEND": "noninteractive"}
    # A machine that has just started upgrades itself, and holds the lock meanwhile.
    waiting = ["apt-get", "-o", f"DPkg::Lock::Timeout={_LOCK_S}", "-q"]
    run([*waiting, "update"], env=env, log=log / "packages.log")
    run([*waiting, "install", "-y", "--no-install-recommends", *packages], env=env, log=log / "packages.log")


def _wait_for(lock: int) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print("daggerw: another call is setting up an engine; waiting for it", file=sys.stderr)
        fcntl.flock(lock, fcntl.LOCK_EX)


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main())
