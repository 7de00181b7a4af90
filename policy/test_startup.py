"""What machines do at every boot: the scripts as Terraform renders them, run with stand-ins for gcloud and docker."""

import re
from pathlib import Path

import pytest

from deploy.release.effective_reference import deciding_reference
from deploy.release.mentions import rewrite
from deploy.release.secret_scan import leaks
from policy.compose import composed
from policy.machine import Machine
from policy.running import ROOT, run_checked
from policy.server import REQUIRED, defaults, stop_s
from policy.terraform import ENVIRONMENTS, Plan, Terraform, scripts

Scripts = dict[str, dict[str, str]]
_NAMES = ("ai-server", "chromadb", "vllm")
_SECRETS = {
    "ai-server": {
        "dojangkok-backend-internal-token": "BACKEND_INTERNAL_TOKEN",
        "dojangkok-ocr-api": "OCR_API",
        "dojangkok-vllm-api-key": "VLLM_API_KEY",
    },
    "chromadb": {},
    "vllm": {"dojangkok-vllm-api-key": "VLLM_API_KEY"},
}
_NEEDS = [(name, secret) for name in _NAMES for secret in _SECRETS[name]]
_COMMON_FILES = {"docker-compose.yml", "promtail.yml", "config.alloy", ".env"}
_PULL, _UP = "docker compose pull --policy missing --quiet", "docker compose up --detach --remove-orphans"
_REPOSITORY = "asia-northeast3-docker.pkg.dev/dojangkok-{}/dojangkok-ai/ai-server"


@pytest.fixture(scope="module")
def rendered(plans: dict[str, Plan]) -> Scripts:
    """Every script by environment and name, as Terraform renders it."""
    return {name: scripts(plan) for name, plan in plans.items()}


@pytest.fixture(params=_NAMES)
def name(request: pytest.FixtureRequest) -> str:
    """Whose script it is."""
    return str(request.param)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine whose secrets have values that a shell would like to touch, and whose data disk is new."""
    found = Machine(tmp_path)
    for number, secret in enumerate(_SECRETS["ai-server"]):
        found.hide(secret, f"canary-{number} $HOME `id` \\ \"double\" 'single' $(id) #")
    found.answer("mountpoint", 1)
    found.answer("blkid", 2)
    return found


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_script_is_clean_bash(rendered: Scripts, environment: str, name: str, tmp_path: Path) -> None:
    """Shellcheck and bash find nothing; it is far below the 256 KiB of metadata, and without Windows' line ends."""
    script = rendered[environment][name]
    path = tmp_path / "startup.sh"
    path.write_bytes(script.encode())
    run_checked("bash", "-n", path)
    run_checked("shellcheck", "--enable=quote-safe-variables,check-unassigned-uppercase", path)
    assert len(script.encode()) < 64 * 1024
    assert "\r" not in script
    assert script.endswith("\n")
    assert "set -euo pipefail" in script


@pytest.mark.parametrize("release", [":4f2a91c", f"@sha256:{'a' * 64}"])
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_deploy_finds_one_reference_and_changes_nothing_else(
    terraform: Terraform, environment: str, release: str
) -> None:
    """By deploy's own reader and writer: the one line that names the image."""
    script = scripts(terraform.plan(environment, ai_server_first_release=release))["ai-server"]
    repository, digest = _REPOSITORY.format(environment), f"sha256:{'b' * 64}"
    place = deciding_reference({"startup-script": script}, repository)
    assert script.splitlines()[place.line - 1] == f"AI_SERVER_IMAGE={repository}{release}"
    assert script.count(repository) == 1
    after = rewrite(script, place, digest)
    assert after == script.replace(f"{repository}{release}", f"{repository}@{digest}")


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_script_holds_no_secret(rendered: Scripts, environment: str, name: str) -> None:
    """By the eye with which deploy refuses templates."""
    assert leaks({"startup-script": rendered[environment][name]}) == []


