"""Faults of a boot: a transient fault does not end it, and a permanent fault ends it with its reason."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from policy.health import HealthCheck
from policy.running import ROOT
from policy.terraform import Plan, resources, scripts
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
    for name in ("ai-server-tokens", "backend-internal-token", "ocr-api", "vllm-api-key"):
        vm.set_secret(f"dojangkok-{name}", "canary")
    vm.set_exit_code("mountpoint", 1)
    vm.set_exit_code("blkid", 2)
    return vm


@pytest.fixture(scope="module")
def checks(plans: dict[str, Plan]) -> dict[str, HealthCheck]:
    """The health check of each service: that of the group, and for a single VM the URL that accessory waits for."""
    (check,) = resources(plans["dev"], "google_compute_health_check").values()
    (http,) = check["http_health_check"]
    accessories = yaml.safe_load((ROOT / "environments/dev.yaml").read_text())["accessories"]
    paths = {name: urlsplit(accessories[name]["ready"][0]["url"]).path for name in _SINGLE}
    return {
        "ai-server": HealthCheck(http["request_path"], check["healthy_threshold"]),
        **{name: HealthCheck(path, 1) for name, path in paths.items()},
    }


def _calls(vm: Vm, command: str) -> list[str]:
    return [call for call in vm.calls if call.startswith(command)]


@pytest.mark.parametrize("faults", [1, 2])
@pytest.mark.parametrize(("name", "command"), _CASES)
def test_transient_fault_does_not_end_the_boot(
    rendered: dict[str, str], checks: dict[str, HealthCheck], vm: Vm, name: str, command: str, faults: int
) -> None:
    """One fault, or two in a row, of the login, of a secret or of the pull: the VM becomes healthy after 2 or 6 s."""
    vm.set_faults(command, _CODES[command], faults)
    assert checks[name].state(vm) == "UNHEALTHY"
    result = vm.boot(rendered[name])
    assert result.returncode == 0, result.stderr
    assert _calls(vm, "sleep") == _WAITS[:faults]
    assert vm.calls[-1] == _UP
    assert checks[name].state(vm) == "HEALTHY"


@pytest.mark.parametrize("faults", [1, 2])
@pytest.mark.parametrize("name", _FAULTS)
def test_transient_faults_of_every_kind_do_not_end_the_boot(
    rendered: dict[str, str], checks: dict[str, HealthCheck], vm: Vm, name: str, faults: int
) -> None:
    """Each command has its own attempts, the VM becomes healthy, and secrets have the values of the last attempts."""
    for command in _FAULTS[name]:
        vm.set_faults(command, _CODES[command], faults)
    result = vm.boot(rendered[name])
    assert result.returncode == 0, result.stderr
    assert checks[name].state(vm) == "HEALTHY"
    if _SECRET in _FAULTS[name]:
        assert vm.variables("app.env")["VLLM_API_KEY"] == "canary"
    assert "canary" not in result.stdout + result.stderr


@pytest.mark.parametrize(("name", "command"), _CASES)
def test_permanent_fault_ends_the_boot_with_its_reason(
    rendered: dict[str, str], checks: dict[str, HealthCheck], vm: Vm, name: str, command: str
) -> None:
    """
    After six attempts in a minute the script prints the command, its exit code, and what the tool printed, and the VM
    never becomes healthy.
    """
    vm.set_exit_code(command, _CODES[command])
    result = vm.boot(rendered[name])
    assert result.returncode == _CODES[command]
    assert len(_calls(vm, command)) == _ATTEMPTS
    assert _calls(vm, "sleep") == _WAITS
    assert result.stderr.count(f"{command}: the fault of a test\n") == _ATTEMPTS
    assert result.stderr.splitlines()[-1].endswith(f": exit code {_CODES[command]}, {_ATTEMPTS} times")
    assert checks[name].state(vm) == "UNHEALTHY"


@pytest.mark.parametrize("faults", [1, 6])
@pytest.mark.parametrize(("name", "command"), _CASES)
def test_lines_of_the_attempts_are_those_that_deploy_recognizes(
    rendered: dict[str, str], vm: Vm, name: str, command: str, faults: int
) -> None:
    """The lines around an attempt's error have the form of tests/integration/deploy/test_boot_retries.py."""
    vm.set_faults(command, _CODES[command], faults)
    printed = vm.boot(rendered[name]).stderr.splitlines()
    first = printed.index(f"{command}: the fault of a test")
    start, end = ": attempt 1, with more after a failure", f": exit code {_CODES[command]}, "
    assert printed[first - 1].endswith(start)
    run = printed[first - 1].removesuffix(start)
    ends = [f"{run}{end}again in {2**number} s" for number in range(1, 6)] + [f"{run}{end}6 times"]
    assert printed[first + 1 : first + 2 * faults : 2] == ends[:faults]


