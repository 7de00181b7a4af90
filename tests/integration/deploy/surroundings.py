"""Events during deploys as rules of a state machine: actions of people, of instances, and faults."""

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from deploy.documents.canary import Canary, version_entries
from deploy.documents.instance_count import InstanceCount
from tests.integration.deploy.clients import QuickClient
from tests.integration.deploy.invariants import TEMPLATES, Watcher
from tests.integration.deploy.rig import Rig
from tests.unit.deploy.values import GROUP, REPOSITORY, digest

METHODS = st.sampled_from(["*", "*.get", "*.list*", "*.insert", "*.patch", "*.wait", "*.delete"])
WRONG: tuple[dict[str, Any], ...] = (
    *({"status": status} for status in (408, 429, 500, 502, 503, 504)),
    {"status": 412, "reason": "conditionNotMet"}, {"status": 403, "reason": "rateLimitExceeded"},
    {"cut": "before"}, {"cut": "after"}, {"hang": True}, {"body": "html"}, {"body": "empty"}, {"body": "truncated"},
    {"operation": {"error": "QUOTA_EXCEEDED", "has_http_code": False}},
    *({"body": {"value": value}} for value in ({}, None, {"error": {"code": 503, "message": "backend"}})),
    {"body": {"members": {"versions": None, "items": [None], "managedInstances": [None], "status": 7}}},
    {"body": {"members": {"name": "another", "fingerprint": "eA=="}}}, {"drip_s": 0.05}, {"date_skew_s": 900},
    {"lag_s": 30}, {"operation": {"hang": True, "commit": True}}, {"operation": {"vanish": True, "commit": True}},
)  # fmt: skip

SETTINGS: tuple[dict[str, Any], ...] = (
    {"updatePolicy": {"type": "OPPORTUNISTIC"}},
    {"updatePolicy": {"type": "PROACTIVE"}},
    {"allInstancesConfig": {"properties": {"metadata": {"startup-script": "echo masked"}}}},
    {"allInstancesConfig": None},
)


