"""
The control routes, below `/emulator/`: a real client never needs them.

    GET  clock                          POST clock {"advance_s": 30} or {"skew_s": -600}
    GET  faults      POST faults PLAN   DELETE faults                     DELETE ends all plans
    GET  faults/ID   DELETE faults/ID
    GET  instance-rules                 POST instance-rules RULE          DELETE instance-rules
    POST crash {"instance": NAME}                                         its application stops answering now
    GET  bindings    POST bindings {"image": …, "url": …}                 DELETE bindings?image=…
                     POST bindings {"image": …, "hook": "http://127.0.0.1:PORT/"}   emulator/server/hook_calls.py
    GET  permissions PUT permissions {"denied": […], "conditional": {"-0000": […]}, "disabled_apis": […]}
    PUT  capacity {"ZONE": instances}   POST autoscaler {"autoscaler": PATH, "size": N}
    GET  tokens      DELETE tokens                                        the job's request token; expire all tokens
    GET  request-log?after=N&kind=group GET state                         GET replay.html
"""

import json
import re
from collections.abc import Callable
from typing import Any

from pydantic import ValidationError

from emulator.api.access import Access
from emulator.api.errors import ApiError, invalid, malformed, not_found
from emulator.api.fault_injection import FaultInjection
from emulator.api.faults import PlanRequest
from emulator.api.messages import Answer, Request
from emulator.control import bodies, console
from emulator.control.instances import InstanceControl
from emulator.environment.environment import Environment
from emulator.environment.instance_rules import InstanceRule

Routes = dict[tuple[str, str], Callable[[], Any]]


def is_control_path(path: str) -> bool:
    """Return whether a path is the console's, `/`, or below `/emulator`."""
    return path == "/" or path.startswith("/emulator")


