"""
Fault plans: created, inspected for how often each fault fired, deleted.

    {"name": "flaky reads", "faults": [
        {"on": "instanceGroupManagers.get", "nth": [2, 3], "status": 503},
        {"on": "instanceTemplates.insert", "nth": [1], "cut": "after"},
        {"on": "*.list", "lag_s": 60},
        {"on": "*.get", "nth": [5], "body": {"members": {"versions": null}}},
        {"on": "*.getSerialPortOutput", "drip_s": 1},
        {"when": {"phase": "deleting"}, "request": {"verb": "POST", "path": "projects/p/…/resize?size=5"}}]}

The vocabulary follows storage-testbench's retry tests: a fault belongs to a plan, counts its calls from the plan's
making, and can be asked whether it really happened.
"""

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Request(_Strict):
    """A request that the emulator makes to itself: somebody else's write, in the middle of a rollout."""

    verb: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: Annotated[str, Field(min_length=1, description="from `projects/` or `emulator/` on, with its query")]
    body: dict[str, Any] | None = None


class Replacement(_Strict):
    """A body that is sent in place of the right one: another value, or the answer with some members replaced."""

    value: Any = None
    members: dict[str, Any] | None = None


class OperationFault(_Strict):
    """What becomes of the operation that a write starts."""

    error: str = ""
    message: str = "injected by a fault plan"
    has_http_code: bool = True
    warning: str = ""
    hang: bool = False
    vanish: bool = False
    commit: Annotated[bool, Field(description="whether the write happens although the operation fails or hangs")] = (
        False
    )


class When(_Strict):
    """The moment at which a group comes into a phase."""

    phase: Literal[
        "creating", "verifying", "gap", "deleting", "recreating", "restarting", "refreshing", "starting", "resuming",
        "stopping", "suspending", "stable",
    ]  # fmt: skip
    group: Annotated[str, Field(description="name; empty is any")] = ""


class Fault(_Strict):
    """
    One thing that goes wrong, on a method (`on`) or at a moment (`when`).

    `nth` counts matching calls from 1; without it every call is meant. `*` stands for any characters in a method.
    `drip_s` is the virtual time that each byte of the body takes, for at most an hour in all; `date_skew_s` moves the
    answer's Date, and no other clock.
    """

    on: str = ""
    nth: tuple[Annotated[int, Field(ge=1)], ...] = ()
    when: When | None = None
    status: Annotated[int, Field(ge=400, le=599)] | None = None
    reason: str = "backendError"
    headers: dict[str, str] = {}
    body: Literal["html", "empty", "truncated"] | Replacement | None = None
    cut: Literal["before", "after"] | None = None
    delay_s: Annotated[float, Field(ge=0)] = 0.0
    drip_s: Annotated[float, Field(ge=0, le=3_600)] = 0.0
    date_skew_s: Annotated[float, Field(ge=-(10**8), le=10**8)] = 0.0
    hang: bool = False
    operation: OperationFault | None = None
    lag_s: Annotated[float, Field(ge=0)] = 0.0
    unreachable: str = ""
    request: Request | None = None

    @model_validator(mode="after")
    def _has_a_place_and_an_effect(self) -> Self:
        if bool(self.on) == bool(self.when):
            raise ValueError("say either on (a method) or when (a moment)")
        effects = (
            self.status, self.body, self.cut, self.delay_s, self.drip_s, self.date_skew_s, self.hang, self.operation,
            self.lag_s, self.unreachable, self.request,
        )  # fmt: skip
        if not any(effects):
            raise ValueError("say what goes wrong")
        if self.status and self.body not in (None, "html", "empty"):
            raise ValueError("a status takes no body but html and empty")
        if self.when and not self.request:
            raise ValueError("a moment needs a request")
        return self


class PlanRequest(_Strict):
    """The body that makes a plan."""

    name: str = ""
    faults: Annotated[tuple[Fault, ...], Field(min_length=1)]


@dataclass
class Plan:
    """A plan at work: how many calls each fault has seen, and how often it fired."""

    id: int
    name: str
    faults: tuple[Fault, ...]
    seen: list[int] = field(default_factory=list)
    fired: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin counting at nought, unless the counts were kept."""
        self.seen = self.seen or [0] * len(self.faults)
        self.fired = self.fired or [0] * len(self.faults)

    def dump(self) -> dict[str, Any]:
        """Return the plan as JSON, with its counts."""
        faults = [fault.model_dump(exclude_defaults=True) for fault in self.faults]
        return {"id": self.id, "name": self.name, "faults": faults, "seen": self.seen, "fired": self.fired}


class Faults:
    """All plans, in the order of their making."""

    def __init__(self, kept: list[dict[str, Any]] | None = None) -> None:
        self._plans: dict[int, Plan] = {}
        for plan in kept or []:
            faults = tuple(Fault.model_validate(fault) for fault in plan["faults"])
            self._plans[plan["id"]] = Plan(plan["id"], plan["name"], faults, plan["seen"], plan["fired"])

    def create(self, request: PlanRequest) -> Plan:
        """Put a plan to work."""
        plan = Plan(max(self._plans, default=0) + 1, request.name, request.faults)
        self._plans[plan.id] = plan
        return plan

    def get(self, number: int) -> Plan | None:
        """Return a plan, or None."""
        return self._plans.get(number)

    def delete(self, number: int) -> bool:
        """Stop a plan; returns whether there was one."""
        return self._plans.pop(number, None) is not None

    def clear(self) -> list[dict[str, Any]]:
        """Stop all plans; returns them as JSON."""
        plans = self.dump()
        self._plans.clear()
        return plans

    def dump(self) -> list[dict[str, Any]]:
        """Return all plans as JSON."""
        return [plan.dump() for plan in self._plans.values()]

    def on(self, method: str) -> list[Fault]:
        """Count a call to a method, and return the faults that it meets."""
        met = []
        for plan in self._plans.values():
            for index, fault in enumerate(plan.faults):
                if fault.on and fnmatchcase(method, fault.on):
                    plan.seen[index] += 1
                    if not fault.nth or plan.seen[index] in fault.nth:
                        plan.fired[index] += 1
                        met.append(fault)
        return met

    def at(self, group: str, phase: str) -> list[Request]:
        """Count a moment, and return the requests that it sets off."""
        met = []
        for plan in self._plans.values():
            for index, fault in enumerate(plan.faults):
                moment = fault.when
                if moment and fault.request and moment.phase == phase and moment.group in ("", group):
                    plan.seen[index] += 1
                    if not fault.nth or plan.seen[index] in fault.nth:
                        plan.fired[index] += 1
                        met.append(fault.request)
        return met

    def needs_history_s(self) -> float:
        """Return how far back a lagging read may look; 0 while no plan makes reads lag."""
        return max((fault.lag_s for plan in self._plans.values() for fault in plan.faults), default=0.0)
