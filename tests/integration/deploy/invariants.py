"""
The invariants of deploy, checked on the emulator's request log and documents.

    1 capacity is kept               2 a settled group has one version   3 no template in use is deleted
    4 a failure keeps the fallback   5 a second deploy writes nothing    6 one template for each content
    7 no update is lost              8 a copy equals its base            9 fields of other clients stay
    10 every run ends                11 requests are limited             12 exit codes are true, no secret is printed
    13 proven releases stay; 5 and 10 are rules of the state machine itself, 14 is in canary_invariants.py, the others
    are methods here
"""

from collections import defaultdict, deque
from typing import Any

from deploy.documents.canary import Target
from deploy.documents.group_state import Version, parse_version
from deploy.documents.resource import name_of
from deploy.release import template
from tests.integration.deploy.canary_invariants import CanaryWatcher, is_abort
from tests.integration.deploy.clients import Client
from tests.integration.deploy.copy_invariant import assert_copy_8
from tests.integration.deploy.rig import Rig
from tests.unit.deploy.values import GROUP, REPOSITORY

TEMPLATES = "projects/dojangkok-dev/global/instanceTemplates"
SECRET = "verysecret"
_OURS = ("versions", "updatePolicy", "fingerprint", "instanceTemplate")
_REQUESTS_A_MINUTE = 120
_NOTICED_S = 400  # a dead instance is replaced; its first 300 s have no health check (initialDelaySec)


