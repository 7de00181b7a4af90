"""Go tools of the policy, on this machine."""

import subprocess
from pathlib import Path
from typing import Final

from tests.support.emulator import REPOSITORY, miss

_BUILD_S: Final = 1800
_NO_GO: Final = 3


def tool(name: str) -> Path:
    """The directory of a Go tool of the policy; the first time, it is built."""
    command = [str(REPOSITORY / "policy/tools/build"), name]
    built = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_BUILD_S, check=False
    )
    if built.returncode == _NO_GO:
        miss("go", "install Go, 1.26 or newer")
    assert built.returncode == 0, built.stderr
    return Path(built.stdout.strip())
