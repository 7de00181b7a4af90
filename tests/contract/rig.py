"""A client of the emulator over either transport, with the requests that tests use."""

import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

Json = dict[str, Any]
PROJECT: Final = "demo"
REGION: Final = "asia-northeast3"
ZONE: Final = f"{REGION}-a"
HOME: Final = f"/compute/v1/projects/{PROJECT}"
TEMPLATES: Final = f"{HOME}/global/instanceTemplates"
GROUPS: Final = f"{HOME}/zones/{ZONE}/instanceGroupManagers"
GROUP: Final = f"{GROUPS}/web"
CHECKS: Final = f"{HOME}/global/healthChecks"
LINKS: Final = f"https://www.googleapis.com/compute/v1/projects/{PROJECT}"
_ZONAL: Final = re.compile(rf"zones/{ZONE}/(?=(?:instanceGroupManagers|instanceGroups|autoscalers)\b)")
_REGIONAL_NAMES: Final = {
    "instanceGroup": "regionInstanceGroup", "autoscalers": "regionAutoscalers", "zoneOp": "regionOp",
}  # fmt: skip
_PATIENCE_S: Final = 900  # virtual; a test fails after this time

ROLL: Final[Json] = {
    "type": "PROACTIVE", "minimalAction": "REPLACE", "mostDisruptiveAllowedAction": "REPLACE",
    "replacementMethod": "SUBSTITUTE", "maxSurge": {"fixed": 1}, "maxUnavailable": {"fixed": 0},
}  # fmt: skip


