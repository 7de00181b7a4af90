"""Faults of a boot: a transient fault does not end it, and a permanent fault ends it with its reason."""

from pathlib import Path

import pytest

from policy.terraform import Plan, scripts
from policy.vm import Vm

_LOGIN, _SECRET, _PULL = "gcloud auth configure-docker", "gcloud secrets versions", "docker compose pull"
_FAULTS = {"ai-server": (_LOGIN, _SECRET, _PULL), "chromadb": (_PULL,), "vllm": (_LOGIN, _SECRET, _PULL)}
_CASES = [(name, command) for name, commands in _FAULTS.items() for command in commands]
_CODES = {_LOGIN: 1, _SECRET: 1, _PULL: 18}
_ATTEMPTS = 6
_WAITS = [f"sleep {wait_s}" for wait_s in (2, 4, 8, 16, 32)]
_UP = "docker compose up --detach --remove-orphans"
_SINGLE = ("chromadb", "vllm")
_SERVICE = "stack.service"


@pytest.fixture(scope="module")
def rendered(plans: dict[str, Plan]) -> dict[str, str]:
    """Each startup script of dev; test_iac_plan.py compares prod's scripts with dev's."""
    return scripts(plans["dev"])


@pytest.fixture
def vm(tmp_path: Path) -> Vm:
    """A VM with a blank data disk and with every secret."""
    vm = Vm(tmp_path)
    for secret in ("dojangkok-backend-internal-token", "dojangkok-ocr-api", "dojangkok-vllm-api-key"):
        vm.set_secret(secret, "canary")
    vm.set_exit_code("mountpoint", 1)
    vm.set_exit_code("blkid", 2)
    return vm


def _calls(vm: Vm, command: str) -> list[str]:
    return [call for call in vm.calls if call.startswith(command)]


@pytest.mark.parametrize("faults", [1, 2])
@pytest.mark.parametrize(("name", "command"), _CASES)
def test_transient_fault_does_not_end_the_boot(
    rendered: dict[str, str], vm: Vm, name: str, command: str, faults: int
) -> None:
    """One fault, or two in a row, of the login, of a secret or of the pull: the stack starts after 2 or 6 s."""
    vm.set_faults(command, _CODES[command], faults)
    result = vm.boot(rendered[name])
    assert result.returncode == 0, result.stderr
    assert _calls(vm, "sleep") == _WAITS[:faults]
    assert vm.calls[-1] == _UP


@pytest.mark.parametrize("faults", [1, 2])
@pytest.mark.parametrize("name", _FAULTS)
def test_transient_faults_of_every_kind_do_not_end_the_boot(
    rendered: dict[str, str], vm: Vm, name: str, faults: int
) -> None:
    """Each command has its own attempts, and the values of secrets are those of the successful attempts."""
    for command in _FAULTS[name]:
        vm.set_faults(command, _CODES[command], faults)
    result = vm.boot(rendered[name])
    assert result.returncode == 0, result.stderr
    assert vm.calls[-1] == _UP
    if _SECRET in _FAULTS[name]:
        assert vm.variables("app.env")["VLLM_API_KEY"] == "canary"
    assert "canary" not in result.stdout + result.stderr


@pytest.mark.parametrize(("name", "command"), _CASES)
def test_permanent_fault_ends_the_boot_with_its_reason(
    rendered: dict[str, str], vm: Vm, name: str, command: str
) -> None:
    """After six attempts in a minute the script prints the command, its exit code, and what the tool printed."""
    vm.set_exit_code(command, _CODES[command])
    result = vm.boot(rendered[name])
    assert result.returncode == _CODES[command]
    assert len(_calls(vm, command)) == _ATTEMPTS
    assert _calls(vm, "sleep") == _WAITS
    assert result.stderr.count(f"{command}: the fault of a test\n") == _ATTEMPTS
    assert result.stderr.splitlines()[-1].endswith(f": exit code {_CODES[command]}, {_ATTEMPTS} times")
    assert _UP not in vm.calls


@pytest.mark.parametrize("name", ["ai-server", "vllm"])
def test_empty_secret_ends_the_boot_at_once(rendered: dict[str, str], vm: Vm, name: str) -> None:
    """More attempts do not fill an empty secret."""
    vm.set_secret("dojangkok-vllm-api-key", "")
    assert vm.boot(rendered[name]).returncode != 0
    assert _calls(vm, "sleep") == []


@pytest.mark.parametrize("name", _SINGLE)
def test_service_starts_again_until_the_fault_ends(rendered: dict[str, str], vm: Vm, name: str) -> None:
    """A single VM whose script fails with all its attempts starts its stack at the next start of the service."""
    vm.set_faults(_PULL, 18, _ATTEMPTS)
    assert vm.boot(rendered[name], starts=2).returncode == 0
    assert vm.calls[-1] == _UP


@pytest.mark.parametrize("name", _SINGLE)
def test_unit_of_a_single_vm(rendered: dict[str, str], vm: Vm, name: str) -> None:
    """systemd starts the script again 30 s after a failure, without a limit, and its output reaches the serial port."""
    vm.boot(rendered[name])
    unit = vm.unit(_SERVICE)
    assert unit["Unit"]["StartLimitIntervalSec"] == "0"
    service = unit["Service"]
    assert (service["Type"], service["Restart"], service["RestartSec"]) == ("oneshot", "on-failure", "30")
    assert (service["StandardOutput"], service["StandardError"]) == ("journal+console", "journal+console")
    assert (vm.folder / "usr/local/sbin/start-stack").stat().st_mode & 0o777 == 0o700
    assert vm.calls.index("systemctl daemon-reload") < vm.calls.index(f"systemctl restart --no-block {_SERVICE}")


def test_group_has_no_service(rendered: dict[str, str], vm: Vm) -> None:
    """The group replaces an instance whose script fails, so a service would only hide the failure."""
    vm.boot(rendered["ai-server"])
    assert _calls(vm, "systemctl") == []
