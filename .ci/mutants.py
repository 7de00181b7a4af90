"""
Run the mutants of deploy in an environment of their own: `make mutants`, or `python3 -B .ci/mutants.py [FOLDER…]`.

mutmut is in no lock file: deploy's own environment would get its twenty packages, and no other check needs them.
"""

import subprocess
import sys

from setup import ROOT, interpreter, pinned_uv

from ci.programs import TOOLS_PYTHON

PACKAGES = ("mutmut==3.8.1", "pytest-timeout==2.4.0")


def main(folders: list[str]) -> int:
    """Run tests/mutants/run.py with the packages of deploy, mutmut and pytest-timeout; return its exit code."""
    uv = [str(pinned_uv()), "run", "--quiet", "--isolated", "--project", "deploy", "--frozen"]
    uv += ["--python", interpreter(TOOLS_PYTHON)]
    extra = [argument for package in PACKAGES for argument in ("--with", package)]
    command = [*uv, *extra, "python", "-m", "tests.mutants.run", *folders]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
