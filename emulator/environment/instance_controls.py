"""What groups meet and do not decide: behaviour of machines, containers behind them, capacity, differences."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Final

from emulator.environment.instance_rules import Rule, behaviour, mentions
from emulator.environment.links import project_of
from emulator.environment.store import Document, Store
from emulator.group.health import Behaviour, Tie
from emulator.group.instances import Machine
from emulator.group.members import Action, Surroundings

# Which part of a template can be changed on a running machine, and how; everything else needs a new one.
# Source: Compute Engine's documentation of minimalAction, as quoted in google-cloud-compute.
_REFRESHED: Final = {"metadata", "labels", "tags", "description"}
_RESTARTED: Final = {"machineType", "minCpuPlatform", "serviceAccounts", "scheduling", "shieldedInstanceConfig"}
_START_S: Final = 10.0  # that a container may take to come up where one that answered stood before it


@dataclass(frozen=True)
class Bound:
    """
    A container that stands behind every machine whose template refers to an image.

    Args:
        image: That image.
        url: Where the container is asked for its health.
        answers: Whether it answers.
        since_s: virtual time of the first answer, or of the first silence
        is_probed: Whether it is asked at all; if not, its last answer stays.
        before_s: virtual time at which the state before that began
        starts_until_s: Until when the silence of a container that replaces an answering one is taken for its start.
    """

    image: str
    url: str
    answers: bool = False
    since_s: float = 0.0
    is_probed: bool = True
    before_s: float = 0.0
    starts_until_s: float = 0.0

    def probed(self, now_s: float, *, answers: bool) -> "Bound":
        """Return the container after a probe."""
        if not answers and now_s < self.starts_until_s:
            return self
        if answers == self.answers:
            return replace(self, starts_until_s=0.0)
        return replace(self, answers=answers, since_s=now_s, before_s=self.since_s, starts_until_s=0.0)


def bound(known: Bound | None, image: str, url: str, answers: bool | None, now_s: float) -> Bound:
    """
    Return the container that stands behind an image from now on.

    Args:
        known: The container before it, whose answer holds until this one has come up: instances did not restart.
        image: image of the instances
        url: Where it is asked for its health; empty for an answer that stays.
        answers: answer of the container; None where probes decide
        now_s: The present.
    """
    if known is None:
        return Bound(image, url, bool(answers), now_s, is_probed=bool(url))
    kept = replace(known, url=url, is_probed=bool(url))
    if answers is not None:
        return replace(kept, starts_until_s=0.0).probed(now_s, answers=answers)
    return replace(kept, starts_until_s=now_s + _START_S) if known.answers else kept


def overlaid(properties: Document, config: str) -> Document:
    """Return a template's properties with an all-instances configuration over its metadata and labels."""
    if not config:
        return properties
    over = json.loads(config)
    metadata = properties.get("metadata") or {}
    values = {item.get("key", ""): item for item in metadata.get("items") or []}
    values |= {key: {"key": key, "value": value} for key, value in over.get("metadata", {}).items()}
    labels = {**(properties.get("labels") or {}), **over.get("labels", {})}
    return {**properties, "metadata": {**metadata, "items": list(values.values())}, "labels": labels}


class Circumstances:
    """
    Whatever was told about machines and places.

    Args:
        store: Where it is kept.
        seed: Of all dice.
        decide_s: How long a group takes from a change to its next decision.
    """

    def __init__(self, store: Store, seed: int, decide_s: float) -> None:
        self._store = store
        self.bounds: dict[str, Bound] = {}
        self.reload()
        self._seed = seed
        self._decide_s = decide_s
        self._texts: dict[tuple[str, str], tuple[object, str]] = {}

    def reload(self) -> None:
        """Take up what the store holds."""
        store, probed = self._store, {bound.image for bound in self.bounds.values() if bound.is_probed}
        self.rules = [Rule.model_validate(rule) for rule in store.setting("rules", [])]
        # A container that an earlier process was told of is gone; what it last answered stays.
        kept = [Bound(**one) for one in store.setting("bounds", [])]
        self.bounds = {one.image: replace(one, is_probed=one.is_probed and one.image in probed) for one in kept}
        self.capacity: dict[str, int] = store.setting("capacity", {})

    def around(self, project: str) -> Surroundings:
        """Return what the groups of a project, `projects/P`, meet."""
        created: list[str] = []

        def refusal(zone: str) -> str:
            code = self._refusal(project, zone, len(created))
            if not code:
                created.append(zone)
            return code

        return Surroundings(self._behaviour, self._tie, self._difference, refusal, self._decide_s)

    def bind(self, bound: Bound) -> None:
        """Put a container behind an image, or change what is known of one; every group looks anew."""
        self.bounds[bound.image] = bound
        self._store.put_setting("bounds", [asdict(one) for one in self.bounds.values()])

    def set_rules(self, rules: list[Rule]) -> None:
        """Replace the rules for machines that are to come."""
        self.rules = rules
        self._store.put_setting("rules", [rule.model_dump(exclude_none=True) for rule in rules])

    def set_capacity(self, capacity: Mapping[str, int]) -> None:
        """Say how many machines a zone has room for; a zone that is not named has room for all."""
        self.capacity = dict(capacity)
        self._store.put_setting("capacity", self.capacity)

    def text(self, template: str, config: str = "") -> str:
        """Return all metadata of instances of a template, which image references stand in."""
        document = self._store.view.get(template)
        known = self._texts.get((template, config))
        if known is None or known[0] is not document:
            items = overlaid((document or {}).get("properties", {}), config).get("metadata", {}).get("items") or []
            known = (document, "\n".join(str(item.get("value", "")) for item in items))
            self._texts[template, config] = known
        return known[1]

    def _behaviour(self, machine: Machine) -> Behaviour:
        return behaviour(self.rules, machine, self.text(machine.intended.template, machine.config), self._seed)

    def _tie(self, machine: Machine) -> Tie | None:
        if not self.bounds or not machine.built:
            return None
        text = self.text(machine.built, machine.config)
        for bound in self.bounds.values():
            if mentions(text, bound.image):
                return Tie(bound.answers, bound.since_s, bound.before_s)
        return None

    def _difference(self, old: str, new: str) -> Action:
        before, after = (((self._store.view.get(path) or {}).get("properties") or {}) for path in (old, new))
        changed = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
        if changed - _REFRESHED - _RESTARTED:
            return "REPLACE"
        return "RESTART" if changed & _RESTARTED else "REFRESH" if changed else "NONE"

    def _refusal(self, project: str, zone: str, creating: int) -> str:
        if not self.capacity and not self._store.view.collections.get(f"{project}/regions"):
            return ""
        region = zone.rpartition("-")[0]
        zones = [
            machine.zone
            for path, group in self._store.view.groups.items()
            if project_of(path) == project
            for machine in group.machines
            if machine.id
        ]
        if zone in self.capacity and zones.count(zone) + creating >= self.capacity[zone]:
            return "ZONE_RESOURCE_POOL_EXHAUSTED"
        document = self._store.view.get(f"{project}/regions/{region}") or {}
        limits = [quota["limit"] for quota in document.get("quotas", []) if quota["metric"] == "INSTANCES"]
        used = sum(one.rpartition("-")[0] == region for one in zones) + creating
        return "QUOTA_EXCEEDED" if limits and used >= limits[0] else ""
