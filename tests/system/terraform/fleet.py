"""
The dev environment of `iac/` and the real Terraform, with an emulator in place of Google.

The emulator serves groups and load balancers of Compute Engine alone: the modules of accounts, secrets, IAP, APIs and
single VMs are stubs here. policy/test_iac_plan.py plans them.
"""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass

from policy.terraform import Terraform, Value
from tests.support.emulator import TEMPLATES, Emulator

_EMAIL = {"email": '"${var.name}@dojangkok-dev.iam.gserviceaccount.com"', "name": "var.name"}
STUBS: dict[str, dict[str, str]] = {
    "project-setup": {},
    "service-account": _EMAIL,
    "secret-manager": {},
    "compute": {},
    "gpu-compute": {},
    "iap-ssh": {},
}
_COMMAND_S = 300


@dataclass(frozen=True)
class Fleet:
    """
    The dev environment, whose Google is an emulator.

    Args:
        terraform: Terraform and the copy of `iac/`.
        emulator: emulator that answers in Google's place.
        links: environment variables by which links to Google's host lead to the emulator.
    """

    terraform: Terraform
    emulator: Emulator
    links: Mapping[str, str]

    def run(self, *command: str) -> "subprocess.CompletedProcess[str]":
        """Run Terraform in the environment's folder."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("TF_", "GOOGLE_", "CLOUDSDK_"))}
        ours = {"GOOGLE_COMPUTE_CUSTOM_ENDPOINT": f"{self.emulator.address}/compute/v1/", "NO_PROXY": "127.0.0.1"}
        return subprocess.run(
            ["terraform", *command],
            cwd=self.terraform.path("dev"),
            env={**kept, **self.terraform.variables, **self.links, **ours},
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_COMMAND_S, check=False,
        )  # fmt: skip

    def work(self, command: str, *more: str, **values: Value) -> str:
        """Run a command that must succeed, with the example values, two instances and some other values."""
        self.terraform.set_values("dev", ai_server_instances=2, **values)
        done = self.run(command, "-input=false", "-no-color", *more)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def apply(self, **values: Value) -> str:
        """Create or change every resource as the files and the values describe it."""
        return self.work("apply", "-auto-approve", **values)

    def assert_unchanged(self, **values: Value) -> None:
        """Plan, which must find no change; with a change the exit code would be 2."""
        self.work("plan", "-detailed-exitcode", **values)

    def image_line(self) -> str:
        """Return the line with the image in the startup script of the group's template."""
        (version,) = self.emulator.group()["versions"]
        properties = self.emulator.get(f"{TEMPLATES}/{version['instanceTemplate'].rpartition('/')[2]}")["properties"]
        script = next(item["value"] for item in properties["metadata"]["items"] if item["key"] == "startup-script")
        lines = str(script).splitlines()
        return next(line for line in lines if line.startswith("AI_SERVER_IMAGE="))

    def is_stable(self) -> bool:
        """Return whether no action of the group runs."""
        return bool(self.emulator.group()["status"]["isStable"])
