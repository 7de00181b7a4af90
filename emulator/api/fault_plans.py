"""Fault plans at work: which faults a call has, and how often each fault fired."""

from collections.abc import Callable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from emulator.api.faults import Fault, PlannedRequest, PlanRequest


@dataclass
class Plan:
    """
    A plan at work.

    Args:
        id: number of the plan
        name: name that its creator gave it
        faults: faults of the plan
        matched: number of matching calls or moments of each fault
        fired: number of times that each fault happened
    """

    id: int
    name: str
    faults: tuple[Fault, ...]
    matched: list[int] = field(default_factory=list)
    fired: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin all counts at 0, unless counts were given."""
        self.matched = self.matched or [0] * len(self.faults)
        self.fired = self.fired or [0] * len(self.faults)

    def count(self, matches: Callable[[Fault], bool]) -> list[Fault]:
        """Count a call or moment for every fault that matches, and return the faults that happen now."""
        firing = []
        for index, fault in enumerate(self.faults):
            if matches(fault):
                self.matched[index] += 1
                if not fault.nth or self.matched[index] in fault.nth:
                    self.fired[index] += 1
                    firing.append(fault)
        return firing

    def dump(self) -> dict[str, Any]:
        """Return the plan as JSON, with its counts."""
        faults = [fault.model_dump(exclude_defaults=True) for fault in self.faults]
        return {"id": self.id, "name": self.name, "faults": faults, "matched": self.matched, "fired": self.fired}


class FaultPlans:
    """
    All plans, in the order of their creation.

    Args:
        kept: plans as JSON, from `dump`
    """

    def __init__(self, kept: list[dict[str, Any]] | None = None) -> None:
        self._plans: dict[int, Plan] = {}
        for plan in kept or []:
            faults = tuple(Fault.model_validate(fault) for fault in plan["faults"])
            self._plans[plan["id"]] = Plan(plan["id"], plan["name"], faults, plan["matched"], plan["fired"])

    def create(self, request: PlanRequest) -> Plan:
        """Add a plan."""
        plan = Plan(max(self._plans, default=0) + 1, request.name, request.faults)
        self._plans[plan.id] = plan
        return plan

    def get(self, number: int) -> Plan | None:
        """Return a plan, or None."""
        return self._plans.get(number)

    def delete(self, number: int) -> bool:
        """Delete a plan; return whether the plan existed."""
        return self._plans.pop(number, None) is not None

    def clear(self) -> list[dict[str, Any]]:
        """Delete all plans; return them as JSON."""
        plans = self.dump()
        self._plans.clear()
        return plans

    def dump(self) -> list[dict[str, Any]]:
        """Return all plans as JSON."""
        return [plan.dump() for plan in self._plans.values()]

    def count_call(self, method: str) -> list[Fault]:
        """Count a call of a method, and return the faults that it has."""
        return self._count(lambda fault: bool(fault.on) and fnmatchcase(method, fault.on))

    def count_activity(self, group: str, activity: str) -> list[PlannedRequest]:
        """Count the beginning of a group's activity, and return the requests that are planned for it."""
        firing = self._count(
            lambda fault: fault.when is not None and fault.when.phase == activity and fault.when.group in ("", group)
        )
        return [fault.request for fault in firing if fault.request]

    def longest_lag_s(self) -> float:
        """Return how far back a lagging read may look; 0 while no plan makes reads lag."""
        return max((fault.lag_s for plan in self._plans.values() for fault in plan.faults), default=0.0)

    def _count(self, matches: Callable[[Fault], bool]) -> list[Fault]:
        return [fault for plan in self._plans.values() for fault in plan.count(matches)]
