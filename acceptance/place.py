"""Where a run takes place: the disposable project, and a folder with copies of the files that name it."""

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from lib.image_reference import ImageReferenceError, parse_reference

ROOT: Final = Path(__file__).parents[1]
ENVIRONMENT: Final = "dev"  # the copy of the environment's file and of iac/environments
CANARIES: Final = "canary"  # the same environment, whose rollouts begin with one instance and pause
_STEPS: Final = [{"instances": 1}, {"pause": True}]
_COPIED: Final = ("iac", "compose")
_IGNORED: Final = shutil.ignore_patterns(".terraform*", "*.tfvars", "*.tfstate*", "backend.tf", "example.env")
_PROTECTED: Final = re.compile(r"(?m)^(\s*prevent_destroy\s*=\s*)true$")  # ChromaDB's disk, which destroy deletes too
_NO_IMAGE: Final = "dojangkok-cpu-base-20260101"  # until Packer has built one; iac/ refuses names of another form
# Source: projectId in the reference of Resource Manager's REST API, read on 2026-11-27. A number names a project, too.
_PROJECT_ID: Final = re.compile(r"[a-z][a-z0-9-]{4,28}[a-z0-9]")
_INVENTED: Final = "invented-for-the-acceptance-alone"  # as long as the AI server demands of a caller's token


class AcceptanceError(Exception):
    """A run that cannot begin or go on; the text ends with one action."""


@dataclass(frozen=True)
class Place:
    """
    Where a run takes place.

    Args:
        project: name of the disposable project.
        folder: folder of the run.
        zone: zone of the group.
        repository: repository of the image, HOST/PATH.
        is_http: whether the registry has no TLS.
    """

    project: str
    folder: Path
    zone: str
    repository: str
    is_http: bool

    @property
    def terraform(self) -> Path:
        """Folder of the environment's Terraform files."""
        return self.folder / "iac/environments" / ENVIRONMENT

    @property
    def secret_file(self) -> Path:
        """File with the value of every secret of the project."""
        return self.folder / "secret.txt"


def protected_projects() -> frozenset[str]:
    """Return the projects of all files in `environments/`: a run would destroy the environment of such a project."""
    files = (ROOT / "environments").glob("*.yaml")
    return frozenset(str(yaml.safe_load(file.read_text())["project"]) for file in files)


def environment_text(text: str, project: str) -> str:
    """
    Return an environment file with another project, also in the names of its image repositories.

    Args:
        text: environment file.
        project: name of the disposable project.

    Raises:
        AcceptanceError: the project is no project id, or it is that of the file, or of a file in `environments/`.
    """
    if not _PROJECT_ID.fullmatch(project):
        raise AcceptanceError(f"--project: '{project}' is no project id. Fix: name the id of a disposable project.")
    named = str(yaml.safe_load(text)["project"])
    if project in {named, *protected_projects()}:
        raise AcceptanceError(f"--project: '{project}' is a project of environments/. Fix: name a disposable project.")
    return re.sub(rf"(?<![\w-]){re.escape(named)}(?![\w-])", project, text)


def canary_text(text: str) -> str:
    """Return an environment file whose rollouts have steps: one instance, and a pause."""
    settings = yaml.safe_load(text)
    settings["rollout"] = {**(settings.get("rollout") or {}), "steps": _STEPS}
    return yaml.safe_dump(settings, sort_keys=False)


def read_place(project: str, folder: Path, text: str) -> Place:
    """
    Return where a run takes place.

    Args:
        project: name of the disposable project.
        folder: folder of the run.
        text: environment file of the run.

    Raises:
        AcceptanceError: the image repository is not one of the project, so that a run would push into another project.
    """
    settings = yaml.safe_load(text)
    repository = str(settings["repository"])
    if repository.split("/")[1:-1][:1] != [project]:
        raise AcceptanceError(
            f"--environment: repository '{repository}' does not name project '{project}'."
            " Fix: take an environment file whose repository is HOST/PROJECT/PATH."
        )
    is_http = str(settings.get("registry_url") or "").startswith("http://")
    return Place(project, folder.resolve(), str(settings["zone"]), repository, is_http)


def refuse_foreign_release(release: str, place: Place) -> None:
    """
    Refuse a first release of another repository, because its variants are pushed into its own repository.

    Args:
        release: image reference of the option `--release`.
        place: where the run takes place.

    Raises:
        AcceptanceError: the release has no digest, or is of another repository.
    """
    try:
        reference = parse_reference(release, "--release")
    except ImageReferenceError as error:
        raise AcceptanceError(f"{error.message} Fix: {error.fix}.") from error
    if reference.repository != place.repository or not reference.digest:
        raise AcceptanceError(
            f"--release: '{release}' is no digest of '{place.repository}'."
            f" Fix: push the image there, and name {place.repository}@sha256:DIGEST."
        )


def terraform_values(place: Place) -> dict[str, Any]:
    """Return the arguments of the module `fleet` that differ from those of dev: names of steps, and invented ones."""
    return {
        "ai_server_first_release": f'${{trimprefix(var.first, "{place.repository}")}}',
        "ai_server_instances": 2,
        "ai_server_tokens_secret": "dojangkok-ai-server-tokens",
        "backend_callback_base_url": "https://backend.example.com/api",
        "cpu_image": "${var.cpu_image}",
        "github_owner_id": "1",
        "github_repository_id": "1",
        "loki_url": "http://loki.example.com:3100",
    }


def prepare(place: Place, text: str) -> None:
    """
    Write the folder of a run; files of an earlier run, such as Terraform's state, stay.

    Args:
        place: where the run takes place.
        text: environment file of the run.
    """
    for name in _COPIED:
        shutil.copytree(ROOT / name, place.folder / name, ignore=_IGNORED, dirs_exist_ok=True)
    for file in (place.folder / "iac").rglob("*.tf"):
        file.write_text(_PROTECTED.sub(r"\1false", file.read_text()))
    for name in ("environments", "logs", "exchanges"):
        (place.folder / name).mkdir(exist_ok=True)
    (place.folder / f"environments/{ENVIRONMENT}.yaml").write_text(text)
    (place.folder / f"environments/{CANARIES}.yaml").write_text(canary_text(text))
    place.secret_file.write_text(_INVENTED)
    variables = {"first": {"default": f"{place.repository}:none"}, "cpu_image": {"default": _NO_IMAGE}}
    _write_json(place.terraform / "acceptance.tf.json", {"variable": variables})
    _write_json(place.terraform / "override.tf.json", {"module": {"fleet": terraform_values(place)}})


def _write_json(file: Path, value: dict[str, Any]) -> None:
    file.write_text(json.dumps(value, indent=2))
