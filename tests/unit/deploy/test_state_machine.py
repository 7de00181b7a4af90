"""
Two clients, operators, machines, faults, prunes and kills in any order, and what holds after each step (invariants.py).

A client stands still before each exchange, so that the other one, an operator or a fault may come in between. A step is
one rule that ran. `STEPS=20000` makes more of them, `SEED=7` others; both are printed with the count.
"""

import os
from collections import Counter
from collections.abc import Callable
from typing import Any, ClassVar

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from deploy import pruning
from deploy.compute import Compute
from tests.unit.deploy.clients import Client, QuickClient
from tests.unit.deploy.counts import LINES
from tests.unit.deploy.invariants import SECRET, TEMPLATES, Watcher
from tests.unit.deploy.rig import CONFIG, GROUP, REPOSITORY, Rig, digest, rig

STEPS = int(os.environ.get("STEPS", "2000"))
SEED = int(os.environ.get("SEED", "0"))
POLICY = CONFIG.rollout.model_copy(update={"bake_s": 20.0, "poll_s": (10.0, 20.0)})
GOOD, BROKEN = "0123456", "bcde"
CLIENTS = st.sampled_from([0, 1])
METHODS = st.sampled_from(["*", "*.get", "*.list*", "*.insert", "*.patch", "*.wait", "*.delete"])
WRONG: tuple[dict[str, Any], ...] = (
    *({"status": status} for status in (408, 429, 500, 502, 503, 504)),
    {"status": 412, "reason": "conditionNotMet"}, {"status": 403, "reason": "rateLimitExceeded"},
    {"cut": "before"}, {"cut": "after"}, {"hang": True}, {"body": "html"}, {"body": "empty"}, {"body": "truncated"},
    {"operation": {"error": "QUOTA_EXCEEDED", "has_http_code": False}},
    {"lag_s": 30}, {"operation": {"hang": True, "commit": True}}, {"operation": {"vanish": True, "commit": True}},
)  # fmt: skip


