"""Where the metrics of the VMs go: what Alloy scrapes and sends, and how the credential reaches it."""

import re
from pathlib import Path
from typing import Final

import pytest
import yaml

from policy.compose import FOLDER, PORTS, read_stack
from policy.running import run_checked
from policy.terraform import Terraform, resources, scripts
from policy.vm import Vm

_URL: Final = "https://prometheus.example.com/api/v1/write"
_SECRET: Final = "dojangkok-metrics"  # noqa: S105 - the name of the secret
_TOKEN: Final = "canary-of-metrics $HOME `id` #"  # noqa: S105 - of this test
_CHANGES: Final[dict[str, dict[str, str]]] = {
    "bearer": {"metrics_url": _URL, "metrics_secret": _SECRET},
    "basic": {"metrics_url": _URL, "metrics_secret": _SECRET, "metrics_user": "dojangkok"},
    "google": {"metrics_url": "google"},
}
_OTHERS: Final = (
    "dojangkok-ai-server-tokens", "dojangkok-backend-internal-token", "dojangkok-ocr-api", "dojangkok-vllm-api-key",
)  # fmt: skip


@pytest.fixture
def vm(tmp_path: Path) -> Vm:
    """A VM with every secret."""
    vm = Vm(tmp_path)
    for secret in _OTHERS:
        vm.set_secret(secret, "other")
    vm.set_secret(_SECRET, _TOKEN)
    vm.set_exit_code("mountpoint", 1)
    vm.set_exit_code("blkid", 2)
    return vm


@pytest.mark.parametrize("kind", _CHANGES)
@pytest.mark.parametrize("stack", PORTS)
def test_boot_configures_alloy(terraform: Terraform, vm: Vm, stack: str, kind: str) -> None:
    """Each VM gets the shared scrape and one writer, both unchanged, and Alloy's own parser accepts them together."""
    assert vm.boot(scripts(terraform.plan("dev", **_CHANGES[kind]))[stack]).returncode == 0
    files = vm.files()
    expected = (FOLDER / "metrics.alloy").read_text() + (FOLDER / f"write/{kind}.alloy").read_text()
    assert files["metrics.alloy"] == (expected, 0o644)
    assert files["targets.yml"] == ((FOLDER / stack / "targets.yml").read_text(), 0o644)
    run_checked("alloy-syntax", vm.app / "config.alloy", vm.app / "metrics.alloy")
    given = read_stack(vm.app)["services"]["alloy"]["environment"]
    used = set(re.findall(r'sys\.env\("(\w+)"\)', expected))
    assert used <= {name for name, value in given.items() if value}, "Alloy would send an empty value"
    google = "https://monitoring.googleapis.com/v1/projects/dojangkok-dev/location/global/prometheus/api/v1/write"
    assert given["METRICS_URL"] == (google if kind == "google" else _URL)


@pytest.mark.parametrize("stack", PORTS)
def test_script_with_a_credential_is_clean_bash(terraform: Terraform, stack: str, tmp_path: Path) -> None:
    """Shellcheck has no findings in a script that reads the secret for metrics."""
    path = tmp_path / "startup.sh"
    path.write_text(scripts(terraform.plan("dev", **_CHANGES["basic"]))[stack])
    run_checked("shellcheck", "--enable=quote-safe-variables,check-unassigned-uppercase", path)


@pytest.mark.parametrize("kind", _CHANGES)
@pytest.mark.parametrize("stack", PORTS)
def test_credential_is_in_one_file_that_root_reads(terraform: Terraform, vm: Vm, stack: str, kind: str) -> None:
    """Neither an argument nor a variable nor a log has the token or password; for Google there is none."""
    result = vm.boot(scripts(terraform.plan("dev", **_CHANGES[kind]))[stack])
    files = vm.files()
    text, mode = files.pop("metrics-credential")
    assert (text, mode) == ("" if kind == "google" else f"{_TOKEN}\n", 0o600)
    others = [result.stdout, result.stderr, *vm.calls, *(text for text, _ in files.values())]
    assert not [other for other in others if "canary-of-metrics" in other]


@pytest.mark.parametrize("stack", PORTS)
def test_boot_without_the_credential_starts_nothing(terraform: Terraform, vm: Vm, stack: str) -> None:
    """A VM whose secret has no value yet starts no stack: its metrics would be refused one by one."""
    vm.set_secret(_SECRET, "")
    assert vm.boot(scripts(terraform.plan("dev", **_CHANGES["bearer"]))[stack]).returncode != 0
    assert [call for call in vm.calls if call.startswith("docker")] == []


@pytest.mark.parametrize("stack", PORTS)
def test_metrics_go_nowhere_by_default(terraform: Terraform, vm: Vm, stack: str) -> None:
    """Without a destination Alloy has no component for metrics, and reads no secret for them."""
    assert vm.boot(scripts(terraform.plan("dev"))[stack]).returncode == 0
    assert vm.files()["metrics.alloy"][0].startswith("//")
    assert "{" not in vm.files()["metrics.alloy"][0]
    assert not [call for call in vm.calls if _SECRET in call]


def test_every_vm_reads_the_secret(terraform: Terraform) -> None:
    """The accounts of all VMs, and no other account, read the secret for metrics."""
    members = resources(terraform.plan("dev", **_CHANGES["bearer"]), "google_secret_manager_secret_iam_member")
    readers = {address.rpartition('["')[2].rstrip('"]') for address in members if f'"{_SECRET}"' in address}
    assert readers == {"ai-server", "chromadb", "vllm"}


@pytest.mark.parametrize("stack", PORTS)
def test_targets_are_the_exporters_of_the_stack(stack: str) -> None:
    """Alloy scrapes each program of a stack that has metrics, at the program's port; ChromaDB has none."""
    targets = [group["targets"] for group in yaml.safe_load((FOLDER / stack / "targets.yml").read_text())]
    without = {"promtail", "alloy", "chromadb"}
    assert targets == [[f"127.0.0.1:{port}"] for name, port in PORTS[stack].items() if name not in without]
