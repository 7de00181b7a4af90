"""The phases of a boot that the startup script of the group's instances writes to its guest attributes."""

import re
from pathlib import Path

import pytest

from policy.terraform import Plan, resources, scripts
from policy.vm import Vm

_PHASES = ["booted", "login", "secrets", "pulled", "started"]
_VALUE = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12} [0-9]+\.[0-9]{2} (.*)")
_ABSENT = "Error response from daemon: manifest for registry.example/app@sha256:0 not found: manifest unknown"


@pytest.fixture(scope="module")
def script(plans: dict[str, Plan]) -> str:
    """The startup script of the AI servers of dev."""
    return scripts(plans["dev"])["ai-server"]


@pytest.fixture
def vm(tmp_path: Path) -> Vm:
    """A VM with every secret."""
    vm = Vm(tmp_path)
    for name in ("ai-server-tokens", "backend-internal-token", "ocr-api", "vllm-api-key"):
        vm.set_secret(f"dojangkok-{name}", "canary")
    return vm


def reason(vm: Vm) -> str:
    """Return the reason of the phase `failed`, which is the last value that a failed boot writes."""
    name, value = vm.attributes[-1]
    assert name == "failed"
    match = _VALUE.fullmatch(value)
    assert match, value
    return match[2]


def test_template_enables_guest_attributes(plans: dict[str, Plan]) -> None:
    """Without the key of the template the metadata server refuses each write."""
    for plan in plans.values():
        (template,) = resources(plan, "google_compute_instance_template").values()
        assert template["metadata"]["enable-guest-attributes"] == "TRUE"


def test_boot_writes_each_phase_in_order(script: str, vm: Vm) -> None:
    """Each phase has the id of the boot and the seconds since the VM has started."""
    assert vm.boot(script).returncode == 0
    assert [name for name, _ in vm.attributes] == _PHASES
    assert all(_VALUE.fullmatch(f"{value} ") for _, value in vm.attributes)
    assert len({value.split()[0] for _, value in vm.attributes}) == 1
    times = [float(value.split()[1]) for _, value in vm.attributes]
    assert times == sorted(times)


def test_write_that_fails_is_no_failed_boot(script: str, vm: Vm) -> None:
    """A metadata server that refuses the phases, or does not answer, changes nothing of the boot."""
    vm.set_exit_code("curl", 28)
    assert vm.boot(script).returncode == 0
    assert vm.is_serving


@pytest.mark.parametrize(
    "command", ["gcloud auth configure-docker", "gcloud secrets versions", "docker compose pull", "docker compose up"]
)
def test_failed_boot_writes_its_reason(script: str, vm: Vm, command: str) -> None:
    """After its last attempt the script writes the error of the command, and no later phase."""
    vm.set_exit_code(command, 18)
    assert vm.boot(script).returncode == 18
    assert reason(vm) == f"{command}: the fault of a test (exit code 18)"
    assert "started" not in dict(vm.attributes)
    assert "canary" not in str(vm.attributes)


def test_boot_that_fails_without_an_error_text_writes_its_exit_code(script: str, vm: Vm) -> None:
    """A secret that is empty has no error of a command."""
    vm.set_secret("dojangkok-vllm-api-key", "")
    assert vm.boot(script).returncode != 0
    assert reason(vm) == "the startup script has ended (exit code 1)"


def test_absent_image_is_pulled_once(script: str, vm: Vm) -> None:
    """No further attempt finds an image that the registry does not have, so its failure is written at once."""
    vm.set_exit_code("docker compose pull", 1)
    (vm.folder / "texts").mkdir()
    (vm.folder / "texts/docker compose pull").write_text(_ABSENT)
    assert vm.boot(script).returncode == 1
    assert reason(vm) == f"{_ABSENT} (exit code 1)"
    assert [call for call in vm.calls if call.startswith(("docker compose pull", "sleep"))] == [
        "docker compose pull --policy missing --quiet"
    ]


@pytest.mark.parametrize(
    ("printed", "written"),
    [
        ("no error found\nthe disk is full\n", "the disk is full"),
        ("Error response from daemon: no space\nsee the logs\n", "Error response from daemon: no space"),
        ('failed to read /opt/app/app.env: line 3: unexpected character in "canary"\n', "cannot read app.env"),
        ('unexpected character in "canary": error: x\nfailed to read /opt/app/.env\n', "cannot read app.env"),
    ],
)
def test_reason_is_the_line_of_the_error_without_secrets(script: str, vm: Vm, printed: str, written: str) -> None:
    """A line with an error comes before the last line, and an error about an env file may quote its secrets."""
    vm.set_exit_code("docker compose up", 15)
    (vm.folder / "texts").mkdir()
    (vm.folder / "texts/docker compose up").write_text(printed)
    assert vm.boot(script).returncode == 15
    assert reason(vm) == f"{written} (exit code 15)"
    assert "canary" not in str(vm.attributes)


def test_only_the_failure_is_written_again_and_never_by_an_argument(script: str, vm: Vm) -> None:
    """A failure whose write was lost would be waited for; every process can read the arguments of another."""
    vm.set_exit_code("docker compose up", 15)
    vm.boot(script)
    *others, failed = (vm.folder / "curls").read_text().splitlines()
    assert " --retry 3 " in failed
    assert "fault of a test" not in failed
    assert all(" --retry 0 " in line for line in others)
