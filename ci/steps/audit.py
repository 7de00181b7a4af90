"""The search for known vulnerabilities of the packages in a uv.lock."""

from typing import Final

import dagger

from ci.steps.base import PYTHON
from ci.steps.environment import Project, environment, own_project
from ci.steps.scripts import script

NOT_ANSWERED: Final = 75  # exit code of scripts/audit.py where the service does not answer
_FOLDER: Final = "/audited"
_SCRIPT: Final = "/scripts/audit.py"


def audit(project: Project, service_url: str, day: str) -> dagger.Container:
    """
    Search for known vulnerabilities; the packages are not installed.

    The engine answers a second search of the day from its cache, and never one that failed.

    Args:
        project: project with the lock file
        service_url: URL of a service of OSV
        day: day of the search, in UTC

    Returns:
        A container whose stdout is the JSON that scripts/audit.py prints.
    """
    return (
        environment(own_project(), PYTHON, only_group="audit")
        .with_new_file(f"{_FOLDER}/pyproject.toml", project.pyproject)
        .with_new_file(f"{_FOLDER}/uv.lock", project.lock)
        .with_mounted_file(_SCRIPT, script("audit.py"))
        .with_env_variable("DAY", day)
        .with_exec(["python", _SCRIPT, _FOLDER, service_url])
    )
