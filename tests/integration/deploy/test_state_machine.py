"""
Two clients, operators, instances, faults, prunes and kills in any order; invariants.py is checked after each step.

A client stops before each exchange, so that the other client, an operator or a fault may come in between. A step is one
rule that ran. `STEPS=5000` makes more steps, `SEED=7` makes others; both are printed with the count.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any, ClassVar

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule, run_state_machine_as_test

from deploy.compute_engine.client import Compute
from deploy.documents.canary import Canary
from deploy.report.status import Status, status
from deploy.rollout.pruning import prune_templates
from deploy.step_settings import StepSettings
from tests.integration.deploy.clients import Client, QuickClient
from tests.integration.deploy.counts import LINES
from tests.integration.deploy.invariants import SECRET, TEMPLATES, Watcher
from tests.integration.deploy.rig import closed_stderr, new_rig
from tests.integration.deploy.stepped import SOME_STEPS
from tests.integration.deploy.surroundings import Surroundings
from tests.unit.deploy.values import CONFIG, GROUP
from tests.unit.lib.depth import SEED, STEPS

POLICY = CONFIG.rollout.model_copy(update={"bake_s": 20.0, "poll_s": (10.0, 20.0)})
GOOD, BROKEN = "0123456", "bcde"
ROLLOUT_STEPS = st.sampled_from(SOME_STEPS)
CLIENTS = st.sampled_from([0, 1])


class Fleet(Surroundings):
    """A group of three instances, two programs that deploy to the group, operators, and events."""

    steps: ClassVar[int] = 0
    codes: ClassVar[Counter[int]] = Counter()
    raised: ClassVar[int] = 0

    @initialize(steps=ROLLOUT_STEPS)
    def begin(self, steps: tuple[dict[str, Any], ...]) -> None:
        self.rig = new_rig()
        self._set_steps(steps)
        self.rig.stderr = closed_stderr()
        self.operator = QuickClient(self.rig.emulator, "operator")
        self.clients: list[tuple[Client, str] | None] = [None, None]
        self.started = self.alone = 0
        self._ask("POST", TEMPLATES, {"name": "foreign-r-000000000000", "properties": {"machineType": "x"}})
        for letter in BROKEN:
            wrong = {"crash_after_s": 15} if letter == "e" else {"never_healthy": True}
            self._set_rule(letter, {**wrong, "serial": [f"docker: pull access denied API_TOKEN={SECRET}"]})
        self._set_rule("5", {"answer_s": [60, 150]})
        self.watcher = Watcher(self.rig)
        self.watcher.check()

    # Actions of a client.

    @rule(who=CLIENTS, letter=st.sampled_from(GOOD + BROKEN), exchanges=st.integers(1, 60))
    def deploy(self, who: int, letter: str, exchanges: int) -> None:
        self._start(who, letter, lambda compute: self.rig.deploy(letter, compute), exchanges)

    @rule(who=CLIENTS, letter=st.sampled_from(GOOD + BROKEN))
    def deploy_to_the_end(self, who: int, letter: str) -> None:
        self._start(who, letter, lambda compute: self.rig.deploy(letter, compute), 10_000)

    @rule(who=CLIENTS, exchanges=st.integers(1, 60))
    def roll_back(self, who: int, exchanges: int) -> None:
        self._start(who, "", lambda compute: self.rig.rollback(compute=compute), exchanges)

    @rule(steps=ROLLOUT_STEPS)
    def the_environment_file_has_other_steps(self, steps: tuple[dict[str, Any], ...]) -> None:
        self._set_steps(steps)
        self._step()

    @rule(who=CLIENTS, is_full=st.booleans(), exchanges=st.sampled_from([5, 20, 60, 10_000]))
    def promote(self, who: int, is_full: bool, exchanges: int) -> None:
        if self.clients[who] is None:
            self.watcher.canaries.promoters[f"client{self.started + 1}"] = "full" if is_full else "next"
        self._start(who, "", lambda compute: self.rig.promote(compute, full=is_full), exchanges)

    @rule(who=CLIENTS, exchanges=st.sampled_from([5, 20, 60, 10_000]))
    def abort(self, who: int, exchanges: int) -> None:
        self._start(who, "", self.rig.abort, exchanges)

    @precondition(lambda self: self.clients[0] is None)
    @rule()
    def show_status(self) -> None:
        """Show the status by another process: it reads alone."""
        self._start(0, "", self._status, 10_000)
        assert self.watcher.writes[f"client{self.started}"] == 0, "status wrote"

    @rule(who=CLIENTS, exchanges=st.integers(1, 60))
    def reconcile(self, who: int, exchanges: int) -> None:
        self._start(who, "", self.rig.reconcile, exchanges)

    @rule(who=CLIENTS, exchanges=st.integers(1, 20))
    def prune(self, who: int, exchanges: int) -> None:
        self._start(who, "", lambda compute: prune_templates(self.rig.managed(compute), self.rig.config), exchanges)

    @precondition(lambda self: any(self.clients))
    @rule(who=CLIENTS, exchanges=st.integers(1, 30))
    def go_on(self, who: int, exchanges: int) -> None:
        self._go(who, exchanges)
        self._step()

    @precondition(lambda self: any(self.clients))
    @rule(who=CLIENTS)
    def finish(self, who: int) -> None:
        self._go(who, 10_000)
        self._step()

    @rule(who=CLIENTS, letter=st.sampled_from(GOOD + BROKEN), exchanges=st.integers(1, 60))
    def deploy_and_die(self, who: int, letter: str, exchanges: int) -> None:
        self._start(who, letter, lambda compute: self.rig.deploy(letter, compute), exchanges)
        self._kill(who)

    @precondition(lambda self: any(self.clients))
    @rule(who=CLIENTS)
    def kill(self, who: int) -> None:
        self._kill(who)
        self._step()

    @precondition(
        lambda self: not any(self.clients) and len(self.watcher.serving()) == len(self.watcher.versions()) == 1
    )
    @rule()
    def deploy_what_serves(self) -> None:
        """I-5: a deploy of the serving release writes nothing; a release that crashes repeatedly is left out."""
        (name,) = self.watcher.serving()
        letter = self.watcher.letter(self.watcher.known[name])
        self._calm()
        if letter in set(GOOD) and self.watcher.serving() == {name}:
            self._start(0, letter, lambda compute: self.rig.deploy(letter, compute), 10_000)
            assert self.watcher.writes[f"client{self.started}"] == 0, "I-5: a second deploy wrote"
        else:
            self._step()

    def teardown(self) -> None:
        """I-10: after all faults have ended, a reconcile and a deploy succeed."""
        if not hasattr(self, "watcher"):
            return
        for who in (0, 1):
            self._go(who, 10_000)
        self._ask("PATCH", GROUP, {"updatePolicy": {"type": "PROACTIVE"}, "allInstancesConfig": None})
        self.watcher.operators = self.watcher.fields()
        self._calm()
        if self.rig.emulator.environment.view.get(GROUP)["targetSize"] == 0:  # type: ignore[index]
            self._ask("POST", f"{GROUP}/resize?size=3")
            self.watcher.operators = self.watcher.fields()
        self._start(0, "", self.rig.reconcile, 10_000)
        self._calm()
        self._end_canary()
        self._start(0, "a", lambda compute: self.rig.deploy("a", compute), 10_000)
        if self.watcher.canaries.is_own():
            self.watcher.canaries.promoters[f"client{self.started + 1}"] = "full"
            self._start(0, "a", lambda compute: self.rig.promote(compute, full=True), 10_000)
        elif set(self.rig.serving()) != {"a"}:  # steps need a release that serves beside the canary
            self._set_steps(())
            self._start(0, "a", lambda compute: self.rig.deploy("a", compute), 10_000)
        self.watcher.check()
        assert set(self.rig.serving()) == {"a"}, "I-10: a deploy without faults failed"
        Fleet.raised += self.watcher.canaries.raised

    def _end_canary(self) -> None:
        """End a canary: `deploy`'s own by `abort`, another by its operator."""
        target = self.watcher.canaries.target()
        if self.watcher.canaries.is_own():
            self._start(0, "", self.rig.abort, 10_000)
        elif isinstance(target, Canary):
            entry = {"instanceTemplate": target.old.link, "name": target.old.name}
            self._ask("PATCH", GROUP, {"versions": [{key: value for key, value in entry.items() if value}]})
        self._calm()

    def _set_steps(self, steps: tuple[dict[str, Any], ...]) -> None:
        settings_ = tuple(StepSettings(**step) for step in steps)
        rollout = POLICY.model_copy(update={"steps": settings_})
        self.rig.config = CONFIG.model_copy(update={"rollout": rollout})

    def _status(self, compute: Compute) -> Status:
        observed = self.rig.observed(compute)
        return status(self.rig.config, observed, self.rig.now(compute))

    def _calm(self) -> None:
        """End all faults, and let an hour pass."""
        self.rig.emulator.faults.plans.clear()
        self._ask("PUT", "emulator/capacity", {})
        self.rig.emulator.environment.clock.move(3_600)
        self.rig.emulator.environment.advance()
        self.watcher.check()

    def _start(self, who: int, letter: str, work: Callable[[Compute], object], exchanges: int) -> None:
        if self.clients[who] is None:
            self.started += 1
            name = f"client{self.started}"
            client = Client(
                self.rig.emulator, self.rig.config.project, name, work, self.watcher.watched, self.rig.clock_ahead_s
            )
            self.clients[who] = (client, letter)
        self._go(who, exchanges)
        self._step()

    def _go(self, who: int, exchanges: int) -> None:
        entry = self.clients[who]
        if entry is None:
            return
        client, letter = entry
        polls = self.watcher.polls_begun[client]
        # A client does not know what happens between the two requests of its last poll.
        self.alone = client.go(exchanges) and exchanges == 10_000 and self.watcher.polls_begun[client] > polls
        if client.is_over:
            self.clients[who] = None
            self.watcher.check()
            Fleet.codes[client.code] += 1
            self.watcher.exit_12(client, letter, bool(self.alone))

    def _kill(self, who: int) -> None:
        entry = self.clients[who]
        if entry:
            entry[0].kill()
            self.clients[who] = None
            Fleet.codes[entry[0].code] += 1

    def _step(self) -> None:
        Fleet.steps += 1
        self.watcher.check()


def test_invariants_hold_in_any_sequence() -> None:
    """The invariants hold after every step of generated sequences."""
    number = 100 * SEED  # each SEED has a hundred numbers of its own
    try:
        while Fleet.steps < STEPS:
            instance = seed(number)(Fleet)
            run_state_machine_as_test(
                instance,
                settings=settings(
                    max_examples=max(1, min(500, (STEPS - Fleet.steps) // 37)), stateful_step_count=40, deadline=None,
                    database=None, phases=(Phase.generate, Phase.shrink), suppress_health_check=list(HealthCheck),
                ),
            )  # fmt: skip
            number += 1
    except BaseException:
        LINES.append(f"state machine: violated, SEED={SEED} STEPS={STEPS}")
        raise
    LINES.append(f"state machine: {Fleet.steps} steps, {Watcher.checks} checks, 0 violations, SEED={SEED}")
    LINES.append(f"  clients by exit code: {dict(sorted(Fleet.codes.items()))}; {Fleet.raised} canaries raised")