class Fleet(RuleBasedStateMachine):
    """A group of three, two programs that deploy to it, people, and everything else that happens to it."""

    steps: ClassVar[int] = 0
    codes: ClassVar[Counter[int]] = Counter()

    @initialize()
    def begin(self) -> None:
        self.one: Rig = rig()
        self.one.config = CONFIG.model_copy(update={"rollout": POLICY})
        self.operator = QuickClient(self.one.api, "operator")
        self.clients: list[tuple[Client, str] | None] = [None, None]
        self.started = self.alone = 0
        self._ask("POST", TEMPLATES, {"name": "foreign-r-000000000000", "properties": {"machineType": "x"}})
        for letter in BROKEN:
            wrong = {"crash_after_s": 15} if letter == "e" else {"never_healthy": True}
            self._behave(letter, {**wrong, "serial": [f"docker: pull access denied API_TOKEN={SECRET}"]})
        self._behave("5", {"answer_s": [60, 150]})
        self.watcher = Watcher(self.one)
        self.watcher.check()

    # What a client does.

    @rule(who=CLIENTS, letter=st.sampled_from(GOOD + BROKEN), exchanges=st.integers(1, 60))
    def deploy(self, who: int, letter: str, exchanges: int) -> None:
        self._start(who, letter, lambda compute: self.one.deploy(letter, compute), exchanges)

    @rule(who=CLIENTS, letter=st.sampled_from(GOOD + BROKEN))
    def deploy_to_the_end(self, who: int, letter: str) -> None:
        self._start(who, letter, lambda compute: self.one.deploy(letter, compute), 10_000)

    @rule(who=CLIENTS, exchanges=st.integers(1, 60))
    def roll_back(self, who: int, exchanges: int) -> None:
        self._start(who, "", lambda compute: self.one.roll_back(compute=compute), exchanges)

    @rule(who=CLIENTS, exchanges=st.integers(1, 60))
    def reconcile(self, who: int, exchanges: int) -> None:
        self._start(who, "", self.one.reconcile, exchanges)

    @rule(who=CLIENTS, exchanges=st.integers(1, 20))
    def prune(self, who: int, exchanges: int) -> None:
        self._start(who, "", lambda compute: list(pruning.pruned(compute, self.one.config)), exchanges)

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
        self._start(who, letter, lambda compute: self.one.deploy(letter, compute), exchanges)
        self._kill(who)

    @precondition(lambda self: any(self.clients))
    @rule(who=CLIENTS)
    def kill(self, who: int) -> None:
        self._kill(who)
        self._step()

    @precondition(lambda self: not any(self.clients) and len(self.watcher.serving()) == 1)
    @rule()
    def deploy_what_serves(self) -> None:
        """I-5: no write."""
        (name,) = self.watcher.serving()
        letter = self.watcher.letter(self.watcher.known[name])
        self._calm()
        if letter in "0123456789abcdef" and len(letter) == 1 and self.watcher.serving() == {name}:
            self._start(0, letter, lambda compute: self.one.deploy(letter, compute), 10_000)
            assert self.watcher.writes[f"client{self.started}"] == 0, "I-5: wrote again"
        else:
            self._step()

    # What people do.

    @rule(text=st.sampled_from(["one", "another", "a third"]))
    def somebody_edits_the_group(self, text: str) -> None:
        self._ask("PATCH", GROUP, {"description": text})
        self._foreign_step()

    @rule(size=st.sampled_from([0, 1, 2, 3, 3, 4, 5]))
    def somebody_resizes_the_group(self, size: int) -> None:
        self._ask("POST", f"{GROUP}/resize?size={size}")
        self._foreign_step()

    @rule(index=st.integers(0, 9))
    def somebody_deletes_a_machine(self, index: int) -> None:
        machines = self.one.api.world.view.groups[GROUP].machines
        if machines:
            self.watcher.disturb()
            name = machines[index % len(machines)].name
            self._ask("DELETE", f"projects/dojangkok-dev/zones/asia-northeast3-a/instances/{name}")
        self._foreign_step()

    @rule(number=st.integers(1, 2))
    def somebody_puts_a_template_of_his_own_on_the_group(self, number: int) -> None:
        seed_ = self.one.api.world.view.collections[TEMPLATES]["dojangkok-dev-ai-server-seed"]
        self._ask("POST", TEMPLATES, {"name": f"by-hand-{number}", "properties": seed_["properties"]})
        self._ask("PATCH", GROUP, {"versions": [{"instanceTemplate": f"global/instanceTemplates/by-hand-{number}"}]})
        self._foreign_step()

    @precondition(lambda self: "other" not in str(list(self.one.api.world.view.groups)))
    @rule(index=st.integers(0, 9))
    def somebody_makes_another_group_of_a_template(self, index: int) -> None:
        names = self.one.templates()
        self._ask("POST", GROUP.rpartition("/")[0], {
            "name": "other", "baseInstanceName": "other", "targetSize": 1,
            "instanceTemplate": f"global/instanceTemplates/{names[index % len(names)]}",
        })  # fmt: skip
        self._foreign_step()

    # What else happens.

    @rule(index=st.integers(0, 9))
    def an_application_crashes(self, index: int) -> None:
        machines = self.one.api.world.view.groups[GROUP].machines
        if machines:
            self.watcher.disturb()
            self._ask("POST", "emulator/crash", {"machine": machines[index % len(machines)].name})
        self._foreign_step()

    @rule(machines=st.sampled_from([3, 4, 100]))
    def capacity_changes(self, machines: int) -> None:
        self._ask("PUT", "emulator/capacity", {"asia-northeast3-a": machines})
        self._foreign_step()

    @rule(method=METHODS, at=st.integers(1, 9), wrong=st.sampled_from(WRONG))
    def something_goes_wrong_once(self, method: str, at: int, wrong: dict[str, Any]) -> None:
        self._ask("POST", "emulator/faults", {"faults": [{"on": method, "nth": [at], **wrong}]})
        self._foreign_step()

    @rule(seconds=st.sampled_from([1, 30, 1_000]))
    def time_goes_by(self, seconds: int) -> None:
        self.one.api.world.clock.move(seconds)
        self._foreign_step()

    def teardown(self) -> None:
        """I-10: once the faults are over, the next one goes on from wherever it is, and a release can be deployed."""
        if not hasattr(self, "watcher"):
            return
        for who in (0, 1):
            self._go(who, 10_000)
        self._calm()
        if self.one.api.world.view.get(GROUP)["targetSize"] == 0:  # type: ignore[index]
            self._ask("POST", f"{GROUP}/resize?size=3")
            self.watcher.operators = self.watcher.fields()
        self._start(0, "", self.one.reconcile, 10_000)
        self._calm()
        self._start(0, "a", lambda compute: self.one.deploy("a", compute), 10_000)
        self.watcher.check()
        assert set(self.one.serving()) == {"a"}, "I-10: nothing can be deployed any more"

    def _calm(self) -> None:
        """End all faults, and let an hour go by."""
        for plan in self.one.api.faults.dump():
            self.one.api.faults.delete(plan["id"])
        self._ask("PUT", "emulator/capacity", {})
        self.one.api.world.clock.move(3_600)
        self.one.api.world.advance()
        self.watcher.check()

    def _start(self, who: int, letter: str, work: Callable[[Compute], object], exchanges: int) -> None:
        if self.clients[who] is None:
            self.started += 1
            name = f"client{self.started}"
            client = Client(self.one.api, self.one.config.project, name, work, self.watcher.watched)
            self.clients[who] = (client, letter)
        self._go(who, exchanges)
        self._step()

    def _go(self, who: int, exchanges: int) -> None:
        found = self.clients[who]
        if found is None:
            return
        client, letter = found
        self.alone = client.go(exchanges) and exchanges == 10_000
        if client.is_over:
            self.clients[who] = None
            self.watcher.check()
            Fleet.codes[client.code] += 1
            self.watcher.exit_12(client, letter, bool(self.alone))

    def _kill(self, who: int) -> None:
        found = self.clients[who]
        if found:
            found[0].kill()
            self.clients[who] = None
            Fleet.codes[found[0].code] += 1

    def _behave(self, letter: str, behaviour: dict[str, Any]) -> None:
        self._ask("POST", "emulator/machines", {"image": f"{REPOSITORY}@{digest(letter)}", **behaviour})

    def _ask(self, verb: str, path: str, body: Any = None) -> None:
        """Ask as an operator does; faults are meant for others."""
        plans, self.one.api.faults._plans = self.one.api.faults._plans, {}
        self.operator.request(verb, f"http://emulator/{path}", json=body)
        self.one.api.faults._plans = plans

    def _foreign_step(self) -> None:
        self.watcher.operators = self.watcher.fields()
        self._step()

    def _step(self) -> None:
        Fleet.steps += 1
        self.watcher.check()


def test_whatever_happens_the_invariants_hold() -> None:
    """As many sequences as it takes."""
    number = SEED
    try:
        while Fleet.steps < STEPS:
            machine = seed(number)(Fleet)
            run_state_machine_as_test(
                machine,
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
    LINES.append(f"  clients by exit code: {dict(sorted(Fleet.codes.items()))}")
