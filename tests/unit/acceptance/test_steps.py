"""The steps: their order, which values they need, and whether they name what the repository has."""

import re
from pathlib import Path

import pytest
import yaml

from acceptance.place import (
    ROOT,
    AcceptanceError,
    Place,
    environment_text,
    prepare,
    protected_projects,
    read_place,
    terraform_values,
)
from acceptance.progress import Progress, remaining_steps
from acceptance.quota import DISK_TYPE
from acceptance.steps import SECRETS, TARGETS, steps

_TEXT = environment_text((ROOT / "environments/dev.yaml").read_text(), "disposable-1")
_GIVEN = {"exchanges", "step", "scratch"}
_LEFT_OUT = {"ingress", "vllm", "vllm_account", "vllm_ssh"}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A place whose folder is empty."""
    return read_place("disposable-1", tmp_path, _TEXT)


def test_every_value_is_kept_before_it_is_needed(place: Place) -> None:
    """In a run from the beginning no step needs a value that only a later command prints."""
    kept = set(_GIVEN)
    for step in steps(place):
        for command in step.commands:
            needed = set(re.findall(r"<([a-z-]+)>", " ".join(command.arguments)))
            assert needed <= kept, f"{step.name}: {needed - kept}"
            kept |= {command.keeps} - {""}


def test_destroy_needs_no_value(place: Place) -> None:
    """What a run has left can be deleted whatever has failed before."""
    (destroy,) = (step for step in steps(place) if step.name == "destroy")
    assert not [command for command in destroy.commands if re.search("<[a-z-]+>", " ".join(command.arguments))]
    assert steps(place)[-1] == destroy


def test_terraform_makes_every_module_but_those_that_need_more() -> None:
    """The targets are all modules of the fleet without vLLM, which needs a GPU, and ingress, which needs a domain."""
    text = "".join(file.read_text() for file in (ROOT / "iac/modules/fleet").glob("*.tf"))
    assert set(TARGETS) == set(re.findall(r'^module "(\w+)"', text, re.MULTILINE)) - _LEFT_OUT
    assert len(TARGETS) == len(set(TARGETS))


def test_every_secret_gets_a_value(place: Place) -> None:
    """The names of the secrets are those of iac/modules/fleet/accounts.tf, and of the arguments of a run."""
    block = (ROOT / "iac/modules/fleet/accounts.tf").read_text().partition("secrets = {")[2].partition("\n  }\n")[0]
    values = {f"(var.{name})": value for name, value in terraform_values(place).items()}
    names = re.findall(r"^    ([\w.()-]+) +=", block, re.MULTILINE)
    assert tuple(values.get(name, name) for name in names) == SECRETS


def test_readme_lists_every_step(place: Place) -> None:
    """The table of README.md has all steps in their order, and says of each whether it needs Google."""
    table = (ROOT / "acceptance/README.md").read_text().partition("## Steps")[2].partition("\n## ")[0]
    cells = [[cell.strip() for cell in line.split("|")[1:4]] for line in table.splitlines() if line.startswith("| ")]
    listed = [(name, needs == "yes") for names, _, needs in cells[1:] for name in names.split(", ")]
    assert listed == [(step.name, step.needs_google) for step in steps(place)]


def test_environment_of_the_run(place: Place) -> None:
    """Project and image repositories are those of the run; groups and networks keep their names."""
    prepare(place, _TEXT)
    settings = yaml.safe_load((place.folder / "environments/dev.yaml").read_text())
    assert settings["project"] == "disposable-1"
    assert settings["repository"] == "asia-northeast3-docker.pkg.dev/disposable-1/dojangkok-ai/ai-server"
    assert settings["group"] == "dojangkok-dev-ai-server-mig"
    canaries = yaml.safe_load((place.folder / "environments/canary.yaml").read_text())
    assert canaries["rollout"].pop("steps") == [{"instances": 1}, {"pause": True}]
    assert canaries == settings
    assert not (place.terraform / "backend.tf").exists()
    assert '"cpu_image": "${var.cpu_image}"' in (place.terraform / "override.tf.json").read_text()


def test_filler_counts_in_the_quota_of_the_boot_disks() -> None:
    """The disk that fills the quota has the type of the group's boot disks."""
    variables = (ROOT / "iac/modules/fleet/variables.tf").read_text()
    (default,) = re.findall(
        r'^variable "ai_server_disk_type" \{.*?default += "(.+?)"', variables, re.MULTILINE | re.DOTALL
    )
    assert default == DISK_TYPE


def test_destroy_may_delete_everything(place: Place) -> None:
    """The disk of ChromaDB, which no plan of an environment deletes, is not protected in the copy of a run."""
    prepare(place, _TEXT)
    line = "prevent_destroy = true"
    assert line in (ROOT / "iac/modules/compute/main.tf").read_text()
    assert not [file for file in (place.folder / "iac").rglob("*.tf") if line in file.read_text()]


def test_no_command_and_no_file_names_a_project_of_an_environment(place: Place) -> None:
    """Neither the commands of a run nor the copies in its folder name a project of environments/."""
    prepare(place, _TEXT)
    files = (file for file in place.folder.rglob("*") if file.is_file())
    texts = {str(file.relative_to(place.folder)): file.read_text() for file in files}
    texts |= {step.name: str(step.commands) for step in steps(place)}
    names = re.compile(rf"(?<![\w-])(?:{'|'.join(protected_projects())})(?![\w-])")
    assert protected_projects() == {"dojangkok-dev", "dojangkok-prod"}
    assert [name for name, text in texts.items() if names.search(text)] == []


