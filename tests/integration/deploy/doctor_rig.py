"""An emulator whose environment has planted defects, and what `doctor` finds there."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from deploy.doctor.diagnosis import diagnose
from deploy.doctor.finding import Finding
from deploy.google_apis.client import GoogleApis
from deploy.google_apis.readings_reader import ReadingsReader
from deploy.prometheus.checks_reader import ChecksReader
from deploy.retry import Time
from emulator.emulator import Emulator
from emulator.environment.clock import Clock
from emulator.environment.environment import Environment
from emulator.environment.options import Options
from emulator.environment.store import Store
from emulator.inprocess import Transport
from emulator.seed import Seed, plant, read_seed
from tests.integration.deploy.rig import Rig

_SEED = read_seed(Path("emulator/seeds/dojangkok.yaml"))
_READ_SECRET = "ocr_api=$(gcloud secrets versions access latest --secret dojangkok-ocr-api)"


@dataclass
class EnvironmentPlan:
    """
    The environment that a test makes, before its emulator starts.

    Args:
        seed: resources of the environment; at first a sound one, whose startup script reads a secret.
        denied: permissions that the account does not have.
        disabled_apis: APIs that the project has not enabled.
        max_templates: quota of instance templates.
        clock_ahead_s: seconds that the client's clock is ahead of the emulator's.
    """

    seed: Seed = field(default_factory=lambda: _SEED.model_copy(deep=True))
    denied: list[str] = field(default_factory=list)
    disabled_apis: list[str] = field(default_factory=list)
    max_templates: int = 100
    clock_ahead_s: float = 0.0

    def __post_init__(self) -> None:
        """Let the startup script read a secret that has a version."""
        self.seed.secrets = {"dojangkok-ocr-api": ["ENABLED"]}
        self.script["value"] += f"{_READ_SECRET}\n"

    def resource(self, collection: str) -> Any:
        """Return the body of the only resource of a collection."""
        [resource] = self.seed.resources[collection]
        return resource

    @property
    def properties(self) -> Any:
        """Properties of the group's template."""
        return self.resource("instanceTemplates")["properties"]

    @property
    def script(self) -> Any:
        """Metadata entry of the startup script."""
        return next(item for item in self.properties["metadata"]["items"] if item["key"] == "startup-script")

    def rig(self) -> Rig:
        """Return a rig with this environment, whose group is settled."""
        options = Options(max_templates=self.max_templates)
        emulator = Emulator(Environment(Store(), Clock(1.79e9, None), options))
        plant(emulator, self.seed)
        emulator.environment.clock.move(300)
        rig = Rig(emulator, clock_ahead_s=self.clock_ahead_s)
        rig.control("PUT", "emulator/permissions", {"denied": self.denied, "disabled_apis": self.disabled_apis})
        return rig


def findings(rig: Rig, checks: ChecksReader | None = None) -> tuple[Finding, ...]:
    """Return what `doctor` finds in the environment of a rig, with the reads of its analysis."""
    clock = rig.emulator.environment.clock
    client = httpx.Client(transport=Transport(rig.emulator))
    apis = GoogleApis(client, dict, Time(clock.now_s, clock.move), "http://emulator", "")
    reader = ReadingsReader(rig.config, rig.managed(), apis, lambda _: None, one_by_one, checks)
    return diagnose(rig.config, reader.read("deployer@dojangkok-dev.iam.gserviceaccount.com", "user:me@example.com"))


def planted(*defects: Callable[[EnvironmentPlan], None]) -> tuple[Finding, ...]:
    """Return what `doctor` finds in a sound environment after some defects were planted."""
    plan = EnvironmentPlan()
    for defect in defects:
        defect(plan)
    return findings(plan.rig())


def one_by_one(reads: Sequence[Callable[[], Any]]) -> list[Any]:
    """Make reads in their order: the emulator in this process has one thread."""
    return [read() for read in reads]
