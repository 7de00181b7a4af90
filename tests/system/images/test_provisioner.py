"""The provisioning of a VM, done in a Debian root with the scripts and pinned versions of packer/."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.system.images.provisioning import Vm, provisioned


@pytest.fixture(scope="module")
def vms() -> Iterator[Callable[[str], Vm]]:
    """A function that returns the VM of a kind, which is provisioned at the first call."""
    with ExitStack() as stack:

        @cache
        def vm_of(kind: str) -> Vm:
            # pytest would keep its own temporary folders, and these are large.
            root, site = (Path(stack.enter_context(TemporaryDirectory())) for _ in range(2))
            return stack.enter_context(provisioned(kind, root, site))

        yield vm_of


@pytest.fixture(params=["cpu-base", "gpu-base"])
def vm(request: pytest.FixtureRequest, vms: Callable[[str], Vm]) -> Vm:
    """The VM of each kind."""
    return vms(request.param)


def test_image_contains_nothing_of_the_vm_of_the_build(vm: Vm) -> None:
    """No host key, machine-id, package list, log or login of the build is in the image."""
    assert (vm.root / "etc/machine-id").read_text() == ""
    assert not list((vm.root / "etc/ssh").glob("ssh_host_*"))
    assert not list((vm.root / "var/lib/apt/lists").iterdir())
    assert not (vm.root / "root/.config/gcloud").exists()
    assert [path for path in (vm.root / "var/log").rglob("*") if path.is_file() and path.stat().st_size] == []


def test_docker_starts_with_its_settings_and_restarts_only_for_a_new_runtime(vm: Vm) -> None:
    """The first start of the daemon reads daemon.json; NVIDIA's runtime needs one restart more."""
    starts = (vm.root / "run/starts").read_text().split()
    assert starts == ["start", "restart"] + ["restart"] * (vm.kind == "gpu-base")


def test_nothing_is_upgraded_during_the_build(vm: Vm) -> None:
    """The timers of Ubuntu's daily upgrade are stopped, because an upgrade would hold apt's lock."""
    stopped = (vm.root / "run/stopped").read_text().splitlines()[0]
    assert stopped == "apt-daily.timer apt-daily-upgrade.timer apt-daily.service apt-daily-upgrade.service"


def test_a_second_run_changes_nothing(vm: Vm) -> None:
    """A second run of the scripts changes no file, pulls no image and does not restart Docker."""
    before, starts = vm.files(), (vm.root / "run/starts").read_text()
    vm.provision()
    after = vm.files()
    assert {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)} == set()
    assert (vm.root / "run/starts").read_text() == starts


# Command of each planted defect, and the lines that the verification prints of it. All defects of a table are planted
# together; the second table breaks a file of the first.
_LACKS = {
    "sed -i /node-exporter/d /var/lib/docker/images": ["image prom/node-exporter:v1.9.0: is 'no', must be 'yes'."],
    "apt-mark unhold docker-ce": ["hold of docker-ce: is '', must be 'docker-ce'."],
    "dpkg --purge docker-compose-plugin": ["package docker-compose-plugin: "],
    "echo {} >/root/.docker/config.json": ["root's login to asia-northeast3-docker.pkg.dev: is 'null', must be"],
    "rm /usr/local/bin/docker-credential-gcloud": ["docker-credential-gcloud for root: is 'no', must be 'yes'."],
    "rm /etc/docker.service.enabled": ["docker at boot: is 'disabled', must be 'enabled'."],
    "sed -i s/10m/10g/ /etc/docker/daemon.json": ["/etc/docker/daemon.json, with all of daemon.json: is 'false', must"],
    "sed -i s/false/true/ /var/lib/docker/daemon.json": [
        "the running daemon's settings: is 'json-file true', must",
    ],
    "rm /etc/systemd/journald.conf.d/50-dojangkok.conf": ["journald's limit: is 'no', must be 'yes'."],
    "sed -i /linux-/d /etc/apt/apt.conf.d/52dojangkok*": ["unattended-upgrades skips: is '4', must be '5'."],
}
_LACKS_OF_THE_SETTINGS = {
    "echo '{' >/etc/docker/daemon.json": ["/etc/docker/daemon.json, accepted by dockerd: is 'no', must be 'yes'."],
}
_LACKS_OF_A_GPU = {
    "apt-mark unhold libnvidia-container1": ["hold of libnvidia-container1: is '', must be 'libnvidia-container1'."],
    "sed -i s/cgroupfs/systemd/ /var/lib/docker/daemon.json": ["cgroup driver: is 'systemd', must be 'cgroupfs'."],
    "sed -i s/nvidia/other/ /var/lib/docker/daemon.json": [
        "the daemon's runtime nvidia: is 'false', must be 'true'.",
        "GPUs in a container: is '0', must be '1'.",
    ],
}


@pytest.mark.parametrize(
    ("kind", "lacks"),
    [("cpu-base", _LACKS), ("cpu-base", _LACKS_OF_THE_SETTINGS), ("gpu-base", _LACKS_OF_A_GPU)],
    ids=["cpu", "settings", "gpu"],
)
def test_verification_names_every_defect(vms: Callable[[str], Vm], kind: str, lacks: dict[str, list[str]]) -> None:
    """The verification fails, and names every planted defect."""
    vm = vms(kind)
    kept = ("etc", "usr/local", "root/.docker", "var/lib/docker", "var/lib/dpkg")
    assert vm.run("tar", "-C", "/", "-cf", "/tmp/kept.tar", *kept).returncode == 0
    try:
        for take_away in lacks:
            taken = vm.run("sh", "-ec", take_away)
            assert taken.returncode == 0, taken.stderr
        done = vm.verify()
        assert done.returncode == 1, done.stdout + done.stderr
        unnamed = {take_away for take_away, lines in lacks.items() if not all(line in done.stderr for line in lines)}
        assert not unnamed, done.stderr
    finally:
        assert vm.run("tar", "-C", "/", "-xf", "/tmp/kept.tar").returncode == 0


def test_complete_vm_passes_the_verification(vm: Vm) -> None:
    """The verification passes on a VM without a defect."""
    done = vm.verify()
    assert (done.returncode, done.stderr) == (0, "")


def test_another_key_than_the_pinned_one_is_refused(vm: Vm) -> None:
    """A repository with another key than the pinned key ends the build before any package is installed."""
    shutil.rmtree(vm.root / "etc/apt/keyrings")
    done = vm.run("bash", "-c", "cd /tmp/scripts && bash docker.sh", DOCKER_KEY_FINGERPRINT="0" * 40)
    assert done.returncode == 1
    assert "must be '0000000000000000000000000000000000000000'." in done.stderr
    assert not (vm.root / "etc/apt/keyrings").exists()
