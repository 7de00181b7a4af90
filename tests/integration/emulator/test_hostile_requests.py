"""Hostile targets, queries, headers and bodies: an error in Google's shape, soon, and never an internal error."""

import json
import time
from base64 import b64encode

import pytest

from emulator.api.messages import Request
from emulator.emulator import Emulator
from tests.integration.emulator.seeded import GROUP, TEMPLATES, settled

NUMBERS = [
    "9" * 5_000, "-1", "-" + "9" * 5_000, "+1", "1e3", "\u0663", "%D9%A3", "0x1", "1.5", " ", "%00", "nan", "1_0",
]  # fmt: skip
TOKENS = [
    "x", "=", "%FF", "WzAsICJhIl0",
    *(b64encode(text.encode()).decode() for text in (
        "[]", "{}", "null", "[null, 1]", "[NaN, 1]", "[1e999, 1]", "[" * 20_000, "[1" + "0" * 900 + ', "a"]', "[[], 1]",
    )),
]  # fmt: skip
FILTERS = [
    "(" * 999, "NOT " * 249 + "a=b", "a=b " * 249, "name=" + "a*" * 20 + "b", 'name eq "(a+)+$"', 'name eq "["',
    "name eq", 'name eq "' + "(a?){30}" * 60 + '"', "a" * 5_000, "name=\x00", "%", '"', "a:b OR " * 140 + "a:b",
]  # fmt: skip


@pytest.fixture
def emulator() -> Emulator:
    """Return an emulator with the seed's group, for each test anew."""
    return settled()


def ask(emulator: Emulator, verb: str, target: str, body: bytes = b"", **headers: str) -> tuple[int, bytes]:
    """Send a request that is answered in Google's shape within 10 s of processor time; return status and body."""
    began_s = time.process_time()
    answer = emulator.handle(Request(verb, target, headers, body))
    assert time.process_time() - began_s < 10
    if answer.status != 200:
        error = json.loads(answer.body)["error"]
        assert error["code"] == answer.status
        if answer.status != 401:
            assert error["errors"][0]["message"] == error["message"]
    assert answer.status < 500 or answer.status == 501, answer.body
    return answer.status, answer.body


@pytest.mark.parametrize("text", NUMBERS, ids=range(len(NUMBERS)))
def test_numbers_of_queries_and_paths(emulator: Emulator, text: str) -> None:
    """A malformed or huge number is an error of the client."""
    assert ask(emulator, "GET", f"/emulator/request-log?after={text}")[0] == 400
    for verb in ("GET", "DELETE"):
        assert ask(emulator, verb, f"/emulator/faults/{text}")[0] in (400, 404)
    for query in ("maxResults", "serviceProjectNumber"):
        ask(emulator, "GET", f"/{TEMPLATES.replace('global', 'aggregated')}?{query}={text}")
    assert ask(emulator, "POST", f"/{GROUP}/resize?size={text}")[0] == 400
    instance = json.loads(ask(emulator, "POST", f"/{GROUP}/listManagedInstances")[1])["managedInstances"][0]["name"]
    zone = GROUP.partition("/instanceGroupManagers")[0]
    ask(emulator, "GET", f"/{zone}/instances/{instance}/serialPort?start={text}")
    ask(emulator, "GET", f"/{zone}/instances/{instance}/serialPort?port={text}")
    assert ask(emulator, "POST", f"/{TEMPLATES}?requestId={text}", b'{"name": "t", "properties": {}}')[0] == 400


@pytest.mark.parametrize(
    "path", ["/emulator/request-log", "/emulator/request-log?after=", "/emulator/request-log?kind=%FF&after=1"]
)
def test_the_request_log_without_a_number(emulator: Emulator, path: str) -> None:
    """The request log is served without a number, and for an unknown kind."""
    assert emulator.handle(Request("GET", path)).status == 200


@pytest.mark.parametrize("token", TOKENS, ids=range(len(TOKENS)))
def test_page_tokens(emulator: Emulator, token: str) -> None:
    """A page token of another list or of no list is an error of the client."""
    for verb, path in (
        ("GET", TEMPLATES),
        ("GET", GROUP + "/listErrors"),
        ("GET", TEMPLATES.replace("global", "aggregated")),
    ):
        ask(emulator, verb, f"/{path}?pageToken={token}")


