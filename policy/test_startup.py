"""The startup scripts as Terraform renders them, run with stand-ins for gcloud and docker."""

import re
from pathlib import Path

import pytest

from deploy.release.image_places import find_image
from deploy.release.secret_scan import leaks
from policy.app_settings import REQUIRED, defaults, shutdown_s
from policy.compose import read_stack
from policy.running import ROOT, run_checked
from policy.terraform import ENVIRONMENTS, Plan, Terraform, scripts
from policy.vm import COMMON_FILES, Vm

Scripts = dict[str, dict[str, str]]
_NAMES = ("ai-server", "chromadb", "vllm")
_SINGLE = ("chromadb", "vllm")  # VMs without a group, whose script runs as a service
_SECRETS = {
    "ai-server": {
        "dojangkok-ai-server-tokens": "AI_SERVER_TOKENS",
        "dojangkok-backend-internal-token": "BACKEND_INTERNAL_TOKEN",
        "dojangkok-ocr-api": "OCR_API",
        "dojangkok-vllm-api-key": "VLLM_API_KEY",
    },
    "chromadb": {},
    "vllm": {"dojangkok-vllm-api-key": "VLLM_API_KEY"},
}
_NEEDS = [(name, secret) for name in _NAMES for secret in _SECRETS[name]]
_PULL, _UP = "docker compose pull --policy missing --quiet", "docker compose up --detach --remove-orphans"
_REMOVE = "docker compose --profile alloy --profile promtail rm --stop --force alloy promtail"
_REPOSITORY = "asia-northeast3-docker.pkg.dev/dojangkok-{}/dojangkok-ai/ai-server"


@pytest.fixture(scope="module")
def rendered(plans: dict[str, Plan]) -> Scripts:
    """Each startup script as Terraform renders it, by environment and service."""
    return {name: scripts(plan) for name, plan in plans.items()}


@pytest.fixture(params=_NAMES)
def name(request: pytest.FixtureRequest) -> str:
    """The name of each service."""
    return str(request.param)


@pytest.fixture
def vm(tmp_path: Path) -> Vm:
    """A VM with a blank data disk and with secrets that contain shell syntax."""
    vm = Vm(tmp_path)
    for number, secret in enumerate(_SECRETS["ai-server"]):
        vm.set_secret(secret, f"canary-{number} $HOME `id` \\ \"double\" 'single' $(id) #")
    vm.set_exit_code("mountpoint", 1)
    vm.set_exit_code("blkid", 2)
    return vm


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_script_is_clean_bash(rendered: Scripts, environment: str, name: str, tmp_path: Path) -> None:
    """Shellcheck and bash have no findings; the script has less than 64 KiB and no Windows line ends."""
    script = rendered[environment][name]
    path = tmp_path / "startup.sh"
    path.write_bytes(script.encode())
    run_checked("bash", "-n", path)
    run_checked("shellcheck", "--enable=quote-safe-variables,check-unassigned-uppercase", path)
    assert len(script.encode()) < 64 * 1024
    assert "\r" not in script
    assert script.endswith("\n")
    assert "set -euo pipefail" in script


@pytest.mark.parametrize("fragment", sorted((ROOT / "iac/scripts").glob("*.sh")), ids=lambda path: path.name)
def test_fragment_is_checked_alone_and_contained_without_its_directive(fragment: Path, rendered: Scripts) -> None:
    """Shellcheck reads the shell of a fragment from its first line, which no startup script contains."""
    directive, _, code = fragment.read_text().partition("\n")
    assert directive.startswith("# shellcheck shell=bash"), f"{fragment.name}: the first line names no shell"
    run_checked("shellcheck", fragment)
    contents = [script for environment in rendered.values() for script in environment.values()]
    assert any(code.strip() in script for script in contents)
    assert not any("# shellcheck shell=" in script for script in contents)


@pytest.mark.parametrize("release", [":4f2a91c", f"@sha256:{'a' * 64}"])
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_deploy_replaces_the_single_image_reference(terraform: Terraform, environment: str, release: str) -> None:
    """deploy's own reader and writer change the line with the image, and no other."""
    script = scripts(terraform.plan(environment, ai_server_first_release=release))["ai-server"]
    repository, digest = _REPOSITORY.format(environment), f"sha256:{'b' * 64}"
    metadata = {"startup-script": script}
    places = find_image(metadata, repository)
    (place,) = places.mentions["startup-script"]
    assert script.splitlines()[place.line - 1] == f"AI_SERVER_IMAGE={repository}{release}"
    assert script.count(repository) == 1
    after = places.rewritten(metadata, digest)["startup-script"]
    assert after == script.replace(f"{repository}{release}", f"{repository}@{digest}")


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_script_holds_no_secret(rendered: Scripts, environment: str, name: str) -> None:
    """The scan by which deploy refuses templates finds no secret in a script."""
    assert leaks({"startup-script": rendered[environment][name]}) == []


