"""
One request after the other: route, faults, token, permission, handler, ledger, commit.

Everything here is synchronous and never sleeps, so that two requests can't get in each other's way; what an answer
has to wait for stands in the answer, and the transport (`server`, `inprocess`) waits.
"""

import json
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

from emulator.api.answers import answered, dated, injected, spoiled, timed
from emulator.api.calls import HANDLERS, Call, Handler, check_params, check_request_id
from emulator.api.errors import ApiError, forbidden, internal, not_implemented, unavailable
from emulator.api.faults import Fault, Faults
from emulator.api.faults import Request as FaultRequest
from emulator.api.messages import Answer, Request, decoded, encoded
from emulator.api.methods import load_handlers
from emulator.api.permissions import permission, tested
from emulator.api.routing import Route, route
from emulator.api.schema.check import check_body, check_query
from emulator.api.tokens import Tokens
from emulator.control.routes import Control
from emulator.environment.environment import World
from emulator.environment.links import PROJECT
from emulator.environment.operations import Operation, render
from emulator.environment.store import Document, StateError, View

_LOG: Final = logging.getLogger("emulator")


class Api:
    """
    The whole emulator, without a socket.

    Args:
        world: What it serves.
        is_open: Serve without tokens.
    """

    def __init__(self, world: World, *, is_open: bool = True) -> None:
        self.world = world
        self.is_open = is_open
        self.skew_s = 0.0
        self.tokens = Tokens(clock=lambda: time.time() + self.skew_s)
        self._login: dict[str, Callable[[dict[str, str], str, bytes], Document]] = {
            "github.oidc": lambda query, authorization, _: self.tokens.oidc(query, authorization),
            "sts.token": lambda _, __, body: self.tokens.exchange(body),
            "iamcredentials.generateAccessToken": lambda _, authorization, body: self.tokens.impersonate(
                body, authorization
            ),
        }
        self.faults = Faults(world.store.setting("faults", []))
        self.denied: set[str] = set(world.store.setting("denied", []))
        self.control = Control(self)
        self._history: list[tuple[float, View]] = []
        self._depth = 0
        world.watchers.append(self._moment)
        load_handlers()

    def handle(self, request: Request) -> Answer:
        """Answer a request; whatever it changed is durable when this returns, or undone."""
        try:
            answer = self._handled(request)
        except StateError as error:
            _LOG.error("%s", error)
            answer = self._undone(unavailable(str(error)))
        except Exception as error:  # noqa: BLE001 - a server answers, and logs what it did not expect
            _LOG.exception("%s %s", request.verb, request.path)
            answer = self._undone(internal(f"A defect of the emulator: {error!r:.200}."))
        return dated(answer, self.date_s())

    def restore(self) -> None:
        """Bring everything back to what the store holds, after a write that could not be saved."""
        self.world.restore()
        self.faults = Faults(self.world.store.setting("faults", []))
        self.denied = set(self.world.store.setting("denied", []))

    def _undone(self, error: ApiError) -> Answer:
        with suppress(StateError):
            self.restore()
        return answered(error.code, encoded(error.body()))

    def _handled(self, request: Request) -> Answer:
        self.world.advance()
        if request.path == "/" or request.path.startswith("/emulator"):
            return self.control.handle(request)
        self._remember()
        found = route(request.verb, request.path)
        name = found.method.name if found else ""
        faults = self.faults.on(name) if name else []
        for fault in faults:
            if fault.request:
                self._request(fault.request)
        entry: dict[str, Any] = {
            "kind": "request",
            "at_s": round(self.world.now_s, 3),
            "method": name,
            "verb": request.verb,
        }
        entry |= {"path": request.target, "client": request.headers.get("user-agent", "")[:80]}
        answer = self._answer(request, found, faults, entry)
        self.world.store.append(entry | {"status": 0 if answer.is_cut or answer.hangs else answer.status})
        if faults:
            self.world.store.put_setting("faults", self.faults.dump())
        self.world.store.commit()
        return answer

    def _answer(self, request: Request, found: Route | None, faults: list[Fault], entry: dict[str, Any]) -> Answer:
        """Answer a request under its faults."""
        if faults:
            entry["faults"] = [fault.model_dump(exclude_defaults=True, exclude={"on", "nth"}) for fault in faults]
        answer = injected(faults)
        if answer is None:
            try:
                answer = answered(200, encoded(self._result(request, found, faults, entry)))
            except ApiError as error:
                entry["reason"] = error.reason
                answer = answered(error.code, encoded(error.body()))
            if found and found.method.name.endswith("Operations.wait") and answer.status == 200:
                answer = replace(answer, waits_for=request.target)
            answer = spoiled(answer, faults)
        return timed(answer, faults, self.date_s())

    def date_s(self) -> float:
        """Return the seconds since 1970 that answers are dated by: virtual ones on a clock that is moved by hand."""
        clock = self.world.clock
        return self.skew_s + (clock.now_s() if clock.is_manual else time.time())

    def _result(self, request: Request, found: Route | None, faults: list[Fault], entry: dict[str, Any]) -> Document:
        """Return the JSON of an answer, or raise what is wrong with the request."""
        query = request.query
        if found is None:
            entry["unknown"] = True
            raise not_implemented(request.verb, request.path, "")
        name, authorization = found.method.name, request.headers.get("authorization", "")
        if name in self._login:
            return self._login[name](query, authorization, request.body)
        if not self.is_open:
            self.tokens.check(authorization)
        body = decoded(request.body)
        if name == "cloudresourcemanager.testIamPermissions":
            return tested(body, self.denied)
        handler = HANDLERS.get(name)
        if handler is None or not PROJECT.fullmatch(found.params["project"]):
            entry["unknown"] = True
            raise not_implemented(request.verb, request.path, name)
        if permission(name) in self.denied:
            raise forbidden(permission(name), request.path.removeprefix("/compute/v1").strip("/"))
        call = self._call(found, query, body, faults)
        result = self._written(call, handler, faults) if found.method.changes else handler(call)
        if call.notes:
            entry["notes"] = call.notes
        if isinstance(result, Operation):
            entry["operation"] = result.path
            return render(result, self.world.now_s)
        return result

    def _call(self, found: Route, query: dict[str, str], body: Any, faults: list[Fault]) -> Call:
        """Return a request, checked."""
        check_params(found.params)
        call = Call(self.world, self._seen(faults), found.method, found.params, check_query(found.method, query))
        if call.request_id:
            check_request_id(call.request_id)
        if found.method.body:
            checked = check_body(found.method.body, body if body is not None else {})
            call.body, call.notes = checked.body, checked.notes
        call.unreachable = frozenset(fault.unreachable for fault in faults if fault.unreachable)
        return call

    def _written(self, call: Call, handler: Handler, faults: list[Fault]) -> Document | Operation:
        """Perform a write once: a known requestId gives its first operation again, a faulty one may be undone."""
        replayed = self._replayed(call)
        if replayed is not None:
            return replayed
        fault = next((fault.operation for fault in faults if fault.operation), None)
        if fault is not None:
            ends = {"ends_at_s": None} if fault.hang else {}
            vanishes = {"vanishes_at_s": self.world.now_s} if fault.vanish else {}
            call.fault = {
                "error": fault.error, "message": fault.message, "has_http_code": fault.has_http_code,
                "warning": fault.warning, **ends, **vanishes,
            }  # fmt: skip
        undo = self.world.store.mark() if fault and (fault.error or fault.hang) and not fault.commit else None
        result = handler(call)
        if undo is not None and isinstance(result, Operation):
            undo()
            self.world.forget()
            self.world.put_operation(result)
        if isinstance(result, Operation) and call.request_id:
            path = f"{call.project}/requests/{call.request_id}"
            self.world.store.put(path, {"operation": result.path})
        return result

    def _replayed(self, call: Call) -> Operation | None:
        known = self.world.view.get(f"{call.project}/requests/{call.request_id}") if call.request_id else None
        return self.world.operation(known["operation"]) if known else None

    def _seen(self, faults: list[Fault]) -> View:
        """Return the world as a request sees it: older, if a fault makes reads lag."""
        lag_s = max((fault.lag_s for fault in faults), default=0.0)
        if not lag_s:
            return self.world.view
        past = [view for at_s, view in self._history if at_s <= self.world.now_s - lag_s]
        return past[-1] if past else self._history[0][1]

    def _remember(self) -> None:
        """Keep copies of the world as far back as lagging reads may look."""
        back_s = self.faults.needs_history_s()
        if not back_s:
            self._history.clear()
            return
        self._history.append((self.world.now_s, self.world.view.copy()))
        while len(self._history) > 1 and self._history[1][0] <= self.world.now_s - back_s:
            self._history.pop(0)

    def _moment(self, path: str, phase: str) -> None:
        """Set off what was planned for a group's coming into a phase."""
        for request in self.faults.at(path.rpartition("/")[2], phase):
            self._request(request)

    def _request(self, request: FaultRequest) -> None:
        """Make a request to ourselves; one that sets off another, that sets off another, ends at the fifth."""
        if self._depth >= 5:
            return
        self._depth += 1
        try:
            body = b"" if request.body is None else json.dumps(request.body).encode()
            inner = Request(request.verb, "/" + request.path.lstrip("/"), {"user-agent": "fault plan"}, body)
            if inner.path.startswith("/emulator"):
                self.control.handle(inner)
                return
            found = route(inner.verb, inner.path)
            entry: dict[str, Any] = {"kind": "request", "at_s": round(self.world.now_s, 3), "verb": request.verb}
            entry |= {"method": found.method.name if found else "", "path": inner.target, "client": "fault plan"}
            was_open, self.is_open = self.is_open, True
            try:
                answer = self._answer(inner, found, [], entry)
            finally:
                self.is_open = was_open
            self.world.store.append(entry | {"status": answer.status})
        finally:
            self._depth -= 1
