"""The whole emulator without a socket: the Compute Engine API, its faults and request log, and the control routes."""

import json
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import inf
from typing import Final

from emulator.api.access import Access
from emulator.api.answers import dated, error_answer, json_answer
from emulator.api.dispatch import Dispatch
from emulator.api.errors import ApiError, internal, not_found, unavailable
from emulator.api.fault_answers import injected_answer, with_delays, with_faults
from emulator.api.fault_injection import FaultInjection
from emulator.api.faults import Fault, PlannedRequest
from emulator.api.messages import Answer, Request, encoded
from emulator.api.methods import load_handlers
from emulator.api.request_log import RequestEntry, RequestLog
from emulator.api.routing import Route, find_route
from emulator.control.routes import Control, is_control_path
from emulator.environment.environment import Environment
from emulator.environment.operations import OperationWait, has_vanished, render, wait_left_s
from emulator.environment.store import StateError

_LOG: Final = logging.getLogger("emulator")
_SHORTEST_STEP_S: Final = 0.001  # of the clock in a wait


@dataclass(frozen=True)
class Waiting:
    """
    A request that is answered when an operation is done.

    Args:
        wait: operation, and the time at which the wait ends
        faults: faults of the call
        entry: request log entry
    """

    wait: OperationWait
    faults: Sequence[Fault]
    entry: RequestEntry


class Emulator:
    """
    Answers requests, synchronously and without sleeping.

    An answer has the delays that it needs as fields; the transport (`server`, `inprocess`) waits.

    Args:
        environment: environment that the requests read and write
        is_open: whether requests are served without tokens
    """

    def __init__(self, environment: Environment, *, is_open: bool = True) -> None:
        self.environment = environment
        self.access = Access(environment, is_open=is_open)
        self.faults = FaultInjection(environment, self._send)
        self._dispatch = Dispatch(environment, self.access)
        self._log = RequestLog(environment)
        self._control = Control(environment, self.access, self.faults)
        load_handlers()

    def handle(self, request: Request, *, is_trusted: bool = False) -> Answer:
        """
        Answer a request at once, also a request that could wait for an operation.

        Args:
            request: request
            is_trusted: whether the request comes from the emulator itself and needs no token
        """
        begun = self.begin(request, is_trusted=is_trusted)
        if not isinstance(begun, Waiting):
            return begun
        if self.environment.clock.is_manual:
            self.pass_wait(begun)
        return self.finish(begun)

    def pass_wait(self, waiting: Waiting, patience_s: float = inf) -> bool:
        """
        Move a clock that is moved by hand to the end of a wait.

        Args:
            waiting: request that waits
            patience_s: virtual seconds after which the client hangs up

        Returns:
            Whether the client is still there.
        """
        environment, path = self.environment, waiting.wait.path
        end_s = environment.now_s + patience_s
        while (left_s := wait_left_s(waiting.wait, environment.operation(path), environment.now_s)) > 0:
            if environment.now_s >= end_s:
                return False
            next_change_s = max(environment.next_s() - environment.now_s, _SHORTEST_STEP_S)
            environment.clock.move(min(left_s, end_s - environment.now_s, next_change_s))
            environment.advance()
        return True

    def begin(self, request: Request, *, is_trusted: bool = False) -> Answer | Waiting:
        """Answer a request, or begin its wait; when this returns, its changes are durable, or undone."""
        try:
            begun = self._begin(request, is_trusted=is_trusted)
        except Exception as error:  # noqa: BLE001 - a server answers and logs defects
            begun = self._failed(error, f"{request.verb} {request.path}")
        return begun if isinstance(begun, Waiting) else dated(begun, self.environment.clock.date_s())

    def finish(self, waiting: Waiting) -> Answer:
        """Answer a request whose wait has ended, with its operation as it is now."""
        try:
            self.environment.advance()
            answer = with_faults(self._operation_answer(waiting), waiting.faults)
            answer = self._logged(answer, waiting.faults, waiting.entry)
            self.environment.store.commit()
        except Exception as error:  # noqa: BLE001 - a server answers and logs defects
            answer = self._failed(error, f"{waiting.entry.verb} {waiting.entry.path}")
        return dated(answer, self.environment.clock.date_s())

    def restore(self) -> None:
        """Return to the last saved state of the store, after a write that could not be saved."""
        self.environment.restore()
        self.faults.reload()
        self.access.reload()

    def _begin(self, request: Request, *, is_trusted: bool) -> Answer | Waiting:
        self.environment.advance()
        if is_control_path(request.path):
            return self._control.handle(request)
        self.faults.keep_view()
        route = find_route(request.verb, request.path)
        faults = self.faults.count_call(route.method.name) if route else []
        if faults:
            self.faults.save()
        begun = self._served(request, route, faults, is_trusted=is_trusted)
        self.environment.store.commit()
        return begun

    def _served(
        self, request: Request, route: Route | None, faults: Sequence[Fault], *, is_trusted: bool
    ) -> Answer | Waiting:
        """Answer a request under its faults, and append its entry to the request log."""
        entry = self._log.entry(request, route.method.name if route else "", faults)
        answer = injected_answer(faults)
        if answer is None:
            try:
                view = self.faults.view(faults)
                result = self._dispatch.result(request, route, faults, view, entry, is_trusted=is_trusted)
            except ApiError as error:
                entry.reason = error.reason
                answer = error_answer(error)
            else:
                if isinstance(result, OperationWait):
                    return Waiting(result, faults, entry)
                answer = json_answer(200, encoded(result))
            answer = with_faults(answer, faults)
        return self._logged(answer, faults, entry)

    def _operation_answer(self, waiting: Waiting) -> Answer:
        now_s, path = self.environment.now_s, waiting.wait.path
        operation = self.environment.operation(path)
        if operation is None or has_vanished(operation, now_s):
            error = not_found(path)
            waiting.entry.reason = error.reason
            return error_answer(error)
        return json_answer(200, encoded(render(operation, now_s)))

    def _logged(self, answer: Answer, faults: Sequence[Fault], entry: RequestEntry) -> Answer:
        answer = with_delays(answer, faults, self.environment.clock.date_s())
        self._log.append(entry, answer)
        return answer

    def _send(self, planned: PlannedRequest) -> None:
        """Send a request of a fault plan to the emulator itself; no fault applies to the request."""
        body = b"" if planned.body is None else json.dumps(planned.body).encode()
        request = Request(planned.verb, "/" + planned.path.lstrip("/"), {"user-agent": "fault plan"}, body)
        if is_control_path(request.path):
            self._control.handle(request)
            return
        begun = self._served(request, find_route(request.verb, request.path), (), is_trusted=True)
        if isinstance(begun, Waiting):
            self._logged(self._operation_answer(begun), (), begun.entry)

    def _failed(self, error: Exception, where: str) -> Answer:
        """Answer a request that an unexpected error ended, and undo its writes."""
        if isinstance(error, StateError):
            _LOG.error("%s", error)
            shown = unavailable(str(error))
        else:
            _LOG.error("%s", where, exc_info=error)
            shown = internal(f"A defect of the emulator: {error!r:.200}.")
        with suppress(StateError):
            self.restore()
        return error_answer(shown)
