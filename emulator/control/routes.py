"""
The emulator's own routes, below `/emulator/`, which no real client needs.

    GET  clock                          POST clock {"advance_s": 30} or {"skew_s": -600}
    GET  faults      POST faults PLAN   DELETE faults            DELETE takes all plans
    GET  faults/ID   DELETE faults/ID
    GET  machines    POST machines RULE DELETE machines          how machines to come behave
    POST crash {"machine": NAME}                                 its application stops answering now
    GET  ties        POST ties {"image": …, "url": …}            DELETE ties?image=…
    GET  permissions PUT permissions {"denied": […]}
    PUT  capacity {"ZONE": machines}    POST autoscaler {"autoscaler": PATH, "size": N}
    GET  tokens      DELETE tokens                               the job's request token; let all tokens expire
    GET  ledger?after=N&kind=group      GET state                GET replay.html
"""

import json
import re
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from emulator.api.errors import ApiError, invalid, malformed, not_found, required
from emulator.api.faults import PlanRequest
from emulator.api.messages import Answer, Request
from emulator.api.methods.autoscalers import scale
from emulator.control import console
from emulator.environment.instance_controls import bound
from emulator.environment.instance_rules import Rule
from emulator.environment.links import project_of
from emulator.group.instances import Machine

if TYPE_CHECKING:
    from emulator.emulator import Api


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class _Clock(_Strict):
    advance_s: Annotated[float, Field(ge=0, le=10**8)] = 0.0
    skew_s: Annotated[float, Field(ge=-(10**8), le=10**8)] | None = None


class _Tie(_Strict):
    image: Annotated[str, Field(min_length=1)]
    url: Annotated[str, Field(pattern=r"^https?://")] = ""
    answers: bool | None = None


class _Denied(_Strict):
    denied: list[str]


class _Scale(_Strict):
    autoscaler: str
    size: Annotated[int, Field(ge=0, le=1_000)]


class _Crash(_Strict):
    machine: str


class _Capacity(_Strict):
    zones: dict[str, Annotated[int, Field(ge=0)]]