def test_first_boot_lays_everything_down_and_starts_it(rendered: Scripts, machine: Machine, name: str) -> None:
    """The files of compose/ as they are; what is secret is root's alone, and what is not has no secret in it."""
    done = machine.boot(rendered["dev"][name])
    assert done.returncode == 0, done.stderr
    files = machine.files()
    assert files.keys() == _COMMON_FILES | ({"app.env"} if _SECRETS[name] else set())
    assert files["docker-compose.yml"] == ((ROOT / "compose" / name / "docker-compose.yml").read_text(), 0o644)
    assert files["promtail.yml"] == ((ROOT / "compose/promtail.yml").read_text(), 0o644)
    assert files["config.alloy"] == ((ROOT / "compose/config.alloy").read_text(), 0o644)
    for secret, variable in _SECRETS[name].items():
        assert machine.variables("app.env")[variable] == (machine.folder / "secrets" / secret).read_text()
        assert files["app.env"][1] == 0o600
    shown = done.stdout + done.stderr + "".join(text for one, (text, _) in files.items() if one != "app.env")
    assert "canary" not in shown
    assert machine.calls[-2:] == [_PULL, _UP]


@pytest.mark.parametrize("name", ["ai-server", "vllm"])
def test_registry_is_logged_in_to_before_the_pull(rendered: Scripts, machine: Machine, name: str) -> None:
    """As root, at every boot: the base image's own login is that of another user."""
    machine.boot(rendered["prod"][name])
    assert machine.calls[-3:] == ["gcloud auth configure-docker asia-northeast3-docker.pkg.dev --quiet", _PULL, _UP]
    machine.answer("gcloud auth configure-docker", 1)
    assert machine.boot(rendered["prod"][name]).returncode != 0
    assert _PULL not in machine.calls


@pytest.mark.parametrize(
    "value", ["", "\n", "one\ntwo", "tab\tbed", None], ids=["empty", "blank", "lines", "tab", "denied"]
)
@pytest.mark.parametrize(("name", "secret"), _NEEDS)
def test_without_a_secret_nothing_is_written_or_started(
    rendered: Scripts, machine: Machine, name: str, secret: str, value: str | None
) -> None:
    """Whichever it is, and whatever is wrong with it."""
    if value is None:
        (machine.folder / "secrets" / secret).unlink()
    else:
        machine.hide(secret, value)
    done = machine.boot(rendered["dev"][name])
    assert done.returncode != 0
    assert machine.files() == {}
    assert [call for call in machine.calls if call.startswith("docker")] == []
    assert "canary" not in done.stdout + done.stderr


@pytest.mark.parametrize("name", ["ai-server", "vllm"])
def test_secret_that_is_cut_off_is_none(rendered: Scripts, machine: Machine, name: str) -> None:
    """Half an answer and an exit code are a failure, not half a key."""
    machine.answer("gcloud secrets versions", 1)
    assert machine.boot(rendered["dev"][name]).returncode != 0
    assert machine.files() == {}


def test_without_the_image_nothing_is_stopped(rendered: Scripts, machine: Machine, name: str) -> None:
    """A pull that fails ends the boot: what ran goes on."""
    machine.boot(rendered["dev"][name])
    machine.answer("docker compose pull", 18)
    assert machine.boot(rendered["dev"][name]).returncode == 18
    assert [call for call in machine.calls if call.startswith("docker")] == [_PULL]


def test_second_boot_is_the_same(rendered: Scripts, machine: Machine, name: str) -> None:
    """Same files, same calls; the disk that is mounted by then is left alone."""
    machine.boot(rendered["dev"][name])
    files, calls = machine.files(), machine.calls
    machine.answer("mountpoint", 0)
    assert machine.boot(rendered["dev"][name]).returncode == 0
    disk = ("blkid", "mkfs", "systemctl", "mount ")
    assert (machine.files(), machine.calls) == (files, [call for call in calls if not call.startswith(disk)])