@dataclass
class EmulatorClient:
    """
    A client of the emulator of a test.

    Args:
        http: HTTP client without a token
        speed: virtual seconds per real second; None for a clock that is moved by hand
        google: returns a client of google-cloud-compute, given its class
        url: URL of the emulator; empty in-process
        headers: headers of each request
        is_regional: whether requests for the zonal group go to a regional group of its zone
    """

    http: httpx.Client
    speed: float | None
    google: Callable[[type], Any]
    url: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    is_regional: bool = False

    def send(self, verb: str, path: str, body: Any = None) -> httpx.Response:
        """Send a request, and return its answer, an error too."""
        if self.is_regional:
            if verb == "POST" and path == GROUPS and isinstance(body, dict):
                body = {"distributionPolicy": {"zones": [{"zone": f"zones/{ZONE}"}]}} | body
            path, body = self._in_region(path), json.loads(self._in_region(json.dumps(body)))
        return self.http.request(verb, path, json=body, headers=self.headers)

    def ask(self, verb: str, path: str, body: Any = None) -> Json:
        """Send a request that must succeed; return the JSON of its answer."""
        answer = self.send(verb, path, body)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def get(self, path: str) -> Json:
        """Return a resource that must exist."""
        return self.ask("GET", path)

    def do(self, verb: str, path: str, body: Any = None) -> Json:
        """Send a write, and wait until its operation is done without an error; return the operation."""
        operation = self.finish(self.ask(verb, path, body))
        assert "error" not in operation, operation
        return operation

    def finish(self, operation: Json) -> Json:
        """Wait until an operation is done, with or without an error; return the operation."""
        for _ in range(60):
            if operation["status"] == "DONE":
                return operation
            path = operation["selfLink"].removeprefix("https://www.googleapis.com")
            operation = self.ask("POST", f"{path}/wait")
        raise AssertionError(operation)

    def refused(self, verb: str, path: str, body: Any = None) -> tuple[int, str, str]:
        """Send a request that must fail; return status, reason and message."""
        answer = self.send(verb, path, body)
        error = answer.json()["error"]
        assert error["code"] == answer.status_code >= 400, answer.text
        assert error["errors"][0]["message"] == error["message"]
        assert error["errors"][0]["domain"] == "global"
        return answer.status_code, error["errors"][0]["reason"], error["message"]

    def control(self, verb: str, path: str, body: Any = None) -> Any:
        """Send a request to a control route; return the JSON of its answer."""
        if self.is_regional:
            body = json.loads(self._in_region(json.dumps(body)))
        answer = self.http.request(verb, f"/emulator/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def plan(self, *faults: Json) -> int:
        """Create a fault plan; return its number."""
        named = [fault | {"on": self.method(fault["on"])} if "on" in fault else fault for fault in faults]
        return int(self.control("POST", "faults", {"faults": named})["id"])

    def method(self, name: str) -> str:
        """Return the method that a test calls: of the regional group if the requests go there."""
        return regional_method(name) if self.is_regional else name

    def _in_region(self, text: str) -> str:
        return _ZONAL.sub(f"regions/{REGION}/", text)

    def fired(self, plan: int) -> list[int]:
        """Return how often each fault of a plan happened."""
        return list(self.control("GET", f"faults/{plan}")["fired"])

    def request_log(self, kind: str) -> list[Json]:
        """Return the entries of the request log of a kind."""
        answer = self.http.get(f"/emulator/request-log?kind={kind}")
        return [json.loads(line) for line in answer.text.splitlines()]

    def now_s(self) -> float:
        """Return the virtual time."""
        return float(self.control("GET", "clock")["now_s"])

    def pass_time(self, seconds: float) -> None:
        """Let virtual seconds pass."""
        if self.speed is None:
            self.control("POST", "clock", {"advance_s": seconds})
            return
        until = self.now_s() + seconds
        while (left_s := until - self.now_s()) > 0:
            time.sleep(left_s / self.speed)

    def group(self, path: str = GROUP) -> Json:
        """Return a group."""
        return self.get(path)

    def rows(self, path: str = GROUP) -> list[Json]:
        """Return the rows of a group's instances."""
        return list(self.ask("POST", f"{path}/listManagedInstances").get("managedInstances", []))

    def moments(self, path: str = GROUP) -> Iterator[Json]:
        """Yield the group about once a virtual second until the time limit of a test."""
        for _ in range(_PATIENCE_S):
            document = self.group(path)
            yield document
            if self.speed is None:
                self.pass_time(1.0)
            else:
                time.sleep(1.0 / self.speed)
        raise AssertionError(document)

    def until(self, holds: Callable[[Json], bool], path: str = GROUP) -> Json:
        """Wait until a condition holds for a group; return the group."""
        return next(document for document in self.moments(path) if holds(document))

    def settled(self, path: str = GROUP) -> Json:
        """Wait until a group is stable on its versions."""
        return self.until(lambda group: all(flags(group)), path)

    def until_row(self, holds: Callable[[Json], bool], path: str = GROUP) -> Json:
        """Wait until a condition holds for an instance; return its row."""
        rows = (row for _ in self.moments(path) for row in self.rows(path))
        return next(filter(holds, rows))

    def template(self, name: str, **properties: Any) -> str:
        """Create a template; return its link."""
        items = [{"key": "startup-script", "value": f"#!/bin/sh\ndocker run registry.test/web:{name}\n"}]
        given = {"machineType": "e2-small", "metadata": {"items": items}} | properties
        return str(self.do("POST", TEMPLATES, {"name": name, "properties": given})["targetLink"])

    def web(self, size: int = 1, *, check: bool = True, **more: Any) -> Json:
        """Create the group `web` on the template `old`, with a health check or not, and wait until it has settled."""
        if check:
            self.do("POST", CHECKS, {"name": "up", "type": "HTTP", "httpHealthCheck": {"port": 80}})
            more = {"autoHealingPolicies": [{"healthCheck": "global/healthChecks/up", "initialDelaySec": 60}]} | more
        policy = ROLL | more.pop("updatePolicy", {})
        body = {"name": "web", "targetSize": size, "instanceTemplate": self.template("old"), "updatePolicy": policy}
        self.do("POST", GROUPS, body | more)
        return self.settled()

    def roll(self, template: str, **policy: Any) -> Json:
        """Patch the group `web` to a template, with the whole update policy."""
        return self.do("PATCH", GROUP, {"versions": [{"instanceTemplate": template}], "updatePolicy": ROLL | policy})


def regional_method(name: str) -> str:
    """Return the method for regions that a method for zones has; any other method is returned unchanged."""
    if name.endswith("aggregatedList"):
        return name
    return re.sub(r"^(instanceGroup|autoscalers|zoneOp)", lambda match: _REGIONAL_NAMES[match[1]], name)


def actions(document: Json) -> Json:
    """Return the counters of a group that are not 0."""
    return {key: count for key, count in document["currentActions"].items() if count}


def flags(document: Json) -> tuple[bool, bool]:
    """Return isStable and isReached of a group."""
    return document["status"]["isStable"], document["status"]["versionTarget"]["isReached"]


def name_of(link: str) -> str:
    """Return the last segment of a link."""
    return link.rpartition("/")[2]


def templates_of(rows: list[Json]) -> list[str]:
    """Return the names of the intended templates of a group's instances."""
    return sorted(name_of(row["version"]["instanceTemplate"]) for row in rows if "version" in row)


def names(pager: Any) -> list[str]:
    """Return the names of the resources of a list of google-cloud-compute; of all scopes if the list is aggregated."""
    resource_names: list[str] = []
    for entry in pager:
        if isinstance(entry, tuple):
            _, scoped = entry
            lists = [value for value in type(scoped).to_dict(scoped).values() if isinstance(value, list)]
            resource_names += [str(resource["name"]) for resources in lists for resource in resources]
        else:
            resource_names.append(entry.name)
    return resource_names
