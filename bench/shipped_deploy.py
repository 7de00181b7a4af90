"""deploy as it is shipped, for the benchmarks: without the packages of its tests, and with bytecode."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent


@contextmanager
def shipped_python() -> Iterator[Path]:
    """
    Yield the Python of an environment as the pipeline's container and the wheel have it (ci/steps/environment.py).

    The environment of the tests has packages that make the start slower, such as click, which httpx then imports. The
    first start of deploy writes the bytecode of its own files, which a benchmark leaves out.
    """
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "UV_PROJECT_ENVIRONMENT": folder}
        sync = ["uv", "sync", "--quiet", "--project", "deploy", "--frozen", "--no-dev", "--compile-bytecode"]
        subprocess.run(sync, cwd=ROOT, env=environment, check=True)
        python = Path(folder) / "bin/python"
        subprocess.run([python, "-m", "deploy", "--help"], cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
        yield python