def test_prepare_keeps_the_state_of_an_earlier_run(place: Place) -> None:
    """Terraform's state and the recordings of a run survive its continuation."""
    prepare(place, _TEXT)
    (place.terraform / "terraform.tfstate").write_text("{}")
    prepare(place, _TEXT)
    assert (place.terraform / "terraform.tfstate").read_text() == "{}"


@pytest.mark.parametrize("environment", ["dev", "local", "prod"])
@pytest.mark.parametrize("project", ["dojangkok-dev", "dojangkok-prod"])
def test_project_of_an_environment_is_refused(environment: str, project: str) -> None:
    """A run on the project of any environment would destroy that environment, whichever file the run starts from."""
    with pytest.raises(AcceptanceError, match="name a disposable project"):
        environment_text((ROOT / f"environments/{environment}.yaml").read_text(), project)


@pytest.mark.parametrize("repository", ["host/dojangkok-prod/disposable-1/app", "disposable-1/app", "host/app"])
def test_repository_of_another_project_is_refused(tmp_path: Path, repository: str) -> None:
    """A repository is one of the project only by its first folder: HOST/PROJECT/PATH."""
    text = f"project: disposable-1\nzone: asia-northeast3-a\nrepository: {repository}\n"
    with pytest.raises(AcceptanceError, match="does not name project 'disposable-1'"):
        read_place("disposable-1", tmp_path, text)


def test_a_run_continues_after_its_last_step(place: Place) -> None:
    """Steps that are done and steps that are left out are not run again; `--from` runs a step again."""
    names = [step.name for step in steps(place)]
    progress = Progress().with_step("bootstrap", 3.04).with_step("apply", 60)
    assert progress.seconds["bootstrap"] == 3.0
    assert [step.name for step in remaining_steps(steps(place), progress)] == names[2:]
    skipping = remaining_steps(steps(place), progress, "bootstrap", ["apply"])
    assert [step.name for step in skipping] == ["bootstrap", *names[2:]]
    assert [step.name for step in remaining_steps(steps(place), progress, "destroy")] == ["destroy"]


@pytest.mark.parametrize(("first", "skipped"), [("dstroy", []), ("", ["deploi"])])
def test_a_misspelt_step_is_refused(place: Place, first: str, skipped: list[str]) -> None:
    """A step that does not exist is named, with all that do."""
    with pytest.raises(AcceptanceError, match=f"no step '{first or skipped[0]}'. Fix: one of bootstrap, apply"):
        remaining_steps(steps(place), Progress(), first, skipped)


def test_progress_is_kept(tmp_path: Path) -> None:
    """What was written is read again; an empty folder has no progress."""
    assert Progress.read(tmp_path) == Progress()
    progress = Progress().with_step("deploy", 12.5).with_value("first", "host/app@sha256:1")
    progress.write(tmp_path)
    assert Progress.read(tmp_path) == progress
    assert [file.name for file in tmp_path.iterdir()] == ["progress.json"]


def test_canary_is_promoted_and_another_one_aborted(place: Place) -> None:
    """Each release is refused, promoted or aborted by the file with steps, and what serves before is another one."""
    (canary,) = (step for step in steps(place) if step.name == "canary")
    words = [" ".join(command.arguments).partition(" deploy ")[2] for command in canary.commands]
    assert words == [
        f"{verb} --env canary"
        for verb in (
            "deploy --image <third>", "status", "deploy --image <second>",
            "promote --step 1", "deploy --image <second>", "abort",
        )
    ]  # fmt: skip
    assert [command.exit_codes for command in canary.commands] == [(0,), (0,), (3,), (0,), (0,), (0,)]
    for command, report, other in (
        (canary.commands[0], "◐ web: paused at step 1 of 2 · 45 s target a b on 1 of 2 instances", "web serves r-1"),
        (
            canary.commands[1], "  step 1 of 2 · 1 of 2 instances · serves · then a pause until `promote`",
            "  step 1 of 2 · 1 of 2 instances · does not serve yet · then a pause until `promote`",
        ),
        (canary.commands[2], "group 'web': 'r-1' is a canary beside 'r-0'", "no permission. Fix: name a login."),
    ):  # fmt: skip
        assert re.search(command.matches, report)
        assert not re.search(command.matches, other)


@pytest.mark.parametrize(("step", "ends", "report"), [
    ("bad-image", 7, "release 'a': a-1 printed: exit 1. 'seed' serves again. Fix: correct the image."),
    ("never-healthy", 7, "release 'a': not done after 300 s: a-1 unhealthy. 'seed' serves again."),
    ("capacity", 3, "quota SSD_TOTAL_GB: a surge of 1 needs 50, and 7 of 250 are free. Fix: raise SSD_TOTAL_GB"),
])  # fmt: skip
def test_a_failure_must_have_its_reason(place: Place, step: str, ends: int, report: str) -> None:
    """The exit codes 3 and 7 count only with the reason that the step provokes."""
    (command,) = (
        command
        for each in steps(place)
        for command in each.commands
        if each.name == step and "deploy --image" in " ".join(command.arguments)
    )
    assert command.exit_codes == (ends,)
    assert re.search(command.matches, report)
    for other in ("no permission. Fix: name a login.", "the target size became 0. 'seed' serves again."):
        assert not re.search(command.matches, other)
