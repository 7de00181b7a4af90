"""The startup script of ChromaDB formats a blank data disk once, and never a disk with data."""

import re
from pathlib import Path

import pytest

from policy.running import ROOT
from policy.terraform import Plan, scripts
from policy.vm import Vm

_PULL, _UP = "docker compose pull --policy missing --quiet", "docker compose up --detach --remove-orphans"
_VOLUME = "/var/lib/docker/volumes/chromadb-data"


@pytest.fixture(scope="module")
def script(plans: dict[str, Plan]) -> str:
    """The script of dev as Terraform renders it; test_iac_plan.py compares prod's script with dev's."""
    return scripts(plans["dev"])["chromadb"]


@pytest.fixture
def vm(tmp_path: Path) -> Vm:
    """A VM with a blank data disk."""
    vm = Vm(tmp_path)
    vm.set_exit_code("mountpoint", 1)
    vm.set_exit_code("blkid", 2)
    return vm


def test_blank_disk_is_formatted_once_and_docker_requires_it(script: str, vm: Vm) -> None:
    """Docker does not start without the disk, which is mounted at the volume of the stack."""
    vm.boot(script)
    assert "mkfs.ext4 -q -m 0 /dev/disk/by-id/google-data" in vm.calls
    assert vm.calls.index(f"mount {_VOLUME}") < vm.calls.index(_PULL)
    unit = (vm.folder / "etc/systemd/system/docker.service.d/data.conf").read_text()
    assert unit.replace(str(vm.folder), "") == f"[Unit]\nRequiresMountsFor={_VOLUME}\n"
    stack = (ROOT / "compose/chromadb/docker-compose.yml").read_text()
    assert re.search(r"^  chromadb-data:\n    name: chromadb-data\b", stack, re.MULTILINE), (
        "the volume of the stack has another name"
    )
    vm.boot(script)
    (line,) = (vm.folder / "etc/fstab").read_text().replace(str(vm.folder), "").splitlines()
    assert line == f"/dev/disk/by-id/google-data {_VOLUME} ext4 nofail,discard,x-systemd.growfs 0 2"


def test_fstab_entry_starts_a_new_line_without_a_final_newline(script: str, vm: Vm) -> None:
    """A table that ends without a newline gets one before the entry of the disk."""
    table = vm.folder / "etc/fstab"
    table.parent.mkdir(parents=True, exist_ok=True)
    table.write_text("UUID=1 / ext4 defaults 0 1")
    vm.boot(script)
    first, second = table.read_text().replace(str(vm.folder), "").splitlines()
    assert (first, second.split()[0]) == ("UUID=1 / ext4 defaults 0 1", "/dev/disk/by-id/google-data")


def test_volume_is_complete_after_a_failed_pull(script: str, vm: Vm) -> None:
    """The folder has `_data`, so that docker accepts it as its volume at the next start."""
    vm.set_exit_code("docker compose pull", 18)
    assert vm.boot(script).returncode == 18
    assert (vm.folder / _VOLUME.lstrip("/") / "_data").stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("blkid", [0, 4, 8, None], ids=["ext4", "unreadable", "ambiguous", "absent"])
def test_disk_is_not_formatted_in_other_states(script: str, vm: Vm, blkid: int | None) -> None:
    """An unreadable disk may hold all data, and without the disk the server would start with an empty volume."""
    if blkid is None:
        vm.disk.unlink()
    else:
        vm.set_exit_code("blkid", blkid)
    assert (vm.boot(script).returncode == 0) is (blkid == 0)
    assert not [call for call in vm.calls if call.startswith("mkfs")]
    assert (_UP in vm.calls) is (blkid == 0)


def test_disk_with_a_single_byte_is_not_formatted(script: str, vm: Vm) -> None:
    """blkid reports such a disk like a blank disk."""
    vm.disk.write_bytes(bytes(1024 * 1024) + b"x")
    result = vm.boot(script)
    assert (result.returncode, result.stderr) == (1, "the data disk has no file system, and is not blank\n")
    assert not [call for call in vm.calls if call.startswith(("mkfs", "docker"))]


def test_unreadable_disk_is_not_formatted(script: str, vm: Vm) -> None:
    """blkid reports an unreadable disk like a blank disk; a folder stands for an unreadable device."""
    vm.disk.unlink()
    vm.disk.mkdir()
    assert vm.boot(script).returncode != 0
    assert not [call for call in vm.calls if call.startswith(("mkfs", "docker"))]
