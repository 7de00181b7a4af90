"""A group of three instances on an emulator in this process, whose clock moves only while deploy waits."""

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from deploy.compute_engine.client import Compute
from deploy.compute_engine.managed_group import ManagedGroup
from deploy.compute_engine.observation_reader import read_observation
from deploy.compute_engine.permissions import required_permissions
from deploy.config import Config
from deploy.group.observation import Observation
from deploy.release import template
from deploy.release.image_places import find_image
from deploy.report.progress import ChangedLines
from deploy.retry import Time
from deploy.rollout.abort_plan import is_abort, plan_abort
from deploy.rollout.deploy_plan import DeployRequest, plan_deploy
from deploy.rollout.insert_template import insert_template
from deploy.rollout.patch import patch_group
from deploy.rollout.perform import Execution
from deploy.rollout.plan import DeployPlan, DeployRelease, Plan, RollbackPlan
from deploy.rollout.promote_plan import plan_promotion
from deploy.rollout.reconcile_plan import plan_reconcile
from deploy.rollout.result import RolloutResult
from deploy.rollout.rollback_plan import choose_rollback_target, plan_rollback
from deploy.rollout.snapshot import ShowSnapshot
from emulator.emulator import Emulator
from emulator.environment.clock import Clock
from emulator.environment.environment import Environment
from emulator.environment.store import Store
from emulator.inprocess import Transport
from emulator.seed import plant, read_seed
from lib.image_reference import Reference
from lib.streams import SafeStream, write_progress
from tests.unit.deploy.values import CONFIG, REPOSITORY, digest


