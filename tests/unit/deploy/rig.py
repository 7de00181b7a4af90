"""A group of three on the emulator, in this process, with a clock that moves only when somebody waits."""

import io
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from deploy.compute_engine.client import Compute
from deploy.compute_engine.managed_group import ManagedGroup
from deploy.compute_engine.observation_reader import read_observation
from deploy.compute_engine.permissions import REQUIRED_PERMISSIONS
from deploy.config import Config, RolloutSettings
from deploy.group.observation import Observation
from deploy.release.mentions import references
from deploy.report.progress import Lines
from deploy.retry import Time
from deploy.rollout.perform import Rollout as Act
from deploy.rollout.plan import Plan, Wanted, plan, reconcile
from deploy.rollout.result import Result
from deploy.rollout.rollback_plan import plan_rollback
from emulator.emulator import Emulator
from emulator.environment.clock import Clock
from emulator.environment.environment import Environment
from emulator.environment.store import Store
from emulator.inprocess import Transport
from emulator.seed import plant, read_seed
from lib.image_reference import Reference
from lib.streams import SafeStream, write_progress

REPOSITORY = "asia-northeast3-docker.pkg.dev/dojangkok-dev/dojangkok-ai/ai-server"
GROUP = "projects/dojangkok-dev/zones/asia-northeast3-a/instanceGroupManagers/dojangkok-dev-ai-server-mig"
CONFIG = Config(
    project="dojangkok-dev",
    zone="asia-northeast3-a",
    group="dojangkok-dev-ai-server-mig",
    repository=REPOSITORY,
    # A rollout lasts 300 s of the emulator's time and more; at the default poll it takes four times the processor time.
    rollout=RolloutSettings(poll_s=(10.0, 10.0)),
)


def digest(letter: str) -> str:
    """The digest of a release that a test calls by one letter, 0-9 and a-f."""
    return f"sha256:{letter * 64}"


@dataclass
class Rig:
    """An emulator, and a deployer in front of it."""

    emulator: Emulator
    config: Config = CONFIG
    said: list[str] = field(default_factory=list)
    progress: list[str] = field(default_factory=list)
    stderr: SafeStream = field(default_factory=lambda: SafeStream(None))
    granted: set[str] = field(default_factory=lambda: set(REQUIRED_PERMISSIONS))
    runs: int = 0
    clock_ahead_s: float = 0.0

    def say(self, line: str) -> None:
        """Keep what a rollout prints while it runs, and write it as the program does: the stream may be closed."""
        self.said.append(line)
        write_progress(line, self.stderr)

    def compute(self) -> Compute:
        """A new process's API."""
        clock = self.emulator.environment.clock
        return Compute(
            httpx.Client(transport=Transport(self.emulator)),
            "http://emulator/compute/v1",
            self.config.project,
            dict,
            Time(clock.now_s, clock.move),
            dice=lambda: 0.5,
            own_clock=lambda: datetime.fromtimestamp(clock.now_s() + self.clock_ahead_s, UTC),
        )

    def observed(self, compute: Compute | None = None) -> Observation:
        managed = ManagedGroup(compute or self.compute(), self.config.zone, self.config.group)
        return read_observation(managed, lambda: self.granted, lambda reads: [read() for read in reads])

    def wanted(self, letter: str, compute: Compute | None = None) -> Wanted:
        """What a deploy asks for; with a process's API its time is the server's, as far as the process knows it."""
        self.runs += 1
        now = (
            compute.server_clock.now()
            if compute
            else datetime.fromtimestamp(self.emulator.environment.clock.now_s(), UTC)
        )
        return Wanted(Reference(REPOSITORY, digest=digest(letter)), f"run{self.runs}", now, commit=letter * 40)

    def plan(self, letter: str, compute: Compute | None = None) -> Plan:
        observed = self.observed(compute)
        return plan(self.config, self.wanted(letter, compute), observed)

    def act(self, compute: Compute) -> Act:
        """What performs a rollout, with the progress lines that a process prints."""
        return Act(compute, self.config, self.say, Lines(self.progress.append))

    def deploy(self, letter: str, compute: Compute | None = None) -> Result:
        compute = compute or self.compute()
        return self.act(compute).perform(self.plan(letter, compute))

    def roll_back(self, to: str = "", compute: Compute | None = None, *, force: bool = False) -> Result:
        compute = compute or self.compute()
        observed = self.observed(compute)
        now = self.wanted("0", compute)
        found = plan_rollback(self.config, observed, now.run, now.now, to, force=force)
        return self.act(compute).roll_back(found)

    def reconcile(self, compute: Compute | None = None) -> Result:
        compute = compute or self.compute()
        observed = self.observed(compute)
        found = reconcile(observed, self.wanted("0", compute).now)
        return self.act(compute).reconcile(found)

    def control(self, verb: str, path: str, body: Any = None) -> Any:
        """Steer the emulator."""
        client = httpx.Client(transport=Transport(self.emulator), base_url="http://emulator/")
        return client.request(verb, path, json=body).json()

    def serving(self) -> list[str]:
        """Digests that the machines that stay and run are meant to have, `latest` for the seed's."""
        found = []
        for machine in self.emulator.environment.view.groups[GROUP].instances:
            if not machine.is_leaving and not machine.is_standby:
                text = self.emulator.environment.instance_controls.metadata(machine.intended.template)
                places = references(text, REPOSITORY)
                found.append(places[0].reference.digest[7:8] or places[0].reference.tag)
        return found

    def templates(self) -> list[str]:
        return sorted(self.emulator.environment.view.collections["projects/dojangkok-dev/global/instanceTemplates"])

    def writes(self) -> list[tuple[str, int]]:
        """Writes of everybody but the seed, from the request log."""
        entries = self.emulator.environment.store.entries(kind="request")
        return [
            (one["method"], one["status"])
            for one in entries
            if one["verb"] != "GET" and one["client"] != "seed"
            and not one["method"].endswith((".wait", ".listManagedInstances"))
        ]  # fmt: skip

    def never_fewer_than(self, machines: int) -> bool:
        """Whether the request log shows that many available machines at every moment since the group first settled."""
        entries = [entry for entry in self.emulator.environment.store.entries(kind="group") if entry["group"] == GROUP]
        since = next(index for index, entry in enumerate(entries) if entry["is_stable"])
        return all(
            sum(one["available"] and one["action"] != "DELETING" for one in entry["instances"]) >= machines
            for entry in entries[since:]
        )


_SEED = read_seed(Path("emulator/seeds/dojangkok.yaml"))


def new_rig(script: str = "") -> Rig:
    """The seed's world, settled; its template may carry another startup script."""
    seed = _SEED.model_copy(deep=True)
    if script:
        items = seed.resources["instanceTemplates"][0]["properties"]["metadata"]["items"]
        next(item for item in items if item["key"] == "startup-script")["value"] = script
    emulator = Emulator(Environment(Store(), Clock(1.79e9, None)))
    plant(emulator, seed)
    emulator.environment.clock.move(300)
    return Rig(emulator)


def closed_stderr() -> SafeStream:
    """A stderr that was closed in the middle: every write to it fails."""
    stream = io.StringIO()
    stream.close()
    return SafeStream(stream)


def dumped(document: object) -> str:
    return json.dumps(document, sort_keys=True)
