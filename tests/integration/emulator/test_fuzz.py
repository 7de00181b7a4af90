"""Generated requests on every route: an answer in Google's shape, and never an internal error."""

import json
import os
from typing import Any, ClassVar
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emulator.api.calls import HANDLERS
from emulator.api.messages import Request
from emulator.api.schema.check import Method, _schema, methods
from emulator.emulator import Emulator
from tests.integration.emulator.seeded import GROUP, TEMPLATES, settled

NAMES = st.sampled_from(
    ["dojangkok-dev", "asia-northeast3-a", "asia-northeast3", "dojangkok-dev-ai-server-mig", "dojangkok-ai-vpc",
     "dojangkok-dev-ai-server-seed", "dojangkok-dev-ai-server", "t1", "1", "0", "A", "-", "x" * 64, "%", "é", " "]
)  # fmt: skip
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "5"))  # of each method; .ci/run tries more
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=8) | NAMES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
QUERIES = st.dictionaries(
    st.sampled_from(["filter", "orderBy", "maxResults", "pageToken", "requestId", "size", "start", "autoscaler", "x"]),
    st.text(max_size=12) | st.integers(-3, 2000).map(str) | st.sampled_from(
        ["name eq a", "name=t1", "(name=a) OR x:1", "name", "creationTimestamp desc", "WzAsICJhIl0=",
         "00000000-0000-4000-8000-000000000001", "00000000-0000-0000-0000-000000000000"]
    ),
    max_size=3,
)  # fmt: skip
REAL = {
    "project": "dojangkok-dev", "zone": "asia-northeast3-a", "region": "asia-northeast3",
    "instanceGroupManager": "dojangkok-dev-ai-server-mig", "instanceGroup": "dojangkok-dev-ai-server-mig",
    "instanceTemplate": "dojangkok-dev-ai-server-seed", "healthCheck": "dojangkok-dev-ai-server",
    "network": "dojangkok-ai-vpc", "subnetwork": "dojangkok-dev-subnet", "firewall": "dojangkok-dev-allow-health-check",
    "machineType": "e2-small", "family": "dojangkok-cpu-base", "image": "dojangkok-cpu-base-20260101",
}  # fmt: skip
GOOD: dict[str, dict[str, Any]] = {
    "InstanceGroupManager": {"targetSize": 2, "instanceTemplate": TEMPLATES + "/dojangkok-dev-ai-server-seed"},
    "InstanceTemplate": {"properties": {"machineType": "e2-small"}},
    "InstanceGroupManagersSetInstanceTemplateRequest": {
        "instanceTemplate": TEMPLATES + "/dojangkok-dev-ai-server-seed"
    },
    "Autoscaler": {"target": GROUP, "autoscalingPolicy": {"minNumReplicas": 1, "maxNumReplicas": 4}},
}
CONTROL = [
    "clock",
    "faults",
    "faults/1",
    "instance-rules",
    "crash",
    "bindings",
    "permissions",
    "capacity",
    "autoscaler",
    "state",
]


class Served:
    """The emulator that gets the requests; each test has a new emulator, with all resources of the seed."""

    emulator: ClassVar[Emulator] = settled()


@pytest.fixture(autouse=True)
def _new_emulator() -> None:
    Served.emulator = settled()
    answer = Served.emulator.handle(Request("POST", f"/{GROUP}/listManagedInstances"))
    REAL["instance"] = json.loads(answer.body)["managedInstances"][0]["name"]


def bodies(message: str, depth: int = 3) -> st.SearchStrategy[Any]:
    """Generate bodies that are nearly right: the schema's fields with values of their type, sometimes other values."""
    fields = _schema()["messages"][message]
    members = {name: values(kind.removeprefix("!"), depth) for name, kind in fields.items()}
    return st.one_of(
        st.lists(st.sampled_from(sorted(members)), max_size=6, unique=True).flatmap(
            lambda names: st.fixed_dictionaries({name: members[name] for name in names})
        ),
        JUNK,
    )