def test_disk_that_is_full_leaves_no_half_of_a_file(rendered: Scripts, machine: Machine, name: str) -> None:
    """Each file is there as a whole or as it was."""
    machine.boot(rendered["dev"][name])
    before = machine.files()
    done = machine.boot(rendered["dev"][name], limit="ulimit -f 1; trap '' XFSZ")
    assert done.returncode != 0
    after = machine.files()
    assert {one: after[one] for one in before} == before
    assert _UP not in machine.calls


@pytest.mark.parametrize(("name", "variable"), [("vllm", "VLLM_IMAGE"), ("chromadb", "CHROMADB_IMAGE")])
def test_what_an_update_brought_stays(rendered: Scripts, machine: Machine, name: str, variable: str) -> None:
    """A machine that reboots goes on with the image that serves, not with the first one."""
    machine.boot(rendered["dev"][name])
    path, brought = machine.app / ".env", f"host.example.com/one@sha256:{'c' * 64}"
    path.write_text(re.sub(rf"^{variable}=.*$", f"{variable}={brought}", path.read_text(), flags=re.MULTILINE))
    assert machine.boot(rendered["dev"][name]).returncode == 0
    assert machine.variables(".env")[variable] == brought


def test_variables_are_those_that_the_server_reads(rendered: Scripts, machine: Machine) -> None:
    """Of app/settings.py: all that it needs, and none that it does not know."""
    machine.boot(rendered["prod"]["ai-server"])
    given, known = machine.variables("app.env"), defaults()
    assert given.keys() - known.keys() == set()
    assert {name for name, default in known.items() if default is REQUIRED} - given.keys() == set()
    assert given["APP_ENV"] == "prod"


def test_stop_has_time_for_all_of_it(rendered: Scripts, machine: Machine) -> None:
    """With what the machines set, and the defaults of the rest."""
    machine.boot(rendered["prod"]["ai-server"])
    (grace_s,) = re.findall(r"stop_grace_period: (\d+)s", machine.files()["docker-compose.yml"][0])
    assert stop_s(machine.variables("app.env")) < int(grace_s)


def test_model_that_is_asked_is_the_one_that_is_served(rendered: Scripts, machine: Machine) -> None:
    """By the stack of compose/vllm, with its adapters."""
    machine.boot(rendered["dev"]["ai-server"])
    variables = machine.variables("app.env")
    stack = (ROOT / "compose/vllm/docker-compose.yml").read_text()
    assert f"--model={variables['VLLM_MODEL']}\n" in stack
    for adapter in ("CHECKLIST", "EASYCONTRACT"):
        assert f'"name": "{variables[f"VLLM_LORA_ADAPTER_{adapter}"]}"' in stack


@pytest.mark.parametrize("collector", ["alloy", "promtail"])
def test_one_collector_starts_and_it_is_the_one_that_was_chosen(
    terraform: Terraform, machine: Machine, name: str, collector: str
) -> None:
    """At every boot: what somebody writes into .env by hand is gone with the next one."""
    machine.boot(scripts(terraform.plan("dev", log_collector=collector))[name])
    stack = composed(machine.app)["services"]
    assert [one for one in ("alloy", "promtail") if one in stack and stack[one].get("scale", 1)] == [collector]


def test_docker_compose_takes_what_is_laid_down(rendered: Scripts, machine: Machine, name: str) -> None:
    """The stack gets every variable that it needs, and the program its secrets whole."""
    machine.boot(rendered["dev"][name])
    service = composed(machine.app)["services"][name]
    for secret, variable in _SECRETS[name].items():
        assert service["environment"][variable].replace("$$", "$") == (machine.folder / "secrets" / secret).read_text()
    assert service["image"].endswith({"ai-server": "/ai-server:4f2a91c", "vllm": "/vllm:v0.15.1"}.get(name, ""))
