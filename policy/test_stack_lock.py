"""The service of a single VM and an update of its image share a lock."""

import fcntl
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from policy.running import ROOT
from policy.terraform import Plan, scripts
from policy.vm import Vm

_LOCK = "var/lib/dojangkok/accessory.lock"
_SINGLE = {"chromadb": "CHROMADB_IMAGE", "vllm": "VLLM_IMAGE"}
_SERVICE = "stack.service"
_UPDATED = f"host.example.com/image@sha256:{'c' * 64}"
_PULL, _UP = "docker compose pull", "docker compose up --detach --remove-orphans"


@pytest.fixture
def vm(tmp_path: Path) -> Vm:
    """A VM with a data disk and with vLLM's secret."""
    vm = Vm(tmp_path)
    vm.set_secret("dojangkok-vllm-api-key", "canary")
    return vm


@pytest.fixture(params=_SINGLE)
def name(request: pytest.FixtureRequest, plans: dict[str, Plan], vm: Vm) -> str:
    """The name of each single VM, after its first boot."""
    assert vm.boot(scripts(plans["dev"])[request.param]).returncode == 0
    (vm.folder / "calls").unlink()
    return str(request.param)


@contextmanager
def _update(vm: Vm) -> Iterator[None]:
    """Hold the lock as an update does."""
    with (vm.folder / _LOCK).open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield


def test_lock_is_the_file_of_updates(vm: Vm, name: str) -> None:
    """The first boot creates the file, which only root may open; its folder is that of environments/."""
    for env in ("dev", "prod"):
        accessories = yaml.safe_load((ROOT / f"environments/{env}.yaml").read_text())["accessories"]
        assert {f"{accessory['state']}/accessory.lock" for accessory in accessories.values()} == {f"/{_LOCK}"}
    assert 'exec 9>>"$state/accessory.lock"' in (ROOT / "accessory/remote/update.sh").read_text()
    path = vm.folder / _LOCK
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_service_waits_for_an_update_and_keeps_its_image(vm: Vm, name: str) -> None:
    """While an update holds the lock the service starts no container; then it reads the image that the update wrote."""
    with ThreadPoolExecutor(1) as pool:
        with _update(vm):
            service = pool.submit(vm.start_service, _SERVICE)
            time.sleep(1.0)
            assert not service.done()
            assert [call for call in vm.calls if call.startswith("docker")] == []
            path = vm.app / ".env"
            path.write_text(
                re.sub(rf"^{_SINGLE[name]}=.*$", f"{_SINGLE[name]}={_UPDATED}", path.read_text(), flags=re.MULTILINE)
            )
        result = service.result(timeout=20)
    assert result.returncode == 0, result.stderr
    assert "an update of this VM is in progress" in result.stderr
    assert vm.variables(".env")[_SINGLE[name]] == _UPDATED
    assert vm.calls[-1] == _UP


def test_service_holds_the_lock_until_its_end(vm: Vm, name: str) -> None:
    """An update cannot begin between the pull and the start, and can begin after the service has ended."""
    vm.set_hangs(_PULL, 1)
    with ThreadPoolExecutor(1) as pool:
        service = pool.submit(vm.start_service, _SERVICE)
        while not any(call.startswith(_PULL) for call in vm.calls):
            assert not service.done()
        with pytest.raises(BlockingIOError), _update(vm):
            pass
        assert service.result(timeout=20).returncode == 0
    with _update(vm):
        pass


def test_time_of_an_update_leaves_the_attempts_of_a_start(vm: Vm, name: str) -> None:
    """The time for which the service waits for an update does not shorten the time of its attempts."""
    program = vm.folder / "usr/local/sbin/start-stack"
    program.write_text(re.sub(r"^( *)(flock 9)$", r"\1\2; SECONDS=1000", program.read_text(), flags=re.MULTILINE))
    vm.set_faults(_PULL, 18, 3)
    with ThreadPoolExecutor(1) as pool:
        with _update(vm):
            service = pool.submit(vm.start_service, _SERVICE)
            time.sleep(0.5)
        assert service.result(timeout=20).returncode == 0


def test_update_waits_for_no_service() -> None:
    """An update cannot wait for the service that waits for its lock: it uses no unit of systemd."""
    for path in (ROOT / "accessory/remote").glob("*.sh"):
        commands = [line for line in path.read_text().splitlines() if not line.lstrip().startswith("#")]
        assert not [line for line in commands if re.match(r"\s*(?:sudo )?(?:systemctl|service) ", line)]