class Watcher:
    """
    Checks the invariants on an emulator after each step.

    Args:
        rig: rig of the emulator.
    """

    checks = 0

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.seq = 0
        self.is_stopped = False
        self.floor = 0
        self.disturbed_at_s = float(-_NOTICED_S)
        self.known: dict[str, dict[str, Any]] = {}
        self.by_id: dict[str, dict[str, Any]] = {}
        self.names: set[str] = set()
        self.operators = self.fields()
        self.canaries = CanaryWatcher(rig)
        self.decided: dict[Client, list[Target | None]] = defaultdict(list)
        self.polls: dict[Client, list[tuple[int, set[str]]]] = defaultdict(list)
        self.lists: dict[Client, int] = defaultdict(int)
        self.polls_begun: dict[Client, int] = defaultdict(int)
        self.requests: dict[str, deque[float]] = defaultdict(deque)
        self.writes: dict[str, int] = defaultdict(int)

    def check(self) -> None:
        """Check every entry and document that is new since the last check."""
        was_stopped, self.is_stopped = self.is_stopped, self._is_opportunistic()
        for entry in self.rig.emulator.environment.store.entries(self.seq):
            self.seq = entry["seq"]
            if entry["kind"] == "group" and entry["group"] == GROUP:
                self._capacity_1(entry)
                self.canaries.check_instances(entry)
                if not (was_stopped or self.is_stopped):
                    self._one_version_at_rest_2(entry)
            elif entry["kind"] == "request":
                self._effort_11(entry)
        documents = self.rig.emulator.environment.view.collections[TEMPLATES]
        new = {name: document for name, document in documents.items() if document["id"] not in self.by_id}
        self.known |= new
        self._kept_13(self.names - documents.keys(), self.names | documents.keys())
        self.by_id |= {document["id"]: document for document in new.values()}
        self.names = set(documents)
        self._referenced_3(documents)
        self._one_for_a_content_6(documents)
        for document in new.values():
            assert_copy_8(document, self.by_id)
        assert self.fields() == self.operators, "I-9: a field of another client was changed"
        Watcher.checks += 8

    def _is_opportunistic(self) -> bool:
        """Return whether updates are stopped, so that a settled group may have several versions."""
        return bool(self._document()["updatePolicy"].get("type") == "OPPORTUNISTIC")

    def _document(self) -> dict[str, Any]:
        return self.rig.emulator.environment.view.get(GROUP) or {}

    def disturb(self) -> None:
        """Record that an instance was killed: until it is replaced, fewer may serve."""
        self.disturbed_at_s = self.rig.emulator.environment.clock.now_s()

    def fields(self) -> dict[str, Any]:
        """Return every field of the group that a deploy must not change."""
        return {key: value for key, value in self._document().items() if key not in _OURS and not key.startswith("_")}

    def versions(self) -> list[Version]:
        """Return the target versions of the group."""
        return [parse_version(version, "dojangkok-dev") for version in self._document()["versions"]]

    def watched(self, client: Client, when: str, verb: str, url: str) -> None:
        """Record which versions a client reads and overwrites."""
        path = url.partition("/compute/v1/")[2]
        self.polls_begun[client] += (path, verb, when) == (GROUP, "GET", "before") and not self.is_pruning(client)
        if path == GROUP and verb == "GET" and when == "after" and not self.decided[client]:
            self.decided[client].append(self.canaries.target())
        if path == GROUP and verb == "PATCH":
            if when == "before":
                self.before = self.canaries.target()
            elif (after := self.canaries.target()) != self.before:
                is_planned = self.before in self.decided[client] or is_abort(self.decided[client], self.before, after)
                assert is_planned, "I-7: overwrote a version that its plan was not made for"
                self.decided[client].append(after)
                self.canaries.check_patch(client.name, self.before, after)
        self.lists[client] += (verb, path, when) == ("GET", TEMPLATES, "before")
        if path in (GROUP, f"{GROUP}/listManagedInstances") and when == "after":
            self.polls[client].append((self.size(), self.serving()))

    def is_pruning(self, client: Client) -> bool:
        """Return whether a client prunes: it has listed the templates for its plan, and again."""
        return self.lists[client] >= 2

    def size(self) -> int:
        """Return the target size of the group."""
        return int(self._document()["targetSize"])

    def serving(self) -> set[str]:
        """Return the templates of the instances; empty unless as many as the target size are available."""
        group = self.rig.emulator.environment.view.groups[GROUP]
        size = self.size()
        active = [instance for instance in group.instances if not instance.is_standby]
        available = [
            instance
            for instance in active
            if instance.was_available and (instance.status, instance.action) == ("RUNNING", "NONE")
        ]
        if len(available) != size or len(active) != size:
            return set()
        return {name_of(instance.intended.template) for instance in available}

    def exit_12(self, client: Client, letter: str, alone: bool) -> None:
        """
        Judge a client's exit code; `alone` if no other client and no fault acted since its last poll.

        Exit 0: a poll showed that the client's release serves. 7 and 9: the failed release does not serve, and another
        release does. 5: another deploy changed the group. 3: the group is unchanged, as the error states after a write.
        """
        code, polls = client.code, self.polls[client]
        if code == -9:
            return
        assert SECRET not in str(client.error), "I-12: a secret in an error"
        assert not any(SECRET in line for line in self.rig.printed), "I-12: a secret in the progress"
        assert code in (0, 3, 5, 7, 8, 9), f"I-12: exit code {code}: {client.error!r}"
        size = self.size()
        if code == 0 and letter and polls:
            is_paused = getattr(client.result, "pause", None) is not None

            def serves(names: set[str]) -> bool:
                return letter in self._digests(names) if is_paused else self._digests(names) == {letter}

            sized = [serves(names) for instances, names in polls if instances]
            assert any(sized) or not sized, f"I-12: exit 0, and no poll showed that {letter} serves"
            if alone and size:
                assert serves(self.serving()), "I-12: exit 0, and another release serves"
                assert is_paused == self.canaries.is_own(), "I-12: a pause without a canary, or none with one"
        if code in (7, 9) and alone and size:
            serving = self.serving()
            assert serving, "I-4: exit 7, and no template serves"
            assert {version.template for version in self.versions()} == serving, (
                "I-4: exit 7, and another template serves"
            )
            assert self._digests(serving) != {letter} or letter not in "bcde", "I-4: exit 7 on the broken release"
        if code == 3:
            assert len(self.decided[client]) <= 1, "I-12: refused after a change of the group"
            is_reported = "The group is unchanged." in str(client.error)
            assert is_reported or not self.writes[client.name], "I-12: refused after a write"
        Watcher.checks += 1

    def _digests(self, names: set[str]) -> set[str]:
        documents = self.rig.emulator.environment.view.collections[TEMPLATES] | self.known
        return {self.letter(documents[name]) for name in names}

    @staticmethod
    def letter(document: dict[str, Any]) -> str:
        """Return the letter of a template's release, or its tag; empty without a reference."""
        reference = template.image_reference(document, REPOSITORY)
        return (reference.digest[7:8] or reference.tag) if reference else ""

    def _capacity_1(self, entry: dict[str, Any]) -> None:
        available = sum(instance["available"] and instance["action"] != "DELETING" for instance in entry["instances"])
        if "e" in self._digests({instance["template"] for instance in entry["instances"]}):
            self.disturbed_at_s = entry["at_s"]
        is_calm = entry["at_s"] >= self.disturbed_at_s + _NOTICED_S
        self.floor = min(self.floor, entry["target_size"]) if is_calm else 0
        assert available >= self.floor, f"I-1: {available} available, expected at least {self.floor}"
        if is_calm and entry["is_stable"] and available == entry["target_size"]:
            self.floor = available

    def _one_version_at_rest_2(self, entry: dict[str, Any]) -> None:
        if entry["is_stable"]:
            versions = [(row["template"], row["name"]) for row in entry["versions"]]
            assert len(versions) == 1 or self.canaries.target(), "I-2: a settled group has several versions"
            running = [row for row in entry["instances"] if row["target"] == "RUNNING"]
            assert {(row["template"], row["version"]) for row in running} <= set(versions), "I-2: other versions"

    def _referenced_3(self, documents: dict[str, Any]) -> None:
        view = self.rig.emulator.environment.view
        used = {name_of(instance.intended.template) for group in view.groups.values() for instance in group.instances}
        targets = {version.template for version in self.versions()}
        fallbacks = {
            record.fallback.template
            for name in targets | used
            if name in documents and (record := template.release_record(documents[name])) and record.fallback
        }
        assert used | targets | fallbacks <= documents.keys(), "I-3: a template in use was deleted"

    def _one_for_a_content_6(self, documents: dict[str, Any]) -> None:
        records = filter(None, map(template.release_record, documents.values()))
        contents = [(record.base_id, record.digest, record.steps) for record in records]
        assert len(contents) == len(set(contents)), "I-6: two templates for one content"

    def _effort_11(self, entry: dict[str, Any]) -> None:
        client = entry["client"]
        if not client.startswith("client"):
            return
        if entry["verb"] != "GET" and not entry["method"].endswith((".wait", ".listManagedInstances")):
            self.writes[client] += entry["status"] == 200
        minute = self.requests[client]
        minute.append(entry["at_s"])
        while minute[0] < entry["at_s"] - 60:
            minute.popleft()
        assert len(minute) <= _REQUESTS_A_MINUTE, f"I-11: {len(minute)} requests in a minute"

    def _kept_13(self, deleted: set[str], names: set[str]) -> None:
        if not deleted:
            return
        entries = {name: template.release_record(self.known[name]) for name in names}
        assert all(entries[name] for name in deleted), "I-13: an unmanaged template was deleted"
        proven = {record.fallback.template for record in entries.values() if record and record.fallback}
        proven = {name for name in proven | {record.template for record in self.versions()} if entries.get(name)}
        assert len(proven - deleted) >= min(5, len(proven)), "I-13: fewer than five proven releases were kept"
