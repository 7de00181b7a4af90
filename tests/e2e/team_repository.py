"""The repository of a team that calls this module from elsewhere: the Flask example and environment files, no tool."""

import shutil
import subprocess
from pathlib import Path
from typing import Final

from tests.support.programs import ROOT

_EXAMPLE: Final = ROOT / "examples/flask"
# Folders that a team may have for purposes of its own, under the names of programs of this module.
_NAMESAKES: Final = ("accessory", "ci/scripts", "deploy", "emulator", "lib")
_BROKEN: Final = '"""A program of the team."""\n\nimport sys\n\nsys.exit("this is no program of the module")\n'
SETTINGS: Final = "ops/settings"
_EXAMPLE_ROLLOUT: Final = "rollout: {surge: 1, unavailable: 0, bake_s: 4, "
_SHORT_ROLLOUT: Final = "rollout: {surge: 3, unavailable: 0, bake_s: 0.5, "


def copy_example(folder: Path) -> None:
    """Copy the files of the Flask example to an empty folder; its local environment rolls all instances at once."""
    shutil.copytree(_EXAMPLE, folder, ignore=shutil.ignore_patterns("__pycache__", ".*_cache"), dirs_exist_ok=True)
    local = folder / "environments/local.yaml"
    assert _EXAMPLE_ROLLOUT in local.read_text()
    local.write_text(local.read_text().replace(_EXAMPLE_ROLLOUT, _SHORT_ROLLOUT))


def make_team_repository(folder: Path) -> None:
    """Make the repository; its environment files are in SETTINGS, and its namesakes of the module's programs fail."""
    copy_example(folder)
    (folder / SETTINGS).parent.mkdir(parents=True)
    (folder / "environments").rename(folder / SETTINGS)
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