class Control:
    """
    Serves the routes above.

    Args:
        api: What it steers.
    """

    def __init__(self, api: "Api") -> None:
        self._api = api
        self._world = api.world

    def handle(self, request: Request) -> Answer:
        """Answer a request to `/` or below `/emulator/`."""
        query = request.query
        name, _, rest = request.path.strip("/").removeprefix("emulator").strip("/").partition("/")
        try:
            if request.verb == "GET" and name in ("", "replay.html", "ledger"):
                return self._text(name, query)
            result = self._route(request.verb, name, rest, query, request.body)
            status = 200
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            status, result = 400, malformed(f"{where}: {first['msg']}").body()
        except ApiError as error:
            status, result = error.code, error.body()
        self._world.store.commit()
        return Answer(status, json.dumps(result).encode(), {"content-type": "application/json"})

    def _route(self, verb: str, name: str, rest: str, query: dict[str, str], body: bytes) -> Any:
        routes: dict[tuple[str, str], Callable[[], Any]] = {
            ("GET", "clock"): self._clock,
            ("POST", "clock"): lambda: self._move(_Clock.model_validate_json(body)),
            ("GET", "faults"): lambda: self._plan(rest) if rest else self._api.faults.dump(),
            ("POST", "faults"): lambda: self._make_plan(PlanRequest.model_validate_json(body)),
            ("DELETE", "faults"): lambda: self._delete_plan(rest) if rest else self._delete_plans(),
            ("GET", "machines"): self._rules,
            ("POST", "machines"): lambda: self._set_rules(
                [*self._world.circumstances.rules, Rule.model_validate_json(body)]
            ),
            ("DELETE", "machines"): lambda: self._set_rules([]),
            ("POST", "crash"): lambda: self._crash(_Crash.model_validate_json(body).machine),
            ("GET", "ties"): lambda: [asdict(bound) for bound in self._world.circumstances.bounds.values()],
            ("POST", "ties"): lambda: self._tie(_Tie.model_validate_json(body)),
            ("DELETE", "ties"): lambda: self._untie(query.get("image", "")),
            ("GET", "permissions"): lambda: {"denied": sorted(self._api.denied)},
            ("PUT", "permissions"): lambda: self._deny(_Denied.model_validate_json(body).denied),
            ("PUT", "capacity"): lambda: self._limit(
                _Capacity.model_validate_json(b'{"zones":' + (body or b"{}") + b"}")
            ),
            ("POST", "autoscaler"): lambda: self._scale(_Scale.model_validate_json(body)),
            ("GET", "tokens"): lambda: {"request_token": self._api.tokens.request_token},
            ("DELETE", "tokens"): self._expire_tokens,
            ("GET", "state"): lambda: console.state(self._world, self._api.faults),
        }
        found = routes.get((verb, name))
        if found is None:
            raise not_found(f"emulator/{name}")
        return found()

    def _text(self, name: str, query: dict[str, str]) -> Answer:
        if name == "ledger":
            entries = self._world.store.entries(_number("after", query.get("after") or "0"), query.get("kind", ""))
            lines = "".join(json.dumps(entry) + "\n" for entry in entries)
            return Answer(200, lines.encode(), {"content-type": "application/jsonl"})
        if name == "replay.html":
            page = console.replay(
                list(self._world.store.entries(kind="group")), console.state(self._world, self._api.faults)
            )
        else:
            page = console.live()
        return Answer(200, page.encode(), {"content-type": "text/html; charset=utf-8"})

    def _clock(self) -> dict[str, Any]:
        clock = self._world.clock
        return {"now_s": self._world.now_s, "speed": clock.speed, "manual": clock.is_manual}

    def _move(self, asked: _Clock) -> dict[str, Any]:
        if asked.advance_s and not self._world.clock.is_manual:
            raise ApiError(400, "invalid", "The clock runs by itself; start with --manual to move it by hand.")
        self._world.clock.move(asked.advance_s)
        if asked.skew_s is not None:
            self._api.skew_s = asked.skew_s
        self._world.advance()
        return self._clock()

    def _plan(self, number: str) -> dict[str, Any]:
        plan = self._api.faults.get(_number("fault", number))
        if plan is None:
            raise not_found(f"emulator/faults/{number}")
        return plan.dump()

    def _make_plan(self, asked: PlanRequest) -> dict[str, Any]:
        plan = self._api.faults.create(asked)
        self._world.store.put_setting("faults", self._api.faults.dump())
        return plan.dump()

    def _delete_plan(self, number: str) -> dict[str, Any]:
        plan = self._plan(number)
        self._api.faults.delete(plan["id"])
        self._world.store.put_setting("faults", self._api.faults.dump())
        return plan

    def _delete_plans(self) -> list[dict[str, Any]]:
        plans = self._api.faults.clear()
        self._world.store.put_setting("faults", [])
        return plans

    def _rules(self) -> list[dict[str, Any]]:
        return [rule.model_dump(exclude_none=True, exclude_defaults=True) for rule in self._world.circumstances.rules]

    def _set_rules(self, rules: list[Rule]) -> list[dict[str, Any]]:
        self._world.circumstances.set_rules(rules)
        return self._rules()

    def _expire_tokens(self) -> dict[str, Any]:
        self._api.tokens.expire_all()
        return {}

    def _crash(self, name: str) -> dict[str, Any]:
        for path, group in self._world.view.groups.items():
            for machine in group.machines:
                if machine.name == name:
                    machines = tuple(self._crashed(one) if one.name == name else one for one in group.machines)
                    self._world.set_group(path, replace(group, machines=machines, at_s=self._world.now_s))
                    return {"machine": name}
        raise not_found(f"instances/{name}")

    def _crashed(self, machine: Machine) -> Machine:
        behaviour = machine.behaviour
        if machine.running_at_s < 0 or behaviour.answer_s is None:
            return machine
        lived_s = max(0.0, self._world.now_s - machine.running_at_s - behaviour.answer_s)
        return replace(machine, behaviour=replace(behaviour, crash_after_s=lived_s))

    def _tie(self, asked: _Tie) -> dict[str, Any]:
        if not asked.url and asked.answers is None:
            raise required("url")
        known = self._world.circumstances.bounds.get(asked.image)
        container = bound(known, asked.image, asked.url, asked.answers, self._world.now_s)
        self._world.bind(container)
        return asdict(container)

    def _untie(self, image: str) -> dict[str, Any]:
        known = self._world.circumstances.bounds.get(image)
        if known is None:
            raise not_found(f"emulator/ties/{image}")
        self._world.bind(replace(known, is_probed=False))
        return asdict(self._world.circumstances.bounds[image])

    def _deny(self, denied: list[str]) -> dict[str, Any]:
        self._api.denied = set(denied)
        self._world.store.put_setting("denied", sorted(denied))
        return {"denied": sorted(denied)}

    def _limit(self, asked: _Capacity) -> dict[str, int]:
        self._world.circumstances.set_capacity(asked.zones)
        return self._world.circumstances.capacity

    def _scale(self, asked: _Scale) -> dict[str, Any]:
        path = asked.autoscaler.strip("/")
        autoscaler = self._world.view.get(path) if "/" in path else None
        if autoscaler is None:
            raise not_found(path)
        scale(self._world, autoscaler, asked.size)
        return {"project": project_of(path)}


def _number(name: str, text: str) -> int:
    if not re.fullmatch("[0-9]{1,18}", text, re.ASCII):
        raise invalid(name, f"{text:.80}", "Must be a number of 1 to 18 digits.")
    return int(text)
