"""gcloud as a process, for programs of acceptance that read what it prints."""

import os
import subprocess
from typing import Final

_LONGEST_S: Final = 600


def gcloud(*arguments: str) -> str:
    """
    Run `gcloud compute` and return its stdout; its stderr is that of this program.

    Args:
        arguments: arguments after `compute`.

    Raises:
        CalledProcessError: gcloud has failed.
    """
    # gcloud is written in Python, and gets its own modules instead of those of this repository.
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        ["gcloud", "compute", *arguments], env=variables, stdout=subprocess.PIPE, text=True, check=True,
        timeout=_LONGEST_S,
    )  # fmt: skip
    return done.stdout