def test_first_boot_writes_all_files_and_starts_the_stack(rendered: Scripts, vm: Vm, name: str) -> None:
    """The files of compose/ are copied unchanged; only app.env, which is readable by root alone, contains secrets."""
    result = vm.boot(rendered["dev"][name])
    assert result.returncode == 0, result.stderr
    files = vm.files()
    assert files.keys() == COMMON_FILES | ({"app.env"} if _SECRETS[name] else set())
    assert files["docker-compose.yml"] == ((ROOT / "compose" / name / "docker-compose.yml").read_text(), 0o644)
    assert files["promtail.yml"] == ((ROOT / "compose/promtail.yml").read_text(), 0o644)
    assert files["config.alloy"] == ((ROOT / "compose/config.alloy").read_text(), 0o644)
    for secret, variable in _SECRETS[name].items():
        assert vm.variables("app.env")[variable] == (vm.folder / "secrets" / secret).read_text()
        assert files["app.env"][1] == 0o600
    public_text = (
        result.stdout + result.stderr + "".join(text for file, (text, _) in files.items() if file != "app.env")
    )
    assert "canary" not in public_text
    assert vm.calls[-3:] == [_PULL, _REMOVE, _UP]


@pytest.mark.parametrize("name", ["ai-server", "vllm"])
def test_root_logs_in_to_the_registry_before_the_pull(rendered: Scripts, vm: Vm, name: str) -> None:
    """Each boot logs root in, and a failed login ends the boot before the pull."""
    vm.boot(rendered["prod"][name])
    login = "gcloud auth configure-docker asia-northeast3-docker.pkg.dev --quiet"
    assert vm.calls[-3:] == [_PULL, _REMOVE, _UP]
    assert login in vm.calls[:-3]
    vm.set_exit_code("gcloud auth configure-docker", 1)
    assert vm.boot(rendered["prod"][name]).returncode != 0
    assert _PULL not in vm.calls


@pytest.mark.parametrize(
    "value", ["", "\n", "one\ntwo", "tab\tbed", None], ids=["empty", "blank", "lines", "tab", "denied"]
)
@pytest.mark.parametrize(("name", "secret"), _NEEDS)
def test_boot_without_a_secret_writes_and_starts_nothing(
    rendered: Scripts, vm: Vm, name: str, secret: str, value: str | None
) -> None:
    """Each secret is required, as a single line of text."""
    if value is None:
        (vm.folder / "secrets" / secret).unlink()
    else:
        vm.set_secret(secret, value)
    result = vm.boot(rendered["dev"][name])
    assert result.returncode != 0
    assert vm.files() == {}
    assert [call for call in vm.calls if call.startswith("docker")] == []
    assert "canary" not in result.stdout + result.stderr


@pytest.mark.parametrize("name", ["ai-server", "vllm"])
def test_output_of_a_failed_secret_read_is_not_used(rendered: Scripts, vm: Vm, name: str) -> None:
    """An exit code of gcloud ends the boot, even with text on stdout."""
    vm.set_exit_code("gcloud secrets versions", 1)
    assert vm.boot(rendered["dev"][name]).returncode != 0
    assert vm.files() == {}


def test_failed_pull_stops_no_container(rendered: Scripts, vm: Vm, name: str) -> None:
    """A failed pull ends the boot before `docker compose up`."""
    vm.boot(rendered["dev"][name])
    vm.set_exit_code("docker compose pull", 18)
    assert vm.boot(rendered["dev"][name]).returncode == 18
    assert {call for call in vm.calls if call.startswith("docker")} == {_PULL}