class Surroundings(RuleBasedStateMachine):
    """A group, and every actor except the programs that deploy to the group."""

    rig: Rig
    operator: QuickClient
    watcher: Watcher

    # Actions of people.

    @rule(text=st.sampled_from(["one", "another", "a third"]))
    def an_operator_edits_the_group(self, text: str) -> None:
        self._ask("PATCH", GROUP, {"description": text})
        self._foreign_step()

    @rule(size=st.sampled_from([0, 1, 2, 3, 3, 4, 5]))
    def an_operator_resizes_the_group(self, size: int) -> None:
        self._ask("POST", f"{GROUP}/resize?size={size}")
        self._foreign_step()

    @precondition(lambda self: self.watcher.canaries.is_own())
    @rule(size=st.sampled_from([1, 2, 3]))
    def an_operator_sets_the_size_of_the_canary(self, size: int) -> None:
        """The size may be no step of the release; `abort` has to end such a canary too."""
        target = self.watcher.canaries.target()
        assert isinstance(target, Canary)
        self._ask("PATCH", GROUP, {"versions": version_entries(replace(target, size=InstanceCount(size)))})
        self._foreign_step()

    @rule(index=st.integers(0, 9))
    def an_operator_deletes_an_instance(self, index: int) -> None:
        instances = self.rig.emulator.environment.view.groups[GROUP].instances
        if instances:
            self.watcher.disturb()
            name = instances[index % len(instances)].name
            self._ask("DELETE", f"projects/dojangkok-dev/zones/asia-northeast3-a/instances/{name}")
        self._foreign_step()

    @rule(index=st.integers(0, 9), verb=st.sampled_from(["suspend", "stop", "resume", "start"]))
    def an_operator_moves_an_instance_to_or_from_the_standby_pool(self, index: int, verb: str) -> None:
        instances = self.rig.emulator.environment.view.groups[GROUP].instances
        wanted = [instance.name for instance in instances if instance.is_standby == (verb in ("resume", "start"))]
        if wanted:
            self.watcher.disturb()
            self.watcher.canaries.resume()
            name = f"zones/asia-northeast3-a/instances/{wanted[index % len(wanted)]}"
            self._ask("POST", f"{GROUP}/{verb}Instances", {"instances": [name]})
        self._foreign_step()

    @rule(seconds=st.sampled_from([-36_000.0, -600.0, 0.0, 600.0, 36_000.0]))
    def the_clock_of_the_clients_computer_is_set(self, seconds: float) -> None:
        self.rig.clock_ahead_s = seconds
        self._foreign_step()

    @rule(body=st.sampled_from(SETTINGS))
    def an_operator_changes_a_setting(self, body: dict[str, Any]) -> None:
        """Change a setting to a value that preflight refuses; the end of the sequence restores the setting."""
        self._ask("PATCH", GROUP, body)
        self._foreign_step()

    @rule(index=st.integers(0, 9))
    def an_operator_copies_a_template(self, index: int) -> None:
        names = self.rig.templates()
        copied = self.rig.emulator.environment.view.collections[TEMPLATES][names[index % len(names)]]
        self._ask("POST", TEMPLATES, {"name": f"alice-debug-box-{index}", "properties": copied["properties"]})
        self._foreign_step()

    @rule(index=st.integers(0, 9))
    def an_operator_creates_a_template_again(self, index: int) -> None:
        """Create a template of the same name and content with another id; a template in use stays."""
        name = self.rig.templates()[index % len(self.rig.templates())]
        properties = self.rig.emulator.environment.view.collections[TEMPLATES][name]["properties"]
        self._ask("DELETE", f"{TEMPLATES}/{name}")
        self.rig.emulator.environment.clock.move(2)
        self.rig.emulator.environment.advance()
        self._ask("POST", TEMPLATES, {"name": name, "properties": properties})
        self.rig.emulator.environment.clock.move(2)
        self.rig.emulator.environment.advance()
        self._foreign_step()

    @rule(number=st.integers(1, 2))
    def an_operator_applies_an_unmanaged_template(self, number: int) -> None:
        seed_ = self.rig.emulator.environment.view.collections[TEMPLATES]["dojangkok-dev-ai-server-seed"]
        self._ask("POST", TEMPLATES, {"name": f"by-hand-{number}", "properties": seed_["properties"]})
        self._ask("PATCH", GROUP, {"versions": [{"instanceTemplate": f"global/instanceTemplates/by-hand-{number}"}]})
        self._foreign_step()

    @rule(size=st.sampled_from([{"fixed": 1}, {"percent": 50}]))
    def an_operator_begins_a_canary(self, size: dict[str, int]) -> None:
        """A canary that `deploy` did not begin: two versions, of which the second has no release record."""
        seed_ = self.rig.emulator.environment.view.collections[TEMPLATES]["dojangkok-dev-ai-server-seed"]
        self._ask("POST", TEMPLATES, {"name": "by-hand-3", "properties": seed_["properties"]})
        first = self.rig.emulator.environment.view.get(GROUP)["versions"][0]  # type: ignore[index]
        old = {key: value for key, value in first.items() if key != "targetSize"}
        by_hand = {"instanceTemplate": "global/instanceTemplates/by-hand-3", "targetSize": size}
        if not old["instanceTemplate"].endswith("/by-hand-3"):
            self._ask("PATCH", GROUP, {"versions": [old, by_hand]})
        self._foreign_step()

    @precondition(lambda self: "other" not in str(list(self.rig.emulator.environment.view.groups)))
    @rule(index=st.integers(0, 9))
    def an_operator_creates_another_group(self, index: int) -> None:
        names = self.rig.templates()
        self._ask("POST", GROUP.rpartition("/")[0], {
            "name": "other", "baseInstanceName": "other", "targetSize": 1,
            "instanceTemplate": f"global/instanceTemplates/{names[index % len(names)]}",
        })  # fmt: skip
        self._foreign_step()

    # Events without an actor.

    @rule(index=st.integers(0, 9))
    def an_application_crashes(self, index: int) -> None:
        instances = self.rig.emulator.environment.view.groups[GROUP].instances
        if instances:
            self.watcher.disturb()
            self._ask("POST", "emulator/crash", {"instance": instances[index % len(instances)].name})
        self._foreign_step()

    @rule(instances=st.sampled_from([3, 4, 100]))
    def capacity_changes(self, instances: int) -> None:
        self._ask("PUT", "emulator/capacity", {"asia-northeast3-a": instances})
        self._foreign_step()

    @rule(method=METHODS, at=st.integers(1, 9), wrong=st.sampled_from(WRONG))
    def something_goes_wrong_once(self, method: str, at: int, wrong: dict[str, Any]) -> None:
        self._ask("POST", "emulator/faults", {"faults": [{"on": method, "nth": [at], **wrong}]})
        self._foreign_step()

    @rule(method=st.sampled_from(["*.insert", "*.patch"]), has_http_code=st.booleans(), commit=st.booleans())
    def an_operation_fails(self, method: str, has_http_code: bool, commit: bool) -> None:
        operation = {"error": "INTERNAL_ERROR", "has_http_code": has_http_code, "commit": commit}
        self._ask("POST", "emulator/faults", {"faults": [{"on": method, "nth": [1], "operation": operation}]})
        self._foreign_step()

    @rule(seconds=st.sampled_from([1, 30, 1_000, 100_000]))
    def time_goes_by(self, seconds: int) -> None:
        self.rig.emulator.environment.clock.move(seconds)
        self._foreign_step()

    def _set_rule(self, letter: str, rule: dict[str, Any]) -> None:
        self._ask("POST", "emulator/instance-rules", {"image": f"{REPOSITORY}@{digest(letter)}", **rule})

    def _ask(self, verb: str, path: str, body: Any = None) -> None:
        """Send a request of an operator, to whom no fault applies."""
        plans, self.rig.emulator.faults.plans._plans = self.rig.emulator.faults.plans._plans, {}
        self.operator.request(verb, f"http://emulator/{path}", json=body)
        self.rig.emulator.faults.plans._plans = plans

    def _foreign_step(self) -> None:
        self.watcher.operators = self.watcher.fields()
        self._step()

    def _step(self) -> None:
        raise NotImplementedError
