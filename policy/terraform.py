"""
Terraform over copies of `iac/`, without the network and without Google.

The google provider that can be built is a snapshot of early 2022 (policy/tools). Modules whose resources this provider
lacks are copied as stubs: a stub keeps the variables, so that calls of the module are checked, and has no resources.
Tests compare the resources of these modules with documentation instead (policy/schema). Single arguments that the
provider lacks are left out of the copies.
"""

import json
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from policy.running import ROOT, run_checked, tool_path

ENVIRONMENTS: Final = ("dev", "prod")
UNSUPPORTED_MODULES: Final = ("artifact-registry", "workload-identity")
# Source: documentation of google_compute_instance_group_manager; the built provider has only `minimal_action`.
UNSUPPORTED_ARGUMENTS: Final = ("most_disruptive_allowed_action",)
_UNKNOWN_OUTPUT: Final = '"unknown"'
Plan = dict[str, Any]
Value = str | int | list[str]
# Arguments of the module fleet. Each copy of an environment uses these, so no test depends on the values in use.
EXAMPLE_VALUES: Final[Mapping[str, Value]] = {
    "ai_server_first_release": ":4f2a91c",
    "ai_server_tokens_secret": "dojangkok-ai-server-tokens",
    "backend_callback_base_url": "https://backend.example.com/api",
    "cpu_image": "dojangkok-cpu-base-20260101",
    "github_owner_id": "200000001",
    "github_repository_id": "900000001",
    "gpu_image": "dojangkok-gpu-base-20260101",
    "loki_url": "http://loki.example.com:3100",
    "vllm_first_release": ":v0.15.1",
}


@dataclass(frozen=True)
class Terraform:
    """
    Terraform with the built provider, and a copy of every file that `iac/` reads.

    Args:
        folder: root of the copy.
    """

    folder: Path

    @property
    def variables(self) -> dict[str, str]:
        """Environment variables that keep Terraform off the network; the access token is invented."""
        return {
            "TF_CLI_CONFIG_FILE": str(self.folder / "terraform.rc"),
            "GOOGLE_OAUTH_ACCESS_TOKEN": "invented",
            "CHECKPOINT_DISABLE": "1",
        }

    def path(self, environment: str) -> Path:
        """Return the folder of an environment in the copy."""
        return self.folder / "iac/environments" / environment

    def run_checked(self, place: str, *command: str) -> str:
        """Run a command in a folder of `iac/`; it must succeed."""
        folder = self.folder / "iac" / place
        return run_checked("terraform", *command, "-no-color", folder=folder, environment=self.variables)

    def set_values(self, environment: str, **changes: Value) -> None:
        """Write the arguments of an environment's module call: the examples, with some of them changed."""
        override = {"module": {"fleet": {**EXAMPLE_VALUES, **changes}}}
        (self.path(environment) / "override.tf.json").write_text(json.dumps(override))

    def plan(self, environment: str, **changes: str | tuple[str, ...]) -> Plan:
        """
        Return the plan of an environment from an empty state; tests with equal arguments share one run.

        Args:
            environment: dev or prod.
            changes: arguments of the module fleet that differ from the examples.
        """
        return _plan(self, environment, **changes)


@cache
def _plan(terraform: Terraform, environment: str, **changes: str | tuple[str, ...]) -> Plan:
    place = f"environments/{environment}"
    values: dict[str, Value] = {
        name: value if isinstance(value, str) else list(value) for name, value in changes.items()
    }
    terraform.set_values(environment, **values)
    terraform.run_checked(place, "plan", "-input=false", "-refresh=false", "-out=new.tfplan")
    plan: Plan = json.loads(terraform.run_checked(place, "show", "-json", "new.tfplan"))
    return plan


def provider() -> Path:
    """Return the folder of the google provider."""
    return tool_path("terraform-provider-google").parent


def copy_iac(folder: Path, stubs: Mapping[str, Mapping[str, str]] | None = None) -> Terraform:
    """
    Copy the files that Terraform reads, without the backends, which would ask Google for the state.

    Args:
        folder: destination.
        stubs: modules that become stubs in addition to those that the provider lacks; for each of them the outputs
            that other modules need, as Terraform expressions by name.
    """
    ignored = shutil.ignore_patterns(".terraform*", "*.tfvars", "backend.tf")
    for name in ("iac", "compose", "environments"):
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    for path in (folder / "iac").rglob("*.tf"):
        unsupported = rf"(?m)^ *({'|'.join(UNSUPPORTED_ARGUMENTS)}) *=.*\n"
        path.write_text(re.sub(unsupported, "", path.read_text()))
    for name in UNSUPPORTED_MODULES:
        _make_stub(folder / "iac/modules" / name, {})
    for name, values in (stubs or {}).items():
        _make_stub(folder / "iac/modules" / name, values)
    plugin = json.dumps(str(provider()))
    (folder / "terraform.rc").write_text(
        f'provider_installation {{\n  dev_overrides {{ "hashicorp/google" = {plugin} }}\n}}\n'
    )
    terraform = Terraform(folder)
    for environment in ENVIRONMENTS:
        terraform.set_values(environment)
    return terraform


def _make_stub(module: Path, values: Mapping[str, str]) -> None:
    (module / "main.tf").unlink()
    path = module / "outputs.tf"

    def replaced(match: re.Match[str]) -> str:
        return f"{match[1]} {values.get(match[2], _UNKNOWN_OUTPUT)}"

    resource_output = r'(output "(\w+)" \{(?:[^}]|\$\{[^}]*\})*?value\s*= )[^\n]*google_[^\n]*'
    path.write_text(re.sub(resource_output, replaced, path.read_text()))


def resources(plan: Mapping[str, Any], kind: str = "") -> dict[str, dict[str, Any]]:
    """Return the values of each resource that a plan creates, by address; `kind` selects one type of resource."""

    def walk(module: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
        for resource in module.get("resources", []):
            if not kind or resource["type"] == kind:
                yield resource["address"].removeprefix("module.fleet."), resource["values"]
        for child in module.get("child_modules", []):
            yield from walk(child)

    return dict(walk(plan["planned_values"]["root_module"]))


def outputs(plan: Mapping[str, Any]) -> dict[str, Any]:
    """Return the outputs of the fleet that are known before the plan is applied."""
    known: dict[str, Any] = plan["output_changes"]["fleet"]["after"]
    return known


def scripts(plan: Mapping[str, Any]) -> dict[str, str]:
    """Return the startup scripts of a plan's VMs, by the service in the VM's labels."""
    bodies = resources(plan, "google_compute_instance_template") | resources(plan, "google_compute_instance")
    return {body["labels"]["service"]: body["metadata"]["startup-script"] for body in bodies.values()}
