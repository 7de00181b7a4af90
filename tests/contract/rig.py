"""A world of a test behind one of two transports, and the few words in which tests speak of it."""

import json
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
_PATIENCE_S: Final = 900  # virtual; whatever takes longer will not happen

ROLL: Final[Json] = {
    "type": "PROACTIVE", "minimalAction": "REPLACE", "mostDisruptiveAllowedAction": "REPLACE",
    "replacementMethod": "SUBSTITUTE", "maxSurge": {"fixed": 1}, "maxUnavailable": {"fixed": 0},
}  # fmt: skip


@dataclass
class Emulator:
    """
    An emulator and how a test reaches it.

    Args:
        http: Client of it, without a token.
        speed: Virtual seconds per second; None is a clock that is moved by hand.
        google: Makes a client of google-cloud-compute, given its class.
        url: Where it listens; empty in-process.
    """

    http: httpx.Client
    speed: float | None
    google: Callable[[type], Any]
    url: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def send(self, verb: str, path: str, body: Any = None) -> httpx.Response:
        """Send a request, and return whatever the answer is."""
        return self.http.request(verb, path, json=body, headers=self.headers)

    def ask(self, verb: str, path: str, body: Any = None) -> Json:
        """Send a request that must succeed."""
        answer = self.send(verb, path, body)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def get(self, path: str) -> Json:
        """Read a resource that must be there."""
        return self.ask("GET", path)

    def do(self, verb: str, path: str, body: Any = None) -> Json:
        """Send a write, and wait until its operation is done without an error."""
        operation = self.finish(self.ask(verb, path, body))
        assert "error" not in operation, operation
        return operation

    def finish(self, operation: Json) -> Json:
        """Wait until an operation is done, however it ends."""
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
        """Steer the emulator by its own routes."""
        answer = self.http.request(verb, f"/emulator/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def plan(self, *faults: Json) -> int:
        """Put a fault plan to work; returns its number."""
        return int(self.control("POST", "faults", {"faults": list(faults)})["id"])

    def fired(self, plan: int) -> list[int]:
        """Return how often each fault of a plan happened."""
        return list(self.control("GET", f"faults/{plan}")["fired"])

    def ledger(self, kind: str) -> list[Json]:
        """Return what the emulator wrote down."""
        answer = self.http.get(f"/emulator/ledger?kind={kind}")
        return [json.loads(line) for line in answer.text.splitlines()]

    def now_s(self) -> float:
        """Return the virtual time."""
        return float(self.control("GET", "clock")["now_s"])

    def pass_time(self, seconds: float) -> None:
        """Let virtual seconds go by."""
        if self.speed is None:
            self.control("POST", "clock", {"advance_s": seconds})
            return
        until = self.now_s() + seconds
        while (left_s := until - self.now_s()) > 0:
            time.sleep(left_s / self.speed)

    def group(self, path: str = GROUP) -> Json:
        """Read a group."""
        return self.get(path)

    def rows(self, path: str = GROUP) -> list[Json]:
        """Return the machines of a group."""
        return list(self.ask("POST", f"{path}/listManagedInstances").get("managedInstances", []))

    def moments(self, path: str = GROUP) -> Iterator[Json]:
        """Yield a group again and again, about a virtual second apart, for as long as a test may wait."""
        for _ in range(_PATIENCE_S):
            document = self.group(path)
            yield document
            if self.speed is None:
                self.pass_time(1.0)
            else:
                time.sleep(1.0 / self.speed)
        raise AssertionError(document)

    def until(self, holds: Callable[[Json], bool], path: str = GROUP) -> Json:
        """Wait until something holds of a group, and return it."""
        return next(document for document in self.moments(path) if holds(document))

    def settled(self, path: str = GROUP) -> Json:
        """Wait until a group is stable on its versions."""
        return self.until(lambda one: one["status"]["isStable"] and one["status"]["versionTarget"]["isReached"], path)

    def until_row(self, holds: Callable[[Json], bool], path: str = GROUP) -> Json:
        """Wait until something holds of a machine, and return its row."""
        rows = (row for _ in self.moments(path) for row in self.rows(path))
        return next(filter(holds, rows))

    def template(self, name: str, **properties: Any) -> str:
        """Make a template; returns its link."""
        items = [{"key": "startup-script", "value": f"#!/bin/sh\ndocker run registry.test/web:{name}\n"}]
        given = {"machineType": "e2-small", "metadata": {"items": items}} | properties
        return str(self.do("POST", TEMPLATES, {"name": name, "properties": given})["targetLink"])

    def web(self, size: int = 1, *, check: bool = True, **more: Any) -> Json:
        """Make the group `web` on the template `old`, with or without a health check, and wait until it stands."""
        if check:
            self.do("POST", CHECKS, {"name": "up", "type": "HTTP", "httpHealthCheck": {"port": 80}})
            more = {"autoHealingPolicies": [{"healthCheck": "global/healthChecks/up", "initialDelaySec": 60}]} | more
        policy = ROLL | more.pop("updatePolicy", {})
        body = {"name": "web", "targetSize": size, "instanceTemplate": self.template("old"), "updatePolicy": policy}
        self.do("POST", GROUPS, body | more)
        return self.settled()

    def roll(self, template: str, **policy: Any) -> Json:
        """Patch the group `web` to a template, stating the whole policy."""
        return self.do("PATCH", GROUP, {"versions": [{"instanceTemplate": template}], "updatePolicy": ROLL | policy})


def actions(document: Json) -> Json:
    """Return the counters of a group that are not nought."""
    return {key: count for key, count in document["currentActions"].items() if count}


def flags(document: Json) -> tuple[bool, bool]:
    """Return isStable and isReached of a group."""
    return document["status"]["isStable"], document["status"]["versionTarget"]["isReached"]


def name_of(link: str) -> str:
    """Return the last segment of a link."""
    return link.rpartition("/")[2]


def templates_of(rows: list[Json]) -> list[str]:
    """Return the intended templates of a group's machines, by name."""
    return sorted(name_of(row["version"]["instanceTemplate"]) for row in rows if "version" in row)


def names(found: Any) -> list[str]:
    """Return the names of what a list of google-cloud-compute yields; of an aggregated one, of all scopes."""
    flat: list[str] = []
    for one in found:
        if isinstance(one, tuple):
            lists = [value for value in type(one[1]).to_dict(one[1]).values() if isinstance(value, list)]
            flat += [str(member["name"]) for members in lists for member in members]
        else:
            flat.append(one.name)
    return flat
