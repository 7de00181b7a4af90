"""The projects that are read before an image counts as unused."""

from pathlib import Path

import pytest

from deploy.environment_file import read_config
from deploy.errors import ConfigError
from deploy.image_projects import image_projects

_IMAGE = "asia-northeast3-docker.pkg.dev/shared/images/app"


def write(folder: Path, name: str, project: str, *more: str, image: str = _IMAGE) -> None:
    """Write an environment file."""
    lines = [f"project: {project}", "zone: asia-northeast3-a", "group: g", f"repository: {image}", *more]
    (folder / f"{name}.yaml").write_text("\n".join(lines))


def projects(folder: Path, name: str, **flags: str) -> tuple[str, ...]:
    """Return the projects of an environment."""
    return image_projects(name, read_config(name, flags, folder), folder)


def test_projects_of_all_environment_files_count(tmp_path: Path) -> None:
    """Another environment counts also if its file names another image; a project that two files name counts once."""
    write(tmp_path, "dev", "dev")
    write(tmp_path, "staging", "dev")
    write(tmp_path, "prod", "prod", image="other.example/team/app")
    assert projects(tmp_path, "dev") == projects(tmp_path, "prod") == ("dev", "prod")


def test_projects_without_a_file_are_named_by_a_key(tmp_path: Path) -> None:
    """The key of each file counts in a call for another environment, too."""
    write(tmp_path, "dev", "dev", "image_projects: [sandbox]")
    write(tmp_path, "prod", "prod", "image_projects: [partner, dev]")
    assert projects(tmp_path, "dev") == projects(tmp_path, "prod") == ("dev", "partner", "prod", "sandbox")


def test_emulator_counts_for_calls_to_an_emulator_alone(tmp_path: Path) -> None:
    """The project of a local environment may be invented, and Google would refuse its read."""
    write(tmp_path, "dev", "dev")
    write(tmp_path, "psc", "private", "compute_url: https://compute-x.p.googleapis.com/compute/v1")
    write(tmp_path, "local", "invented", "compute_url: http://emulator:8080/compute/v1")
    assert projects(tmp_path, "dev") == ("dev", "private")
    assert projects(tmp_path, "local") == ("dev", "invented", "private")
    assert projects(tmp_path, "dev", compute_url="http://emulator:8080/compute/v1") == ("dev", "invented", "private")


def test_project_of_a_flag_is_read_beside_that_of_the_file(tmp_path: Path) -> None:
    """A flag takes no project away."""
    write(tmp_path, "dev", "dev")
    assert projects(tmp_path, "dev", project="another") == ("another", "dev")


def test_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    """Its project may use any image."""
    write(tmp_path, "dev", "dev")
    (tmp_path / "prod.yaml").write_text("project: prod\n")
    with pytest.raises(ConfigError, match=r"prod\.yaml: "):
        projects(tmp_path, "dev")


@pytest.mark.parametrize("image", [f"{_IMAGE}:v1", f"{_IMAGE}@sha256:{'a' * 64}"])
@pytest.mark.parametrize("owner", ["dev", "prod"])
def test_repository_of_single_vms_is_refused(tmp_path: Path, image: str, owner: str) -> None:
    """`accessory` writes the image of a single VM to the VM's disk, and no list of Google has it."""
    write(tmp_path, "dev", "dev")
    write(tmp_path, "prod", "prod")
    write(tmp_path, owner, owner, f"accessories: {{vllm: {{image: '{image}'}}, other: {{image: '{_IMAGE}-2:v1'}}}}")
    with pytest.raises(ConfigError) as caught:
        projects(tmp_path, "dev")
    assert str(caught.value) == (
        f"{tmp_path}/{owner}.yaml: accessories.vllm: its VM has an image of '{_IMAGE}', and no list of Google has"
        " which. Fix: list the images of another repository."
    )


def test_projects_of_this_repository() -> None:
    """The images of dev are compared with dev and prod, and those of the emulator with all projects at the emulator."""
    folder = Path("environments")
    assert projects(folder, "dev") == ("dojangkok-dev", "dojangkok-prod")
