"""
Terraform with a zonal and a regional group of the emulator.

The google provider is of early 2022 (about 4.9), the newest that can be built from the Go module proxy; additions of
later releases, such as google_compute_region_instance_template, are not tested here.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.emulator import SEED_TEMPLATE, TEMPLATES, ZONE, Emulator, run_emulator
from tests.support.programs import ROOT

_FILES = ROOT / "tests/system/terraform"
_GROUP = "clients-ai-server-mig"
_PROJECT = "projects/dojangkok-dev"
_REGION = f"{_PROJECT}/regions/asia-northeast3"
_WIDE = "clients-wide-mig"
_COLLECTIONS = (
    *(f"{_PROJECT}/global/{name}" for name in ("firewalls", "healthChecks", "instanceTemplates", "networks")),
    *(
        f"{_REGION}/{name}"
        for name in ("healthChecks", "instanceGroupManagers", "instanceGroups", "routers", "subnetworks")
    ),
    *(f"{ZONE}/{name}" for name in ("instanceGroupManagers", "instanceGroups", "instances")),
)
_COMMAND_S = 300


@dataclass(frozen=True)
class Terraform:
    """Terraform in a directory of its own, with an emulator in place of Google."""

    directory: Path
    environment: dict[str, str]

    def run(self, command: str, image: str, *more: str) -> "subprocess.CompletedProcess[str]":
        """Run a command for a release of the AI server."""
        return subprocess.run(
            ["terraform", command, "-input=false", "-no-color", f"-var=image=example.com/ai-server:{image}", *more],
            cwd=self.directory,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_COMMAND_S,
            check=False,
        )

    def apply(self, image: str, *more: str) -> str:
        """Run `apply`, which must succeed."""
        done = self.run("apply", image, "-auto-approve", *more)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def destroy(self, image: str) -> None:
        """Run `destroy`, which must succeed."""
        done = self.run("destroy", image, "-auto-approve")
        assert done.returncode == 0, done.stdout + done.stderr

    def plan(self, image: str) -> "subprocess.CompletedProcess[str]":
        """Run `plan`, whose exit code is 0 without a change and 2 with one."""
        return self.run("plan", image, "-detailed-exitcode")


@pytest.fixture
def quick_emulator() -> Iterator[Emulator]:
    """An emulator whose operations are done at once: the provider asks again only after 10 s."""
    with run_emulator("--operation-s", "0") as running:
        yield running


def terraform_at(emulator: Emulator, provider: Path, directory: Path) -> Terraform:
    """Terraform with the built provider, whose Google is an emulator."""
    shutil.copy(_FILES / "main.tf", directory)
    overrides = json.dumps(str(provider))
    configuration = directory / "terraform.rc"
    configuration.write_text(f'provider_installation {{\n  dev_overrides {{ "hashicorp/google" = {overrides} }}\n}}\n')
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("TF_", "GOOGLE_", "CLOUDSDK_"))}
    environment = kept | {
        "TF_CLI_CONFIG_FILE": str(configuration),
        "TF_VAR_endpoint": f"{emulator.address}/compute/v1/",
        "CHECKPOINT_DISABLE": "1",
        "NO_PROXY": "127.0.0.1",
    }
    return Terraform(directory, environment)


def _templates(instances: list[Any]) -> set[str]:
    return {instance["version"]["instanceTemplate"].rpartition("/")[2] for instance in instances}


def _changes(emulator: Emulator, group: str, template: str) -> list[Any]:
    """Return the entries of a group in the request log since its version has a template."""
    return [
        entry
        for entry in emulator.request_log("group")
        if entry["group"].endswith(f"/{group}") and entry["versions"][0]["template"] == template
    ]


def test_a_fleet_is_applied_rolled_and_destroyed(quick_emulator: Emulator, provider: Path, tmp_path: Path) -> None:
    """Apply; a second plan is empty; another release rolls both groups, within their surge; destroy all."""
    emulator = quick_emulator
    terraform = terraform_at(emulator, provider, tmp_path)
    terraform.apply("1")
    group = emulator.group(_GROUP)
    assert (group["targetSize"], group["status"]["isStable"]) == (3, True)
    wide = emulator.get(f"{_REGION}/instanceGroupManagers/{_WIDE}")
    assert (len(wide["distributionPolicy"]["zones"]), wide["status"]["isStable"]) == (3, True)
    again = terraform.plan("1")
    assert again.returncode == 0, again.stdout + again.stderr

    (first,) = _templates(emulator.instances(_GROUP))
    terraform.apply("2")
    (second,) = _templates(emulator.instances(_GROUP))
    assert first != second
    scripts = emulator.get(f"{TEMPLATES}/{second}")["properties"]["metadata"]["items"]
    assert any("example.com/ai-server:2" in item["value"] for item in scripts)
    for name, most in ((_GROUP, 4), (_WIDE, 6)):
        during = _changes(emulator, name, second)
        assert max(entry["living"] for entry in during) == most
        assert min(sum(instance["available"] for instance in entry["instances"]) for entry in during) == 3
    assert terraform.plan("2").returncode == 0

    terraform.destroy("2")
    names = [resource["name"] for collection in _COLLECTIONS for resource in emulator.get(collection).get("items", [])]
    assert [name for name in names if name.startswith("clients-")] == []
    assert SEED_TEMPLATE in names
    assert [entry for entry in emulator.request_log("request") if entry.get("unknown")] == []


def test_a_canary(quick_emulator: Emulator, provider: Path, tmp_path: Path) -> None:
    """A second version with a percentage, then with a number, then without it; each second plan is empty."""
    emulator, terraform = quick_emulator, terraform_at(quick_emulator, provider, tmp_path)
    resources = ("google_compute_instance_group_manager.ai_server", "google_compute_instance_template.canary")
    zonal = [f"-target={resource}" for resource in resources]
    kept: set[str] = set()
    for size, count in (("percent = 10, fixed = null", 1), ("percent = null, fixed = 2", 2), ("", 0)):
        canary = f'-var=canary={{ image = "example.com/ai-server:2", {size} }}' if size else "-var=canary=null"
        terraform.apply("1", *zonal, canary)
        again = terraform.run("plan", "1", "-detailed-exitcode", *zonal, canary)
        assert again.returncode == 0, again.stdout + again.stderr
        names = {row["name"]: row["version"] for row in emulator.instances(_GROUP)}
        canaries = {name for name, version in names.items() if version.get("name") == "canary"}
        assert (len(names), len(canaries), kept <= canaries) == (3, count, count > 0)
        kept = canaries


def test_operations_are_asked_for(emulator: Emulator, provider: Path, tmp_path: Path) -> None:
    """An operation that takes time is polled until its end; the provider waits 10 s between two polls."""
    terraform = terraform_at(emulator, provider, tmp_path)
    network = "-target=google_compute_network.ai"
    assert "1 added" in terraform.apply("1", network)
    assert [entry for entry in emulator.request_log("request") if entry["method"] == "globalOperations.get"]


def test_a_refusal_is_shown(quick_emulator: Emulator, provider: Path, tmp_path: Path) -> None:
    """A refusal of the server fails the apply, with the server's message."""
    quick_emulator.ask("emulator/permissions", {"denied": ["compute.networks.create"]}, "PUT")
    done = terraform_at(quick_emulator, provider, tmp_path).run("apply", "1", "-auto-approve")
    assert done.returncode == 1
    assert "Required 'compute.networks.create' permission" in done.stderr