@pytest.mark.parametrize("expression", FILTERS, ids=range(len(FILTERS)))
def test_filters(emulator: Emulator, expression: str) -> None:
    """A hostile filter ends in linear time, with an error or a list."""
    name = "a" * 63
    assert ask(emulator, "POST", f"/{TEMPLATES}", json.dumps({"name": name, "properties": {}}).encode())[0] == 200
    ask(emulator, "GET", f"/{TEMPLATES}?filter={expression.replace('+', '%2B').replace(' ', '+')}")


@pytest.mark.parametrize("order", ["x", "name desc", "%00", "creationTimestamp desc, name", "a" * 5_000])
def test_orders(emulator: Emulator, order: str) -> None:
    """An unsupported order is refused with 400."""
    assert ask(emulator, "GET", f"/{TEMPLATES}?orderBy={order}")[0] == 400


@pytest.mark.parametrize(
    "target",
    ["//[", "http://[/x", "/compute/v1//[::", "/%", "/%00", "/compute/v1/projects/%FF/zones", "*", "", "?", "/?%",
     "/emulator", "/emulator//", "/emulator/faults/%00", "/compute/v1/" + "a/" * 5_000,
     "/compute/v1/projects/p/" + "x" * 20_000],
    ids=range(15),
)  # fmt: skip
@pytest.mark.parametrize("verb", ["GET", "POST", "DELETE"])
def test_targets(emulator: Emulator, verb: str, target: str) -> None:
    """A target that is no URL is an error of the client."""
    if target.partition("?")[0] in ("/", "/emulator", "/emulator//") and verb == "GET":
        assert emulator.handle(Request(verb, target)).status == 200
    else:
        ask(emulator, verb, target)


@pytest.mark.parametrize("depth", [101, 900, 5_000, 100_000])
@pytest.mark.parametrize(("before", "after"), [(b'{"a":', b"}"), (b"[", b"]")], ids=["objects", "lists"])
def test_nested_bodies(emulator: Emulator, depth: int, before: bytes, after: bytes) -> None:
    """A deeply nested body is refused, and later reads succeed."""
    nested = before * depth + b"1" + after * depth
    for verb, path in (("PATCH", f"/{GROUP}"), ("POST", f"/{TEMPLATES}")):
        assert ask(emulator, verb, path, b'{"name": "t", "properties": {}, "new": ' + nested + b"}")[0] == 400
    for name in ("faults", "instance-rules", "clock", "bindings", "capacity"):
        ask(emulator, "POST", f"/emulator/{name}", nested)
    assert ask(emulator, "GET", f"/{GROUP}")[0] == 200


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 5_000])
def test_infinite_numbers_in_bodies(emulator: Emulator, number: str) -> None:
    """NaN and infinite numbers in bodies are refused."""
    for path, body in (
        ("instance-rules", '{"answer_s": N}'), ("instance-rules", '{"boot_s": [0, N]}'), ("clock", '{"advance_s": N}'),
        ("clock", '{"skew_s": N}'), ("faults", '{"faults": [{"on": "*", "delay_s": N}]}'),
        ("faults", '{"faults": [{"on": "*", "nth": [N]}]}'), ("autoscaler", '{"autoscaler": "a", "size": N}'),
    ):  # fmt: skip
        assert ask(emulator, "POST", f"/emulator/{path}", body.replace("N", number).encode())[0] == 400
    assert ask(emulator, "PATCH", f"/{GROUP}", f'{{"targetSize": {number}}}'.encode())[0] == 400


@pytest.mark.parametrize("text", ["\xff", "Bearer", "Bearer \xff", "Basic x", "Bearer " + "x" * 50_000, "\x00"])
def test_authorization(emulator: Emulator, text: str) -> None:
    """A malformed Authorization header is refused with 401."""
    emulator.access.is_open = False
    assert ask(emulator, "GET", f"/{GROUP}", authorization=text)[0] == 401
    path = "/v1/projects/-/serviceAccounts/a@b:generateAccessToken"
    for body in (b"", b"[]", b"\xff", b"[" * 100_000, b'{"lifetime": 1}', b'{"lifetime": "' + b"9" * 5_000 + b's"}'):
        assert ask(emulator, "POST", path, body, authorization=text)[0] == 401


@pytest.mark.parametrize("body", [b"", b"\xff" * 100, b"a=%FF&grant_type=%00", b"&" * 5_000])
def test_exchanges(emulator: Emulator, body: bytes) -> None:
    """A malformed token exchange is refused with 400, in the shape of OAuth errors."""
    answer = emulator.handle(Request("POST", "/v1/token", {}, body))
    assert (answer.status, "error" in json.loads(answer.body)) == (400, True)
