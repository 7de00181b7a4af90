"""
Deployers, operators, machines and faults in any order, and what holds after each step (docs/invariants.md).

`RUNS=200` runs more sequences; Hypothesis prints the steps that led to a violation.
"""

import os
from typing import ClassVar

from hypothesis import HealthCheck, event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from deploy import plan as plans
from deploy import pruning, template
from deploy.errors import DeployError, RefusedError
from deploy.rollout import Rollout
from tests.unit.deploy.rig import GROUP, REPOSITORY, Rig, digest, rig
from tests.unit.deploy.test_cuts import QUICK, KilledError, killed_at

RUNS = int(os.environ.get("RUNS", "20"))
LETTERS = st.sampled_from("0123456789")
BROKEN = "bcd"
TEMPLATES = "projects/dojangkok-dev/global/instanceTemplates"


class Fleet(RuleBasedStateMachine):
    """A group of three, people and programs that deploy to it, and everything else that happens to it."""

    steps: ClassVar[int] = 0

    @initialize()
    def begin(self) -> None:
        self.one: Rig = rig()
        self.one.config = QUICK
        self.smallest = 3
        self.disturbed = False
        self.foreign = False
        self.one.control("POST", f"{TEMPLATES}", {"name": "foreign-r-000000000000", "properties": {"machineType": "x"}})
        for letter in BROKEN:
            image = f"{REPOSITORY}@{digest(letter)}"
            self.one.control("POST", "emulator/machines", {"image": image, "never_healthy": True})

    def _deploy(self, letter: str) -> int:
        """Deploy, and return the exit code; a success must be true in the world, not only in what is said."""
        try:
            self.one.deploy(letter)
        except DeployError as error:
            return error.exit_code
        assert set(self.one.serving()) <= {letter}, "exit code 0, and something else serves"
        return 0

    @rule(letter=LETTERS)
    def deploy_good(self, letter: str) -> None:
        code = self._deploy(letter)
        event(f"good release: {code}")
        assert code in (0, 3), code

    @rule(letter=st.sampled_from(BROKEN))
    def deploy_broken(self, letter: str) -> None:
        before = self.one.serving()
        code = self._deploy(letter)
        event(f"broken release: {code}")
        assert code in (3, 7, 8) or not self._size()
        if code == 7:
            assert letter not in self.one.serving()
        assert before is not None

    @rule(letter=LETTERS, number=st.integers(1, 40), after=st.booleans())
    def deploy_and_die(self, letter: str, number: int, after: bool) -> None:
        compute = self.one.compute()
        killed_at(compute, number, after=after)
        try:
            found = plans.plan(self.one.config, self.one.wanted(letter), self.one.observed(compute))
            Rollout(compute, self.one.config, self.one.said.append).perform(found)
        except (KilledError, DeployError):
            pass

    @rule()
    def reconcile(self) -> None:
        found = plans.reconcile(self.one.observed(), self.one.wanted("0").now)
        code = 0
        try:
            Rollout(self.one.compute(), self.one.config, self.one.said.append).reconcile(found)
        except DeployError as error:
            code = error.exit_code
        event(f"reconcile {found.action}: {code}")
        assert code in (0, 3, 7, 8)
        assert code or len(set(self.one.serving())) <= 1

    @rule()
    def roll_back(self) -> None:
        now = self.one.wanted("0")
        try:
            found = plans.rollback(self.one.config, self.one.observed(), now.run, now.now)
        except RefusedError:
            event("rollback refused")
            return
        Rollout(self.one.compute(), self.one.config, self.one.said.append).roll_back(found)
        assert set(self.one.serving()) <= {found.reference.digest[7:8]}

    @rule(size=st.integers(0, 5))
    def resize(self, size: int) -> None:
        self.smallest = min(self.smallest, size)
        self.one.control("POST", f"{GROUP}/resize?size={size}")

    @precondition(lambda self: self.one.api.world.view.groups[GROUP].machines)
    @rule(index=st.integers(0, 9))
    def machine_dies(self, index: int) -> None:
        self.disturbed = True
        machines = self.one.api.world.view.groups[GROUP].machines
        name = machines[index % len(machines)].name
        self.one.control("DELETE", f"projects/dojangkok-dev/zones/asia-northeast3-a/instances/{name}")

    @rule(
        method=st.sampled_from(["*", "*.get", "*.list*", "*.insert", "*.patch", "*.wait", "*.delete"]),
        at=st.integers(1, 9),
    )
    def something_goes_wrong_once(self, method: str, at: int) -> None:
        faults = [{"on": method, "nth": [at], "status": 503}, {"on": method, "nth": [at + 2], "cut": "after"}]
        self.one.control("POST", "emulator/faults", {"faults": faults})

    @rule(seconds=st.sampled_from([1, 30, 1_000]))
    def time_goes_by(self, seconds: int) -> None:
        self.one.api.world.clock.move(seconds)

    @rule()
    def prune(self) -> None:
        pruning.prune(self.one.compute(), self.one.config)

    def _size(self) -> int:
        document = self.one.api.world.view.get(GROUP)
        return int(document["targetSize"]) if document else 0

    @invariant()
    def one_version_is_asked_for(self) -> None:
        if hasattr(self, "one"):
            type(self).steps += 1
            document = self.one.api.world.view.get(GROUP)
            assert document is not None
            assert len(document["versions"]) == 1

    @invariant()
    def nothing_that_is_referred_to_is_gone(self) -> None:
        if hasattr(self, "one"):
            names = set(self.one.templates())
            group = self.one.api.world.view.groups[GROUP]
            assert {machine.intended.template.rpartition("/")[2] for machine in group.machines} <= names
            assert {"foreign-r-000000000000", "dojangkok-dev-ai-server-seed"} <= names

    @invariant()
    def one_template_for_one_content(self) -> None:
        if hasattr(self, "one"):
            documents = self.one.api.world.view.collections[TEMPLATES].values()
            entries = [found for document in documents if (found := template.entry(document))]
            contents = [(found.base_id, found.digest) for found in entries]
            assert len(contents) == len(set(contents))

    def teardown(self) -> None:
        """After all faults: a good release can always be deployed, and nobody was served by fewer than promised."""
        if not hasattr(self, "one"):
            return
        for plan in self.one.control("GET", "emulator/faults"):
            self.one.control("DELETE", f"emulator/faults/{plan['id']}")
        self.one.api.world.clock.move(2_000)
        assert self._deploy("a") == 0
        if not self.disturbed:
            assert self.one.never_fewer_than(min(self.smallest, 3))


TestFleet = Fleet.TestCase
TestFleet.settings = settings(
    max_examples=RUNS, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)


def test_steps_ran(capsys) -> None:  # type: ignore[no-untyped-def]
    """Comes after the state machine, and says how much it did."""
    with capsys.disabled():
        print(f"\n{Fleet.steps} steps of the state machine")
    assert Fleet.steps > RUNS
