"""What Packer does to a machine, done to a Debian root: packer/scripts as they are, versions as they are pinned."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.system.images.provisioning import Machine, provisioned


@pytest.fixture(scope="module")
def machines() -> Iterator[Callable[[str], Machine]]:
    """The machine of a kind, provisioned once, when it is first asked for."""
    with ExitStack() as stack:

        @cache
        def machine_of(kind: str) -> Machine:
            # pytest would keep its own temporary folders, and these are large.
            root, site = (Path(stack.enter_context(TemporaryDirectory())) for _ in range(2))
            return stack.enter_context(provisioned(kind, root, site))

        yield machine_of


@pytest.fixture(params=["cpu-base", "gpu-base"])
def machine(request: pytest.FixtureRequest, machines: Callable[[str], Machine]) -> Machine:
    """Each of the two."""
    return machines(request.param)


def test_image_contains_nothing_of_the_vm_of_the_build(machine: Machine) -> None:
    """No host key, machine id, package list, log or login of the build is in the image."""
    assert (machine.root / "etc/machine-id").read_text() == ""
    assert not list((machine.root / "etc/ssh").glob("ssh_host_*"))
    assert not list((machine.root / "var/lib/apt/lists").iterdir())
    assert not (machine.root / "root/.config/gcloud").exists()
    assert [path for path in (machine.root / "var/log").rglob("*") if path.is_file() and path.stat().st_size] == []


def test_docker_starts_with_its_settings_and_restarts_only_for_a_new_runtime(machine: Machine) -> None:
    """The first start of the daemon reads our settings; NVIDIA's runtime takes one restart more."""
    starts = (machine.root / "run/starts").read_text().split()
    assert starts == ["start", "restart"] + ["restart"] * (machine.kind == "gpu-base")


def test_nothing_is_upgraded_during_the_build(machine: Machine) -> None:
    """Ubuntu's daily upgrade would hold apt's lock, and change what is being verified."""
    stopped = (machine.root / "run/stopped").read_text().splitlines()[0]
    assert stopped == "apt-daily.timer apt-daily-upgrade.timer apt-daily.service apt-daily-upgrade.service"


def test_a_second_run_changes_nothing(machine: Machine) -> None:
    """The same scripts once more: no file differs, no image is pulled, Docker is not restarted."""
    before, starts = machine.files(), (machine.root / "run/starts").read_text()
    machine.provision()
    after = machine.files()
    assert {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)} == set()
    assert (machine.root / "run/starts").read_text() == starts


# What is taken away at once, and what the verification prints of each; the second list breaks a file of the first.
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
def test_verification_names_every_defect(
    machines: Callable[[str], Machine], kind: str, lacks: dict[str, list[str]]
) -> None:
    """The verification fails, and names everything that was taken away."""
    machine = machines(kind)
    kept = ("etc", "usr/local", "root/.docker", "var/lib/docker", "var/lib/dpkg")
    assert machine.run("tar", "-C", "/", "-cf", "/tmp/kept.tar", *kept).returncode == 0
    try:
        for take_away in lacks:
            taken = machine.run("sh", "-ec", take_away)
            assert taken.returncode == 0, taken.stderr
        done = machine.verify()
        assert done.returncode == 1, done.stdout + done.stderr
        unnamed = {take_away for take_away, lines in lacks.items() if not all(line in done.stderr for line in lines)}
        assert not unnamed, done.stderr
    finally:
        assert machine.run("tar", "-C", "/", "-xf", "/tmp/kept.tar").returncode == 0


def test_complete_vm_passes_the_verification(machine: Machine) -> None:
    """What the tests above took away is back, and nothing else is missing."""
    done = machine.verify()
    assert (done.returncode, done.stderr) == (0, "")


def test_another_key_than_the_pinned_one_is_refused(machine: Machine) -> None:
    """A repository with a key of somebody else's ends the build before anything of it is installed."""
    shutil.rmtree(machine.root / "etc/apt/keyrings")
    done = machine.run("bash", "-c", "cd /tmp/scripts && bash docker.sh", DOCKER_KEY_FINGERPRINT="0" * 40)
    assert done.returncode == 1
    assert "must be '0000000000000000000000000000000000000000'." in done.stderr
    assert not (machine.root / "etc/apt/keyrings").exists()