class Control:
    """
    Serves the routes above.

    Args:
        environment: environment that the routes read and change
        access: tokens and permissions
        faults: fault plans
    """

    def __init__(self, environment: Environment, access: Access, faults: FaultInjection) -> None:
        self._environment = environment
        self._access = access
        self._faults = faults
        self._instances = InstanceControl(environment)

    def handle(self, request: Request) -> Answer:
        """Answer a request to `/` or below `/emulator/`."""
        query = request.query
        name, _, rest = request.path.strip("/").removeprefix("emulator").strip("/").partition("/")
        try:
            if request.verb == "GET" and name in ("", "replay.html", "request-log"):
                return self._text(name, query)
            result = self._result(request.verb, name, rest, query, request.body)
            status = 200
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            status, result = 400, malformed(f"{where}: {first['msg']}").body()
        except ApiError as error:
            status, result = error.code, error.body()
        self._environment.store.commit()
        return Answer(status, json.dumps(result).encode(), {"content-type": "application/json"})

    def _result(self, verb: str, name: str, rest: str, query: dict[str, str], body: bytes) -> Any:
        routes: Routes = {
            ("GET", "clock"): self._clock,
            ("POST", "clock"): lambda: self._change_clock(bodies.ClockChange.model_validate_json(body)),
            **self._fault_routes(rest, body),
            **self._instance_routes(query, body),
            **self._access_routes(body),
            ("GET", "state"): lambda: console.state(self._environment, self._faults.plans),
        }
        route = routes.get((verb, name))
        if route is None:
            raise not_found(f"emulator/{name}")
        return route()

    def _fault_routes(self, rest: str, body: bytes) -> Routes:
        return {
            ("GET", "faults"): lambda: self._plan(rest) if rest else self._faults.plans.dump(),
            ("POST", "faults"): lambda: self._create_plan(PlanRequest.model_validate_json(body)),
            ("DELETE", "faults"): lambda: self._delete_plan(rest) if rest else self._delete_plans(),
        }

    def _instance_routes(self, query: dict[str, str], body: bytes) -> Routes:
        instances = self._instances
        return {
            ("GET", "instance-rules"): instances.rules,
            ("POST", "instance-rules"): lambda: instances.add_rule(InstanceRule.model_validate_json(body)),
            ("DELETE", "instance-rules"): instances.delete_rules,
            ("POST", "crash"): lambda: instances.crash(bodies.Crash.model_validate_json(body)),
            ("GET", "bindings"): instances.bindings,
            ("POST", "bindings"): lambda: instances.bind(bodies.BindingRequest.model_validate_json(body)),
            ("DELETE", "bindings"): lambda: instances.unbind(query.get("image", "")),
            ("PUT", "capacity"): lambda: instances.limit(
                bodies.Capacity.model_validate_json(b'{"zones":' + (body or b"{}") + b"}")
            ),
            ("POST", "autoscaler"): lambda: instances.scale(bodies.Recommendation.model_validate_json(body)),
        }

    def _access_routes(self, body: bytes) -> Routes:
        return {
            ("GET", "permissions"): self._permissions,
            ("PUT", "permissions"): lambda: self._deny(bodies.Permissions.model_validate_json(body)),
            ("GET", "tokens"): lambda: {"request_token": self._access.tokens.request_token},
            ("DELETE", "tokens"): self._expire_tokens,
        }

    def _text(self, name: str, query: dict[str, str]) -> Answer:
        store = self._environment.store
        if name == "request-log":
            entries = store.entries(_number("after", query.get("after") or "0"), query.get("kind", ""))
            lines = "".join(json.dumps(entry) + "\n" for entry in entries)
            return Answer(200, lines.encode(), {"content-type": "application/jsonl"})
        if name == "replay.html":
            state = console.state(self._environment, self._faults.plans)
            page = console.replay(list(store.entries(kind="group")), state)
        else:
            page = console.live()
        return Answer(200, page.encode(), {"content-type": "text/html; charset=utf-8"})

    def _clock(self) -> dict[str, Any]:
        clock = self._environment.clock
        return {"now_s": self._environment.now_s, "speed": clock.speed, "manual": clock.is_manual}

    def _change_clock(self, change: bodies.ClockChange) -> dict[str, Any]:
        clock = self._environment.clock
        if change.advance_s and not clock.is_manual:
            raise ApiError(400, "invalid", "The clock runs by itself; start with --manual to move it by hand.")
        clock.move(change.advance_s)
        if change.skew_s is not None:
            clock.skew_s = change.skew_s
        self._environment.advance()
        return self._clock()

    def _plan(self, number: str) -> dict[str, Any]:
        plan = self._faults.plans.get(_number("fault", number))
        if plan is None:
            raise not_found(f"emulator/faults/{number}")
        return plan.dump()

    def _create_plan(self, request: PlanRequest) -> dict[str, Any]:
        plan = self._faults.plans.create(request)
        self._faults.save()
        return plan.dump()

    def _delete_plan(self, number: str) -> dict[str, Any]:
        plan = self._plan(number)
        self._faults.plans.delete(plan["id"])
        self._faults.save()
        return plan

    def _delete_plans(self) -> list[dict[str, Any]]:
        plans = self._faults.plans.clear()
        self._faults.save()
        return plans

    def _permissions(self) -> dict[str, Any]:
        access = self._access
        return {
            "denied": sorted(access.denied),
            "conditional": access.conditional,
            "disabled_apis": access.disabled_apis,
        }

    def _deny(self, permissions: bodies.Permissions) -> dict[str, Any]:
        self._access.deny(permissions.denied, permissions.conditional, permissions.disabled_apis)
        return self._permissions()

    def _expire_tokens(self) -> dict[str, Any]:
        self._access.tokens.expire_all()
        return {}


def _number(name: str, text: str) -> int:
    if not re.fullmatch("[0-9]{1,18}", text, re.ASCII):
        raise invalid(name, f"{text:.80}", "Must be a number of 1 to 18 digits.")
    return int(text)
