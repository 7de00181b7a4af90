"""ChromaDB's data disk, as its machine's script treats it at boot: formatted once, and never when it holds anything."""

import re
from pathlib import Path

import pytest

from policy.machine import Machine
from policy.running import ROOT
from policy.terraform import Plan, scripts

_PULL, _UP = "docker compose pull --policy missing --quiet", "docker compose up --detach --remove-orphans"
_VOLUME = "/var/lib/docker/volumes/chromadb-data"


@pytest.fixture(scope="module")
def script(plans: dict[str, Plan]) -> str:
    """The script of dev, as Terraform renders it; prod's is compared with it in test_iac_plan.py."""
    return scripts(plans["dev"])["chromadb"]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine whose data disk is new."""
    found = Machine(tmp_path)
    found.answer("mountpoint", 1)
    found.answer("blkid", 2)
    return found


def test_new_disk_is_formatted_once_and_docker_waits_for_it(script: str, machine: Machine) -> None:
    """Docker does not start without the disk; the volume that is mounted is the one of the stack."""
    machine.boot(script)
    assert "mkfs.ext4 -q -m 0 /dev/disk/by-id/google-data" in machine.calls
    assert machine.calls.index(f"mount {_VOLUME}") < machine.calls.index(_PULL)
    unit = (machine.folder / "etc/systemd/system/docker.service.d/data.conf").read_text()
    assert unit.replace(str(machine.folder), "") == f"[Unit]\nRequiresMountsFor={_VOLUME}\n"
    stack = (ROOT / "compose/chromadb/docker-compose.yml").read_text()
    assert re.search(r"^  chromadb-data:\n    name: chromadb-data\b", stack, re.MULTILINE), (
        "the volume has another name"
    )
    machine.boot(script)
    (line,) = (machine.folder / "etc/fstab").read_text().replace(str(machine.folder), "").splitlines()
    assert line == f"/dev/disk/by-id/google-data {_VOLUME} ext4 nofail,discard,x-systemd.growfs 0 2"


def test_line_of_the_disk_is_its_own_where_the_table_has_no_final_newline(script: str, machine: Machine) -> None:
    table = machine.folder / "etc/fstab"
    table.parent.mkdir(parents=True, exist_ok=True)
    table.write_text("UUID=1 / ext4 defaults 0 1")
    machine.boot(script)
    first, second = table.read_text().replace(str(machine.folder), "").splitlines()
    assert (first, second.split()[0]) == ("UUID=1 / ext4 defaults 0 1", "/dev/disk/by-id/google-data")


def test_volume_is_whole_after_a_boot_whose_pull_failed(script: str, machine: Machine) -> None:
    """The next time docker starts with the folder there, and takes it for a volume that it has made: with `_data`."""
    machine.answer("docker compose pull", 18)
    assert machine.boot(script).returncode == 18
    assert (machine.folder / _VOLUME.lstrip("/") / "_data").stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("blkid", [0, 4, 8, None], ids=["ext4", "unreadable", "ambiguous", "absent"])
def test_disk_is_formatted_for_no_other_reason(script: str, machine: Machine, blkid: int | None) -> None:
    """What can't be read may be all the data there are, and without its disk the server would begin anew on another."""
    if blkid is None:
        machine.disk.unlink()
    else:
        machine.answer("blkid", blkid)
    assert (machine.boot(script).returncode == 0) is (blkid == 0)
    assert not [call for call in machine.calls if call.startswith("mkfs")]
    assert (_UP in machine.calls) is (blkid == 0)


def test_disk_that_holds_a_byte_is_not_formatted(script: str, machine: Machine) -> None:
    """To blkid it is as empty as a new one."""
    machine.disk.write_bytes(bytes(1024 * 1024) + b"x")
    done = machine.boot(script)
    assert (done.returncode, done.stderr) == (1, "the data disk has no file system, and is not blank\n")
    assert not [call for call in machine.calls if call.startswith(("mkfs", "docker"))]


def test_disk_that_cannot_be_read_is_not_formatted(script: str, machine: Machine) -> None:
    """Blkid says the same of it as of a new one; a folder in its place is as unreadable."""
    machine.disk.unlink()
    machine.disk.mkdir()
    assert machine.boot(script).returncode != 0
    assert not [call for call in machine.calls if call.startswith(("mkfs", "docker"))]
