"""Fault injection: the faults of each call, lagging reads, and requests that a plan makes."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from emulator.api.fault_plans import FaultPlans
from emulator.api.faults import Fault, PlannedRequest
from emulator.environment.environment import Environment
from emulator.environment.links import name_of
from emulator.environment.view import View

_DEEPEST: Final = 5  # planned requests that a planned request causes, and so on


class FaultInjection:
    """
    The fault plans of an environment.

    Args:
        environment: environment whose reads lag and whose activities cause requests
        send: sends a planned request to the emulator
    """

    def __init__(self, environment: Environment, send: Callable[[PlannedRequest], None]) -> None:
        self._environment = environment
        self._send = send
        self._views: list[tuple[float, View]] = []
        self._depth = 0
        self.reload()
        environment.activity_watchers.append(self._send_at_activity)

    def reload(self) -> None:
        """Read the plans from the store."""
        self.plans = FaultPlans(self._environment.store.setting("faults", []))

    def save(self) -> None:
        """Write the plans with their counts to the store."""
        self._environment.store.put_setting("faults", self.plans.dump())

    def count_call(self, method: str) -> list[Fault]:
        """Count a call of a method, send the requests that are planned for it, and return the faults that it has."""
        faults = self.plans.count_call(method)
        for fault in faults:
            if fault.request:
                self._send_nested(fault.request)
        return faults

    def keep_view(self) -> None:
        """Keep copies of the environment's view as far back as lagging reads may look."""
        lag_s = self.plans.longest_lag_s()
        if not lag_s:
            self._views.clear()
            return
        self._views.append((self._environment.now_s, self._environment.view.copy()))
        while len(self._views) > 1 and self._views[1][0] <= self._environment.now_s - lag_s:
            self._views.pop(0)

    def view(self, faults: Sequence[Fault]) -> View:
        """Return the view that a request reads: an older one if a fault makes reads lag."""
        lag_s = max((fault.lag_s for fault in faults), default=0.0)
        if not lag_s:
            return self._environment.view
        old_enough = [view for at_s, view in self._views if at_s <= self._environment.now_s - lag_s]
        return old_enough[-1] if old_enough else self._views[0][1]

    def _send_at_activity(self, path: str, activity: str) -> None:
        for request in self.plans.count_activity(name_of(path), activity):
            self._send_nested(request)

    def _send_nested(self, request: PlannedRequest) -> None:
        if self._depth >= _DEEPEST:
            return
        self._depth += 1
        try:
            self._send(request)
        finally:
            self._depth -= 1


def operation_fields(faults: Sequence[Fault], now_s: float) -> dict[str, Any]:
    """Return the fields of `Operation` that faults give to the operation of a write; empty if they give none."""
    fault = next((fault.operation for fault in faults if fault.operation), None)
    if fault is None:
        return {}
    return {
        "error": fault.error, "message": fault.message, "has_http_code": fault.has_http_code, "warning": fault.warning,
        **({"ends_at_s": None} if fault.hang else {}), **({"vanishes_at_s": now_s} if fault.vanish else {}),
    }  # fmt: skip


def undoes_write(faults: Sequence[Fault]) -> bool:
    """Return whether the write itself is undone, because its operation fails or hangs."""
    fault = next((fault.operation for fault in faults if fault.operation), None)
    return fault is not None and bool(fault.error or fault.hang) and not fault.commit
