"""The parts of a bill of materials: the packages of the lock file, and what else the image holds."""

import dagger

from ci.steps.base import APP_PYTHON, WORKDIR, python
from ci.steps.environment import Project


def python_packages(project: Project) -> dagger.File:
    """Return the packages that uv.lock puts into the image, as CycloneDX."""
    export = ["uv", "export", "--format", "cyclonedx1.5", "--preview-features", "sbom-export", "--quiet"]
    export += ["--project", project.folder, "--frozen", "--no-dev", "--output-file", "/python.json"]
    return (
        python(APP_PYTHON)
        .with_new_file(f"{WORKDIR}/pyproject.toml", project.pyproject)
        .with_new_file(f"{WORKDIR}/uv.lock", project.lock)
        .with_exec(export)
        .file("/python.json")
    )


def system_packages(image: dagger.Container) -> dagger.Directory:
    """
    List what an image holds beside the packages of uv.lock, by programs of the image, in one exec, which costs seconds.

    Returns:
        python.txt: the version of Python; debian.tsv: name, version, architecture of each package, tabs between them.
    """
    table = r"dpkg-query --show --showformat '${Package}\t${Version}\t${Architecture}\n'"
    script = f"mkdir /tmp/bill; python --version >/tmp/bill/python.txt; {table} >/tmp/bill/debian.tsv"
    return image.with_exec(["sh", "-ec", script]).directory("/tmp/bill")  # noqa: S108
