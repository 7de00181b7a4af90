"""
Fault plans: created, inspected for how often each fault fired, deleted.

    {"name": "flaky reads", "faults": [
        {"on": "instanceGroupManagers.get", "nth": [2, 3], "status": 503},
        {"on": "instanceTemplates.insert", "nth": [1], "cut": "after"},
        {"on": "*.list", "lag_s": 60},
        {"on": "*.get", "nth": [5], "body": {"members": {"versions": null}}},
        {"on": "*.getSerialPortOutput", "drip_s": 1},
        {"when": {"phase": "deleting"}, "request": {"verb": "POST", "path": "projects/p/…/resize?size=5"}}]}

The vocabulary follows storage-testbench's retry tests: a fault belongs to a plan, counts its calls from the creation of
the plan, and reports how often it fired.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class PlannedRequest(_Strict):
    """A request that the emulator sends to itself: another client's write in the middle of a rollout."""

    verb: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: Annotated[str, Field(min_length=1, description="from `projects/` or `emulator/` on, with its query")]
    body: dict[str, Any] | None = None


class Replacement(_Strict):
    """A body in place of the right body: another value, or the answer with some members replaced."""

    value: Any = None
    members: dict[str, Any] | None = None


class OperationFault(_Strict):
    """How the operation of a write ends; `commit` performs the write although the operation fails or hangs."""

    error: str = ""
    message: str = "injected by a fault plan"
    has_http_code: bool = True
    warning: str = ""
    hang: bool = False
    vanish: bool = False
    commit: bool = False


class When(_Strict):
    """The moment at which an activity of a group begins; the key `phase` names the activity."""

    phase: Literal[
        "creating", "verifying", "gap", "deleting", "recreating", "restarting", "refreshing", "starting", "resuming",
        "stopping", "suspending", "stable",
    ]  # fmt: skip
    group: Annotated[str, Field(description="name of the group; empty: any group")] = ""


class Fault(_Strict):
    """
    A fault of the calls of a method (`on`), or a request at a moment (`when`).

    `nth` lists the matching calls that have the fault, counted from 1; without it all calls have it. `*` stands for any
    characters in a method. `drip_s` is the virtual time that each byte of the body takes, for at most an hour in all;
    `date_skew_s` moves the answer's Date, and no other clock.
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
    request: PlannedRequest | None = None

    @model_validator(mode="after")
    def _has_a_place_and_an_effect(self) -> Self:
        if bool(self.on) == bool(self.when):
            raise ValueError("a fault needs either 'on' (a method) or 'when' (a moment)")
        effects = (
            self.status, self.body, self.cut, self.delay_s, self.drip_s, self.date_skew_s, self.hang, self.operation,
            self.lag_s, self.unreachable, self.request,
        )  # fmt: skip
        if not any(effects):
            raise ValueError("a fault needs an effect, such as 'status' or 'delay_s'")
        if self.status and self.body not in (None, "html", "empty"):
            raise ValueError("with a 'status' the 'body' can only be html or empty")
        if self.when and not self.request:
            raise ValueError("'when' needs a 'request'")
        return self


class PlanRequest(_Strict):
    """The body that creates a plan."""

    name: str = ""
    faults: Annotated[tuple[Fault, ...], Field(min_length=1)]
