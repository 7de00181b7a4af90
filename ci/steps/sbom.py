"""The part of a bill of materials that a file of the source lists: the packages of an application."""

from pathlib import PurePosixPath
from typing import Final

import dagger
from dagger import dag

from ci.application import Application, read_text
from ci.steps.base import PYTHON, WORKDIR, python
from ci.steps.environment import Project, read_project

FOLDER: Final = "/bill"
_FIX: Final = "correct 'bill_of_materials' of delivery.yaml"


async def packages(source: dagger.Directory, application: Application) -> dagger.Directory:
    """
    Return the packages of the application for scripts/oci_layout.py.

    Returns:
        packages.json: CycloneDX of a uv.lock; requirements.txt: the text of a file of requirements; or nothing.

    Raises:
        RefusedError: the file cannot be read
    """
    path = PurePosixPath(application.bill_of_materials)
    if not application.bill_of_materials:
        return dag.directory()
    text = await read_text(source, str(path), _FIX)
    if path.name == "uv.lock":
        return locked_packages(await read_project(source, str(path.parent)))
    return dag.directory().with_new_file("requirements.txt", text)


def locked_packages(project: Project) -> dagger.Directory:
    """Return the packages that a uv.lock puts into the image, as CycloneDX."""
    export = ["uv", "export", "--format", "cyclonedx1.5", "--preview-features", "sbom-export", "--quiet"]
    export += ["--project", ".", "--frozen", "--no-dev", "--output-file", f"{FOLDER}/packages.json"]
    return (
        python(PYTHON)
        .with_new_file(f"{WORKDIR}/pyproject.toml", project.pyproject)
        .with_new_file(f"{WORKDIR}/uv.lock", project.lock)
        .with_directory(FOLDER, dag.directory())
        .with_exec(export)
        .directory(FOLDER)
    )