@dataclass
class Rig:
    """A test rig: an emulator with a group, and the means to deploy to the group."""

    emulator: Emulator
    config: Config = CONFIG
    printed: list[str] = field(default_factory=list)
    progress: list[str] = field(default_factory=list)
    stderr: SafeStream = field(default_factory=lambda: SafeStream(None))
    granted: set[str] = field(default_factory=set)
    runs: int = 0
    clock_ahead_s: float = 0.0

    def __post_init__(self) -> None:
        """Grant what a rollout of the group requires."""
        self.granted = self.granted or set(required_permissions(self.config.location))

    def print_line(self, line: str) -> None:
        """Keep a line of progress, and write it as the program does: the stream may be closed."""
        self.printed.append(line)
        write_progress(line, self.stderr)

    def compute(self) -> Compute:
        """Return the API of a new process."""
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

    def managed(self, compute: Compute | None = None) -> ManagedGroup:
        """Return the group, by the API of a process."""
        return ManagedGroup(compute or self.compute(), self.config.location, self.config.group)

    def now(self, compute: Compute | None = None) -> datetime:
        """Return the time of the emulator, or the server's time as far as a process knows it."""
        return (
            compute.server_clock.now()
            if compute
            else datetime.fromtimestamp(self.emulator.environment.clock.now_s(), UTC)
        )

    def observed(self, compute: Compute | None = None, *, reads_region: bool = False) -> Observation:
        """Read the group and its surroundings; `rollback` and `history` set `reads_region`."""
        return read_observation(
            self.managed(compute),
            lambda: self.granted,
            lambda reads: [read() for read in reads],
            reads_region=reads_region,
        )

    def request(self, letter: str, compute: Compute | None = None) -> DeployRequest:
        """Return the request of a new run for a release."""
        self.runs += 1
        reference = Reference(REPOSITORY, digest=digest(letter))
        run = f"{19_000_000_000 + self.runs}"  # as long as a GITHUB_RUN_ID of 2026
        return DeployRequest(reference=reference, run=run, now=self.now(compute), commit=letter * 40)

    def plan(self, letter: str, compute: Compute | None = None) -> DeployPlan:
        """Return the plan of a deploy."""
        observed = self.observed(compute)
        return plan_deploy(self.config, self.request(letter, compute), observed)

    def plan_release(self, letter: str, compute: Compute | None = None) -> DeployRelease:
        """Return the plan of a deploy that has to roll a release out."""
        plan = self.plan(letter, compute)
        assert isinstance(plan, DeployRelease)
        return plan

    def plan_rollback(self, to: str = "", compute: Compute | None = None, *, force: bool = False) -> RollbackPlan:
        """Return the plan of a rollback."""
        observed = self.observed(compute, reads_region=True)
        if is_abort(observed.group, to):
            return plan_abort(self.config, observed)
        request = self.request("0", compute)
        chosen = choose_rollback_target(self.config, observed, request.now, to, force=force)
        return plan_rollback(self.config, observed, chosen, request.run, request.now)

    def execution(
        self, plan: Plan, compute: Compute | None = None, show_snapshot: ShowSnapshot | None = None
    ) -> Execution:
        """Return the execution of a plan, with the progress lines of a process."""
        show = show_snapshot or ChangedLines(self.progress.append)
        return Execution(self.managed(compute), self.config, plan, self.print_line, show)

    def perform(self, plan: Plan, compute: Compute | None = None) -> RolloutResult:
        """Perform a plan."""
        return self.execution(plan, compute).perform()

    def deploy(self, letter: str, compute: Compute | None = None) -> RolloutResult:
        """Deploy a release."""
        compute = compute or self.compute()
        return self.perform(self.plan(letter, compute), compute)

    def rollback(self, to: str = "", compute: Compute | None = None, *, force: bool = False) -> RolloutResult:
        """Roll back to an earlier release."""
        compute = compute or self.compute()
        return self.perform(self.plan_rollback(to, compute, force=force), compute)

    def promote(self, compute: Compute | None = None, *, full: bool = False, **chosen: Any) -> RolloutResult:
        """Go on with the canary of the group; `step` and `to` as of the plan."""
        compute = compute or self.compute()
        observed, now = self.observed(compute), self.now(compute)
        return self.perform(plan_promotion(self.config, observed, now, is_full=full, **chosen), compute)

    def abort(self, compute: Compute | None = None) -> RolloutResult:
        """Restore the version beside the canary of the group."""
        compute = compute or self.compute()
        return self.perform(plan_abort(self.config, self.observed(compute)), compute)

    def reconcile(self, compute: Compute | None = None) -> RolloutResult:
        """Finish or undo the rollout that another process left."""
        compute = compute or self.compute()
        observed = self.observed(compute)
        return self.perform(plan_reconcile(self.config, observed, self.now(compute)), compute)

    def abandon(self, letter: str, compute: Compute | None = None) -> DeployRelease:
        """Deploy by a process that is killed right after its PATCH, and return its plan."""
        compute = compute or self.compute()
        plan = self.plan_release(letter, compute)
        insert_template(self.managed(compute), plan.target.link, plan.template)
        patch_group(self.managed(compute), self.config, plan.target, plan.before)
        return plan

    def control(self, verb: str, path: str, body: Any = None) -> Any:
        """Send a request to the emulator, and return the answer."""
        client = httpx.Client(transport=Transport(self.emulator), base_url="http://emulator/")
        return client.request(verb, path, json=body).json()

    @property
    def group(self) -> str:
        """Path of the group."""
        config = self.config
        return f"projects/{config.project}/{config.location.path}/instanceGroupManagers/{config.group}"

    def serving(self) -> list[str]:
        """Return the release of each instance that stays and runs: the letter of its digest, or its tag."""
        releases = []
        for instance in self.emulator.environment.view.groups[self.group].instances:
            if not instance.is_leaving and not instance.is_standby:
                document = self.emulator.environment.view.get(instance.intended.template) or {}
                reference = find_image(template.metadata(document), REPOSITORY, self.config.image_in).reference
                releases.append(reference.digest[7:8] or reference.tag)
        return releases

    def templates(self) -> list[str]:
        """Return the names of all templates."""
        return sorted(self.emulator.environment.view.collections["projects/dojangkok-dev/global/instanceTemplates"])

    def writes(self) -> list[tuple[str, int]]:
        """Return method and status of each write but the seed's, from the request log."""
        entries = self.emulator.environment.store.entries(kind="request")
        return [
            (entry["method"], entry["status"])
            for entry in entries
            if entry["verb"] != "GET" and entry["client"] != "seed"
            and not entry["method"].endswith((".wait", ".listManagedInstances"))
        ]  # fmt: skip

    def never_fewer_than(self, count: int) -> bool:
        """Return whether so many instances were available at every moment since the group first settled."""
        rows = self.emulator.environment.store.entries(kind="group")
        entries = [entry for entry in rows if entry["group"] == self.group]
        since = next(index for index, entry in enumerate(entries) if entry["is_stable"])
        return all(
            sum(instance["available"] and instance["action"] != "DELETING" for instance in entry["instances"]) >= count
            for entry in entries[since:]
        )


_SEED = read_seed(Path("emulator/seeds/dojangkok.yaml"))


def new_rig(
    script: str = "", *, metadata: Mapping[str, str] | None = None, config: Config = CONFIG, **group: Any
) -> Rig:
    """
    Return a rig with the settled group of the seed.

    Args:
        script: startup script of its template; empty for the seed's own.
        metadata: all metadata of its template in place of the seed's; None for the seed's own.
        config: environment of the group.
        group: members of the group's document that differ from the seed.
    """
    seed = _SEED.model_copy(deep=True)
    seed.resources["instanceGroupManagers"][0] |= group
    held = seed.resources["instanceTemplates"][0]["properties"]["metadata"]
    entries = {item["key"]: item["value"] for item in held["items"]} | ({"startup-script": script} if script else {})
    entries = entries if metadata is None else dict(metadata)
    held["items"] = [{"key": key, "value": value} for key, value in entries.items()]
    emulator = Emulator(Environment(Store(), Clock(1.79e9, None)))
    plant(emulator, seed)
    emulator.environment.clock.move(300)
    return Rig(emulator, config)


def closed_stderr() -> SafeStream:
    """Return a closed stderr: every write to it fails."""
    stream = io.StringIO()
    stream.close()
    return SafeStream(stream)
