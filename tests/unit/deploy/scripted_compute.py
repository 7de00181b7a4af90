"""A Compute Engine whose answers a test writes down, for reads and writes that an emulator would not answer so."""

import json
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from deploy.compute_engine.client import Compute
from deploy.compute_engine.managed_group import ManagedGroup
from deploy.retry import Time
from tests.unit.deploy.test_cases import BASE
from tests.unit.deploy.values import CONFIG

GROUP: Final = f"zones/{CONFIG.zone}/instanceGroupManagers/{CONFIG.group}"
DONE: Final = {"name": "operation-1", "status": "DONE"}


def error(status: int, reason: str = "", text: str = "no") -> httpx.Response:
    """Return an answer that is an error."""
    return httpx.Response(status, json={"error": {"message": text, "errors": [{"reason": reason}]}})


def failed(code: str, text: str = "no") -> dict[str, Any]:
    """Return an operation that failed."""
    return DONE | {"error": {"errors": [{"code": code, "message": text}]}}


def group_document(**changes: Any) -> dict[str, Any]:
    """Return the document of the settled group of the cases, with changes of its members."""
    return {**deepcopy(BASE["group"]), **changes}


@dataclass
class ScriptedCompute:
    """
    The answers of a Compute Engine.

    Args:
        answers: answers by `VERB PATH`, in their order; the last one is repeated. A path is below the project.

    Attributes:
        requests: `VERB PATH` of each request.
        bodies: body of each write.
        now_s: time of the clock, which moves only while deploy waits.
    """

    answers: Mapping[str, list[Any]]
    requests: list[str] = field(default_factory=list)
    bodies: list[Any] = field(default_factory=list)
    now_s: float = 0.0

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Return the next answer to a request."""
        key = f"{request.method} {request.url.path.partition(f'/projects/{CONFIG.project}/')[2]}"
        self.requests.append(key)
        if request.content and not key.endswith("/listManagedInstances"):
            self.bodies.append(json.loads(request.content))
        answers = self.answers[key]
        answer = answers[min(self.requests.count(key), len(answers)) - 1]
        return answer if isinstance(answer, httpx.Response) else httpx.Response(200, json=answer)

    def managed(self) -> ManagedGroup:
        """Return the group of the cases, as these answers show it."""
        compute = Compute(
            httpx.Client(transport=httpx.MockTransport(self.answer)),
            "http://compute/compute/v1",
            CONFIG.project,
            dict,
            Time(lambda: self.now_s, self._sleep),
            dice=lambda: 0.5,
        )
        return ManagedGroup(compute, CONFIG.location, CONFIG.group)

    def _sleep(self, seconds: float) -> None:
        self.now_s += seconds


REGIONAL_TEMPLATES = f"GET regions/{CONFIG.location.region}/instanceTemplates"


def settled(**more: list[Any]) -> dict[str, list[Any]]:
    """Return the answers of a settled group."""
    return {
        f"GET {GROUP}": [group_document()],
        f"POST {GROUP}/listManagedInstances": [{"managedInstances": BASE["rows"]}],
        f"PATCH {GROUP}": [DONE],
        REGIONAL_TEMPLATES: [{}],
        **more,
    }
