"""The laboratory: the emulated group with containers as its instances, the balancer, and `python -m deploy`."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from tests.support.deployer import Deployer
from tests.support.emulator import GROUP, ZONE, Emulator, run_emulator
from tests.support.fake_registry import FakeRegistry, served
from tests.support.programs import ROOT
from tests.support.releases import REPOSITORY, reference
from tests.support.waiting import wait_until
from tests.system.loss.containers import Containers, Release, serve_hook
from tests.system.loss.google_balancer import (
    BACKEND_KEEP_ALIVE_S,
    GoogleBalancer,
    GroupCheck,
)
from tests.system.loss.haproxy import Balancer, run_balancer
from tests.system.stacks.replacing import BACKEND, GATEWAY, VLLM, grace_s, variables
from tests.system.stacks.stacks import IMAGE

OCR: Final = 8002
_SEEDED: Final = f"{REPOSITORY}:latest"
_SERVICE: Final = "projects/dojangkok-dev/global/backendServices/front"
_KEEP_ALIVE_S: Final = BACKEND_KEEP_ALIVE_S + 20  # iac/modules/fleet/scripts.tf
_SOME_ERRORS: Final = ROOT / "tests/system/loss/some_errors.py"
_READY_S: Final = 120
_INITIAL_DELAY_S: Final = 60  # of the group, in which no instance is recreated; shorter than in iac/ for the crash
# Releases by the letter of their digest (tests/support/releases.py).
GOOD: Final = "abc"
EXITS: Final = "d"
NEVER_HEALTHY: Final = "e"
SOME_ERRORS: Final = "f"


@dataclass(frozen=True)
class Terms:
    """
    What a laboratory begins with.

    Args:
        google: settings of the balancer.
        group_check: settings of the group's own check.
        seed: random seed of the emulator.
        surge: instances above the size that a rollout may have.
        timeout_s: seconds until a rollout has failed.
        rollouts: rollouts of the scenario with many.
        settings: variables of the servers that differ from those of the stack with an ingress.
        size: instances of the group.
    """

    google: GoogleBalancer
    group_check: GroupCheck
    seed: int
    surge: int
    timeout_s: int
    rollouts: int
    settings: Mapping[str, str]
    size: int = 3


@dataclass(frozen=True)
class Laboratory:
    """Everything that runs, for the time of the block of `run_laboratory`."""

    terms: Terms
    emulator: Emulator
    containers: Containers
    balancer: Balancer
    deployer: Deployer
    images: frozenset[str]

    def wait_until_served(self) -> None:
        """Wait until the balancer sends requests to as many instances as the group has."""
        wait_until(lambda: len(self.balancer.serving()) >= self.terms.size, _READY_S)

    def wait_until_settled(self) -> None:
        """Wait until the group is stable and as large as it is meant to be, and every container of it has started."""
        wait_until(lambda: self.emulator.group()["status"]["isStable"], 2 * _READY_S)
        wait_until(lambda: len(self.emulator.instances()) == self.terms.size, _READY_S)


def _releases(settings: Mapping[str, str]) -> dict[str, Release]:
    common = variables() | {
        "BACKEND_CALLBACK_BASE_URL": f"http://{GATEWAY}:{BACKEND}/api",
        "CHROMADB_URL": "",
        "KEEP_ALIVE_SEC": str(_KEEP_ALIVE_S),
        "OCR_URL": f"http://{GATEWAY}:{OCR}/v1/document-digitization",
        "VLLM_BASE_URL": f"http://{GATEWAY}:{VLLM}/v1",
    }
    images = [_SEEDED, *map(reference, GOOD)]
    good = {image: Release({**common, "AI_SERVER_IMAGE": image, **settings}) for image in images}
    broken = {key: value for key, value in common.items() if key != "VLLM_BASE_URL"}
    return good | {
        reference(EXITS): Release(broken, ends_well=False),  # a missing variable ends the start with exit code 78
        # It answers 404, and has no handler of SIGTERM.
        reference(NEVER_HEALTHY): Release({}, ("python", "-m", "http.server", "8000"), ends_well=False),
        reference(SOME_ERRORS): Release(
            {**common, "AI_SERVER_IMAGE": reference(SOME_ERRORS), **settings},
            ("python", "-c", _SOME_ERRORS.read_text()),
        ),
    }


def _seed(terms: Terms) -> dict[str, Any]:
    """Return the dojangkok seed with fast instances, and with a backend service before the group."""
    seed: dict[str, Any] = yaml.safe_load((ROOT / "emulator/seeds/dojangkok.yaml").read_text())
    seed["instance_rules"] = [{"create_s": 0.5, "boot_s": 0.5}]
    resources, google = seed["resources"], terms.google
    resources["healthChecks"][0] |= {
        "checkIntervalSec": terms.group_check.interval_s,
        "healthyThreshold": terms.group_check.healthy_threshold,
        "unhealthyThreshold": terms.group_check.unhealthy_threshold,
    }
    resources["healthChecks"].append(
        {
            "name": "front", "type": "HTTP", "checkIntervalSec": google.check_interval_s,
            "timeoutSec": google.check_timeout_s, "healthyThreshold": google.healthy_threshold,
            "unhealthyThreshold": google.unhealthy_threshold,
            "httpHealthCheck": {"port": 8000, "requestPath": "/readyz"},
        }
    )  # fmt: skip
    group = resources["instanceGroupManagers"][0]
    group["targetSize"] = terms.size
    group["autoHealingPolicies"][0]["initialDelaySec"] = _INITIAL_DELAY_S
    resources["backendServices"] = [
        {
            "name": "front",
            "protocol": "HTTP",
            "portName": "http",
            "healthChecks": ["global/healthChecks/front"],
            "connectionDraining": {"drainingTimeoutSec": google.draining_s},
            "backends": [{"group": f"zones/asia-northeast3-a/instanceGroups/{GROUP}"}],
        }
    ]
    return seed


@contextmanager
def run_laboratory(terms: Terms, folder: Path, address_of: Callable[[str], str] = str) -> Iterator[Laboratory]:
    """
    Run a laboratory until the end of the block, on a machine that runs the fakes and has the image.

    Args:
        terms: what it begins with.
        folder: folder for its files.
        address_of: returns the address at which the balancer reaches a server, by default the server's own.
    """
    folder.mkdir(parents=True, exist_ok=True)
    seed = folder / "seed.yaml"
    seed.write_text(yaml.safe_dump(_seed(terms)))
    releases = _releases(terms.settings)
    containers = Containers(IMAGE, releases, grace_s(), folder)
    with ExitStack() as stack:
        stack.callback(containers.remove_all)
        hook = stack.enter_context(serve_hook(containers))
        emulator = stack.enter_context(
            run_emulator("--decide-s", "0.5", "--random-seed", str(terms.seed), seed=seed, speed=1, folder=folder)
        )
        for image in releases:
            emulator.ask("emulator/bindings", {"image": image, "hook": hook})
        balancer = stack.enter_context(
            run_balancer(terms.google, folder, lambda: _members(emulator, containers.addresses, address_of))
        )
        registry = stack.enter_context(served(FakeRegistry()))
        rollout = (
            f"{{surge: {terms.surge}, unavailable: 0, bake_s: 3, timeout_s: {terms.timeout_s}, poll_s: [0.25, 0.5]}}"
        )
        deployer = Deployer(emulator, registry, folder, rollout=rollout, longest_s=30 * terms.timeout_s)
        laboratory = Laboratory(terms, emulator, containers, balancer, deployer, frozenset(releases))
        laboratory.wait_until_settled()
        laboratory.wait_until_served()
        yield laboratory


def _members(emulator: Emulator, addresses: Mapping[str, str], address_of: Callable[[str], str]) -> dict[str, str]:
    """Return the addresses of the instances that the backend service lists: neither draining nor being deleted."""
    group = f"https://www.googleapis.com/compute/v1/{ZONE}/instanceGroups/{GROUP}"
    rows = emulator.ask(f"compute/v1/{_SERVICE}/getHealth", {"group": group})["healthStatus"]
    names = (row["instance"].rpartition("/")[2] for row in rows)
    return {name: address_of(addresses[name]) for name in names if name in addresses}


def fake(laboratory: Laboratory, port: int, path: str) -> Any:
    """Return what a fake of another service has recorded."""
    answer = laboratory.emulator.http.get(f"http://127.0.0.1:{port}{path}", timeout=60)
    answer.raise_for_status()
    return json.loads(answer.content)


def wait_s(seconds: float) -> None:
    """Let the load go on for some seconds."""
    time.sleep(seconds)