@pytest.mark.parametrize(("name", "command"), _CASES)
def test_boot_has_a_single_budget_of_time(rendered: dict[str, str], vm: Vm, name: str, command: str) -> None:
    """No attempt begins more than 150 s after the script, so that a boot ends before auto-healing recreates its VM."""
    script = rendered[name].replace("set -euo pipefail\n", "set -euo pipefail\nSECONDS=125\n", 1)
    vm.set_exit_code(command, _CODES[command])
    result = vm.boot(script)
    assert _calls(vm, "sleep") == _WAITS[:4]
    assert result.stderr.splitlines()[-1].endswith(f": exit code {_CODES[command]}, 5 times")


@pytest.mark.parametrize(("name", "command"), _CASES)
def test_command_that_hangs_is_ended_and_repeated(rendered: dict[str, str], vm: Vm, name: str, command: str) -> None:
    """Each command that reaches another computer has a time limit, and a new attempt after it."""
    vm.set_hangs(command, 2)
    result = vm.boot(rendered[name])
    assert result.returncode == 0, result.stderr
    assert result.stderr.count(": exit code 124, again in ") == 2
    assert vm.calls[-1] == _UP


def test_initial_delay_is_longer_than_a_boot(plans: dict[str, Plan], rendered: dict[str, str], vm: Vm) -> None:
    """Auto-healing leaves an instance alone while its script may repeat commands, and while its server starts."""
    vm.boot(rendered["ai-server"])
    limits = {line.split(" ", 1)[1].split(" --")[0]: int(line.split()[0]) for line in vm.limits}
    retries_s = int(re.findall(r"^retries_end_s=(\d+)$", rendered["ai-server"], re.MULTILINE)[0])
    (group,) = resources(plans["dev"], "google_compute_instance_group_manager").values()
    (healing,) = group["auto_healing_policies"]
    begin_and_start_s = 40 + 60
    assert healing["initial_delay_sec"] >= begin_and_start_s + retries_s + max(limits.values()) + min(limits.values())


@pytest.mark.parametrize("name", ["ai-server", "vllm"])
def test_empty_secret_ends_the_boot_at_once(rendered: dict[str, str], vm: Vm, name: str) -> None:
    """More attempts do not fill an empty secret."""
    vm.set_secret("dojangkok-vllm-api-key", "")
    assert vm.boot(rendered[name]).returncode != 0
    assert _calls(vm, "sleep") == []


@pytest.mark.parametrize("name", _SINGLE)
def test_service_starts_again_until_the_fault_ends(
    rendered: dict[str, str], checks: dict[str, HealthCheck], vm: Vm, name: str
) -> None:
    """A single VM whose script fails with all its attempts becomes healthy by the next start of the service."""
    vm.set_faults(_PULL, 18, _ATTEMPTS)
    assert vm.boot(rendered[name], starts=2).returncode == 0
    assert checks[name].state(vm) == "HEALTHY"


@pytest.mark.parametrize("name", _SINGLE)
def test_unit_of_a_single_vm(rendered: dict[str, str], vm: Vm, name: str) -> None:
    """systemd starts the script 120 s after each failure, without a limit, and its output reaches the serial port."""
    vm.boot(rendered[name])
    unit = vm.unit(_SERVICE)
    assert unit["Unit"]["StartLimitIntervalSec"] == "0"
    service = unit["Service"]
    assert (service["Type"], service["Restart"], service["RestartSec"]) == ("oneshot", "on-failure", "120")
    assert (service["StandardOutput"], service["StandardError"]) == ("journal+console", "journal+console")
    assert (vm.folder / "usr/local/sbin/start-stack").stat().st_mode & 0o777 == 0o700
    assert vm.calls.index("systemctl daemon-reload") < vm.calls.index(f"systemctl restart --no-block {_SERVICE}")


def test_group_has_no_service(rendered: dict[str, str], vm: Vm) -> None:
    """The group replaces an instance whose script fails, so a service would only hide the failure."""
    vm.boot(rendered["ai-server"])
    assert _calls(vm, "systemctl") == []
