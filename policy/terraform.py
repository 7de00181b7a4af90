"""
Terraform over copies of `iac/`, without the network and without Google.

The google provider that can be built is a snapshot of early 2022 (policy/tools). The modules whose resources it does
not know are copied as shells: their variables stay, so that calls of them are still checked, and their resources go.
What they hold is compared with documentation instead (policy/schema).
"""

import json
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from policy.running import ROOT, passes, tool_path

ENVIRONMENTS: Final = ("dev", "prod")
UNKNOWN: Final = ("artifact-registry", "workload-identity")
UNSEEN: Final = '"unknown"'  # an output of what is not there
Plan = dict[str, Any]
VALUES: Final = ROOT / "iac/terraform.tfvars.example"


@dataclass(frozen=True)
class Terraform:
    """A copy of everything that `iac/` reads, and Terraform with the built provider in it."""

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """Variables that keep Terraform on this machine, with a token that is none."""
        return {
            "TF_CLI_CONFIG_FILE": str(self.folder / "terraform.rc"),
            "GOOGLE_OAUTH_ACCESS_TOKEN": "none",
            "CHECKPOINT_DISABLE": "1",
        }

    def passes(self, place: str, *command: str) -> str:
        """Run a command in a folder of `iac/`; it must succeed."""
        folder = self.folder / "iac" / place
        return passes("terraform", *command, "-no-color", folder=folder, environment=self.environment)

    def plan(self, name: str, *more: str) -> Plan:
        """Plan an environment from nothing, with the example's values; the same plan is made once, for all tests."""
        return _plan(self, name, *more)


@cache
def _plan(terraform: Terraform, name: str, *more: str) -> Plan:
    place, fresh = f"environments/{name}", ("-input=false", "-refresh=false")
    terraform.passes(place, "plan", *fresh, f"-var-file={VALUES}", "-out=new.tfplan", *more)
    plan: Plan = json.loads(terraform.passes(place, "show", "-json", "new.tfplan"))
    return plan


def provider() -> Path:
    """Return the folder of the google provider."""
    return tool_path("terraform-provider-google").parent


def copied(folder: Path, shells: Mapping[str, Mapping[str, str]] | None = None) -> Terraform:
    """
    Copy what Terraform reads, without its backends, which would ask Google for the state.

    Args:
        folder: Where to.
        shells: Modules that are left without resources, beside those that are unknown; with the values, in Terraform's
            words, of outputs that somebody needs.
    """
    unwanted = shutil.ignore_patterns(".terraform*", "*.tfvars", "backend.tf")
    for name in ("iac", "compose", "environments"):
        shutil.copytree(ROOT / name, folder / name, ignore=unwanted)
    for name in UNKNOWN:
        _hollow(folder / "iac/modules" / name, {})
    for name, values in (shells or {}).items():
        _hollow(folder / "iac/modules" / name, values)
    plugin = json.dumps(str(provider()))
    (folder / "terraform.rc").write_text(
        f'provider_installation {{\n  dev_overrides {{ "hashicorp/google" = {plugin} }}\n}}\n'
    )
    return Terraform(folder)


def _hollow(module: Path, values: Mapping[str, str]) -> None:
    (module / "main.tf").unlink()
    outputs = module / "outputs.tf"

    def hollowed(match: re.Match[str]) -> str:
        return f"{match[1]} {values.get(match[2], UNSEEN)}"

    known = r'(output "(\w+)" \{(?:[^}]|\$\{[^}]*\})*?value\s*= )[^\n]*google_[^\n]*'
    outputs.write_text(re.sub(known, hollowed, outputs.read_text()))


def resources(plan: Mapping[str, Any], kind: str = "") -> dict[str, dict[str, Any]]:
    """Return the values of everything that a plan makes, by address; of one type only, if it is named."""

    def walk(module: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
        for one in module.get("resources", []):
            if not kind or one["type"] == kind:
                yield one["address"], one["values"]
        for child in module.get("child_modules", []):
            yield from walk(child)

    return dict(walk(plan["planned_values"]["root_module"]))


def outputs(plan: Mapping[str, Any]) -> dict[str, Any]:
    """Return the outputs of a plan that are known before it is applied."""
    return {name: one.get("value") for name, one in plan["planned_values"]["outputs"].items()}


def scripts(plan: Mapping[str, Any]) -> dict[str, str]:
    """Return the startup scripts of a plan's machines, by the service that they are labelled with."""
    machines = resources(plan, "google_compute_instance_template") | resources(plan, "google_compute_instance")
    return {body["labels"]["service"]: body["metadata"]["startup-script"] for body in machines.values()}
