"""The repository of a team that calls this module from elsewhere: an application and environment files, no tool."""

import shutil
import subprocess
from pathlib import Path
from typing import Final

from tests.support.programs import ROOT

# The application that this repository ships, with what its gates read.
_APPLICATION: Final = (
    ".dockerignore", "Dockerfile", "app", "bench/app.py", "bench/app_connections.py", "bench/app_probe.py",
    "bench/app_processes.py",
    "bench/health_requests.py", "delivery.yaml", "docs/ai-server.openapi.json", "pyproject.toml", "ruff.toml",
    "tests/support/app_fakes", "tests/unit/app", "uv.lock",
)  # fmt: skip
# Folders that a team may have for purposes of its own, under the names of programs of this module.
_NAMESAKES: Final = ("accessory", "ci/scripts", "deploy", "emulator", "lib")
_BROKEN: Final = '"""A program of the team."""\n\nimport sys\n\nsys.exit("this is no program of the module")\n'
SETTINGS: Final = "ops/settings"


def make_team_repository(folder: Path) -> None:
    """Make the repository; its environment files are in SETTINGS, and its namesakes of the module's programs fail."""
    for name in _APPLICATION:
        source, target = ROOT / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        elif source.exists():
            shutil.copy2(source, target)
    shutil.copytree(ROOT / "environments", folder / SETTINGS)
    for name in _NAMESAKES:
        (folder / name).mkdir(parents=True)
        for module in ("__init__", "__main__", "push", "rehearse", "smoke", "oci_layout"):
            (folder / name / f"{module}.py").write_text(_BROKEN)
    commit_all(folder)


def commit_all(folder: Path) -> str:
    """Make a repository of a folder, with one commit; return the commit."""
    identity = ["-c", "user.name=team", "-c", "user.email=team@example.test", "-c", "commit.gpgsign=false"]
    for command in (["init", "--quiet"], ["add", "--all"], [*identity, "commit", "--quiet", "--message", "All"]):
        subprocess.run(["git", *command], cwd=folder, check=True)
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=folder, capture_output=True, text=True, check=True)
    return head.stdout.strip()