def values(kind: str, depth: int) -> st.SearchStrategy[Any]:
    """Generate values of a type of the schema."""
    if kind.startswith("[]"):
        return st.lists(st.deferred(lambda: values(kind[2:], depth)), max_size=2) | st.none()
    if kind.startswith("{}"):
        return st.dictionaries(st.text(max_size=4), st.deferred(lambda: values(kind[2:], depth)), max_size=2)
    if kind in _schema()["messages"]:
        return st.deferred(lambda: bodies(kind, depth - 1)) if depth else st.just({})
    scalars = {
        "int32": st.integers(-2, 2**31) | st.integers(0, 20).map(str) | st.none(),
        "int64": st.integers(-2, 2**63) | st.none(),
        "bool": st.booleans() | st.none(),
    }
    if kind in scalars:
        return scalars[kind]
    if "|" in kind:
        return st.sampled_from(kind.split("|"))
    links = st.sampled_from(
        [
            TEMPLATES + "/dojangkok-dev-ai-server-seed",
            GROUP,
            "global/healthChecks/dojangkok-dev-ai-server",
            "https://x/",
            "?",
        ]
    )
    return links | NAMES | st.text(max_size=10) | st.none()


def send(verb: str, target: str, body: bytes) -> None:
    """Send a request that must be answered in Google's shape, without an internal error."""
    answer = Served.emulator.handle(Request(verb, target, {"user-agent": "fuzz"}, body))
    assert answer.status < 500 or answer.status == 501, (verb, target, body, answer.body)
    if answer.status != 200:
        error = json.loads(answer.body)["error"]
        assert error["code"] == answer.status
        assert error["message"]
    else:
        json.loads(answer.body)


def target(data: st.DataObject, method: Method) -> str:
    """Generate a target that mostly has a method."""
    segments = []
    for part in method.path:
        real = REAL.get(part.strip("{}"))
        known = real is not None and data.draw(st.integers(0, 9)) > 0
        segments.append(real if known else quote(data.draw(NAMES), safe="") if part.startswith("{") else part)
    query = data.draw(st.just({}) | QUERIES)
    return f"/compute/v1/{'/'.join(map(str, segments))}?{urlencode(query)}"


def body(data: st.DataObject, method: Method) -> bytes:
    """Generate a body that is mostly right, with a few members changed."""
    if not method.body:
        return data.draw(st.just(b"") | st.binary(max_size=8))
    drawn = data.draw(bodies(method.body))
    good = GOOD.get(method.body, {}) | {"name": f"n{data.draw(st.integers(0, 999))}"}
    mixed = good | drawn if isinstance(drawn, dict) and data.draw(st.booleans()) else drawn
    return json.dumps(data.draw(st.sampled_from([good, mixed, drawn]))).encode()


@pytest.mark.parametrize("name", sorted(HANDLERS))
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_internal_error_on_any_method(name: str, data: st.DataObject) -> None:
    """No generated request to a served method is an internal error."""
    method = methods()[name]
    send(method.verb, target(data, method), body(data, method))
    if data.draw(st.integers(0, 9)) == 0:
        Served.emulator.environment.clock.move(data.draw(st.sampled_from([0.5, 10, 1_000])))


@settings(max_examples=8 * EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    verb=st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "X"]),
    path=st.text(max_size=20),
    sent=st.binary(max_size=20),
)
def test_no_internal_error_on_any_path(verb: str, path: str, sent: bytes) -> None:
    """No generated path is an internal error."""
    send(verb, "/compute/v1/projects/p/" + quote(path), sent)


@settings(max_examples=12 * EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    verb=st.sampled_from(["GET", "POST", "PUT", "DELETE"]),
    name=st.sampled_from(CONTROL),
    sent=JUNK.map(lambda junk: json.dumps(junk).encode()) | st.binary(max_size=12),
)
def test_no_internal_error_on_any_control_route(verb: str, name: str, sent: bytes) -> None:
    """No generated request to a control route is an internal error."""
    send(verb, f"/emulator/{name}?image=x", sent)
