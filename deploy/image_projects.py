"""The projects whose templates and instances may use the images of an environment: those of every environment file."""

from pathlib import Path
from typing import Any

from deploy.config import Config
from deploy.environment_file import read_config
from deploy.errors import ConfigError
from lib.environment_files import load, locate


def image_projects(environment: str, config: Config, folder: Path) -> tuple[str, ...]:
    """
    Return the projects that are read before an image counts as unused.

    A file that names another image counts too: its templates may still refer to this one. The file of an emulator
    counts only for a call that goes to an emulator, because its project may be invented.

    Args:
        environment: name of the environment.
        config: settings of the environment, with the flags of the call.
        folder: folder of the environment files.

    Raises:
        ConfigError: a file can't be read, or single VMs of it have images of this repository.
    """
    own_file = locate(environment, folder)
    own_project = load(own_file).get("project")  # it counts too where a flag names another project
    _refuse_single_vms(own_file, config.accessories, config.repository)
    projects = {config.project, *config.image_projects, *([str(own_project)] if own_project else [])}
    for path in sorted(folder.glob("*.yaml")):
        if path == own_file:
            continue
        other = read_config(path.stem, {}, folder)
        _refuse_single_vms(path, other.accessories, config.repository)
        if _is_emulator(config) or not _is_emulator(other):
            projects |= {other.project, *other.image_projects}
    return tuple(sorted(projects))


def _is_emulator(config: Config) -> bool:
    return config.compute_url.startswith("http://")


def _refuse_single_vms(path: Path, accessories: dict[str, Any], repository: str) -> None:
    """Refuse a repository of single VMs: `accessory` writes their image to their disk, which no list has."""
    for name, settings in accessories.items():
        image = str(settings.get("image", "")) if isinstance(settings, dict) else ""
        if image.partition("@")[0] == repository or image.startswith(f"{repository}:"):
            raise ConfigError(
                f"{path}: accessories.{name}: its VM has an image of '{repository}', and no list of Google has which.",
                "list the images of another repository",
            )