def test_second_boot_repeats_the_first(rendered: Scripts, vm: Vm, name: str) -> None:
    """A second boot writes the same files and makes the same calls, except for the mounted disk."""
    vm.boot(rendered["dev"][name])
    files, calls = vm.files(), vm.calls
    vm.set_exit_code("mountpoint", 0)
    assert vm.boot(rendered["dev"][name]).returncode == 0
    disk = ("blkid", "mkfs", "systemctl daemon-reload", "mount ")
    first, second = ([call for call in boot if not call.startswith(disk)] for boot in (calls, vm.calls))
    assert (vm.files(), second) == (files, first)


def test_full_disk_leaves_no_partial_file(rendered: Scripts, vm: Vm, name: str) -> None:
    """A write that fails leaves the former file."""
    vm.boot(rendered["dev"][name])
    before = vm.files()
    limit = "ulimit -f 1; trap '' XFSZ"
    assert vm.boot(rendered["dev"][name], limit=limit).returncode != 0
    if name in _SINGLE:
        assert vm.start_service("stack.service", limit=limit).returncode != 0
    after = vm.files()
    assert {file: after[file] for file in before} == before
    assert _UP not in vm.calls


@pytest.mark.parametrize(("name", "variable"), [("vllm", "VLLM_IMAGE"), ("chromadb", "CHROMADB_IMAGE")])
def test_image_of_an_update_survives_a_boot(rendered: Scripts, vm: Vm, name: str, variable: str) -> None:
    """A reboot keeps the image of the last update instead of the first image."""
    vm.boot(rendered["dev"][name])
    path, updated = vm.app / ".env", f"host.example.com/image@sha256:{'c' * 64}"
    path.write_text(re.sub(rf"^{variable}=.*$", f"{variable}={updated}", path.read_text(), flags=re.MULTILINE))
    assert vm.boot(rendered["dev"][name]).returncode == 0
    assert vm.variables(".env")[variable] == updated


def test_variables_are_those_of_the_server(rendered: Scripts, vm: Vm) -> None:
    """The script sets every required variable of app/settings.py, and no unknown one."""
    vm.boot(rendered["prod"]["ai-server"])
    actual, known = vm.variables("app.env"), defaults()
    assert actual.keys() - known.keys() == set()
    assert {name for name, default in known.items() if default is REQUIRED} - actual.keys() == set()
    assert actual["APP_ENV"] == "prod"


def test_stop_period_is_long_enough_for_the_variables(rendered: Scripts, vm: Vm) -> None:
    """With the variables of the script, the server exits before Docker kills it."""
    vm.boot(rendered["prod"]["ai-server"])
    (grace_s,) = re.findall(r"stop_grace_period: (\d+)s", vm.files()["docker-compose.yml"][0])
    assert shutdown_s(vm.variables("app.env")) < int(grace_s)


def test_variables_name_the_model_and_adapters_of_vllm(rendered: Scripts, vm: Vm) -> None:
    """Model and adapters of the script are those of compose/vllm."""
    vm.boot(rendered["dev"]["ai-server"])
    variables = vm.variables("app.env")
    stack = (ROOT / "compose/vllm/docker-compose.yml").read_text()
    assert f"--model={variables['VLLM_MODEL']}\n" in stack
    for adapter in ("CHECKLIST", "EASYCONTRACT"):
        assert f'"name": "{variables[f"VLLM_LORA_ADAPTER_{adapter}"]}"' in stack


@pytest.mark.parametrize(("changes", "collector"), [({}, "alloy"), ({"log_collector": "promtail"}, "promtail")])
def test_only_the_chosen_log_collector_runs(
    terraform: Terraform, vm: Vm, name: str, changes: dict[str, str], collector: str
) -> None:
    """Each boot creates the collector of Terraform's variable anew, with its own files, and deletes the other one."""
    vm.boot(scripts(terraform.plan("dev", **changes))[name])
    assert {"alloy", "promtail"} & read_stack(vm.app)["services"].keys() == {collector}
    assert vm.calls[-3:] == [_PULL, _REMOVE, _UP]


def test_docker_compose_accepts_the_written_files(rendered: Scripts, vm: Vm, name: str) -> None:
    """The stack has all its variables, and the service gets its secrets unchanged."""
    vm.boot(rendered["dev"][name])
    service = read_stack(vm.app)["services"][name]
    for secret, variable in _SECRETS[name].items():
        assert service["environment"][variable].replace("$$", "$") == (vm.folder / "secrets" / secret).read_text()
    assert service["image"].endswith({"ai-server": "/ai-server:4f2a91c", "vllm": "/vllm:v0.15.1"}.get(name, ""))
