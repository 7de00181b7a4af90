"""Junk in targets, queries, headers and bodies: an error in Google's shape, soon, and never an internal error."""

import json
import time
from base64 import b64encode

import pytest

from emulator.api.messages import Request
from tests.unit.emulator.test_fuzz import Served, _fresh  # noqa: F401 - the fixture makes a world for each test
from tests.unit.emulator.test_process import GROUP, TEMPLATES

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


def ask(verb: str, target: str, body: bytes = b"", **headers: str) -> tuple[int, bytes]:
    """Send a request that must be answered in Google's shape within seconds."""
    began_s = time.monotonic()
    answer = Served.api.handle(Request(verb, target, headers, body))
    assert time.monotonic() - began_s < 10
    if answer.status != 200:
        error = json.loads(answer.body)["error"]
        assert error["code"] == answer.status
        if answer.status != 401:
            assert error["errors"][0]["message"] == error["message"]
    assert answer.status < 500 or answer.status == 501, answer.body
    return answer.status, answer.body


@pytest.mark.parametrize("text", NUMBERS, ids=range(len(NUMBERS)))
def test_numbers(text: str) -> None:
    """Before, 5,000 digits in `after` and in the number of a plan were an internal error, and -1 was read as 0."""
    assert ask("GET", f"/emulator/ledger?after={text}")[0] == 400
    for verb in ("GET", "DELETE"):
        assert ask(verb, f"/emulator/faults/{text}")[0] in (400, 404)
    for query in ("maxResults", "serviceProjectNumber"):
        ask("GET", f"/{TEMPLATES.replace('global', 'aggregated')}?{query}={text}")
    assert ask("POST", f"/{GROUP}/resize?size={text}")[0] == 400
    instance = json.loads(ask("POST", f"/{GROUP}/listManagedInstances")[1])["managedInstances"][0]["name"]
    zone = GROUP.partition("/instanceGroupManagers")[0]
    ask("GET", f"/{zone}/instances/{instance}/serialPort?start={text}")
    ask("GET", f"/{zone}/instances/{instance}/serialPort?port={text}")
    assert ask("POST", f"/{TEMPLATES}?requestId={text}", b'{"name": "t", "properties": {}}')[0] == 400


@pytest.mark.parametrize("path", ["/emulator/ledger", "/emulator/ledger?after=", "/emulator/ledger?kind=%FF&after=1"])
def test_the_request_log_without_a_number(path: str) -> None:
    assert Served.api.handle(Request("GET", path)).status == 200


@pytest.mark.parametrize("token", TOKENS, ids=range(len(TOKENS)))
def test_page_tokens(token: str) -> None:
    """Before, a token of 20,000 nested lists or with a number of 900 digits was an internal error."""
    for verb, path in (
        ("GET", TEMPLATES),
        ("GET", GROUP + "/listErrors"),
        ("GET", TEMPLATES.replace("global", "aggregated")),
    ):
        ask(verb, f"/{path}?pageToken={token}")


@pytest.mark.parametrize("expression", FILTERS, ids=range(len(FILTERS)))
def test_filters(expression: str) -> None:
    """Before, a name of 63 letters kept `a*a*a*…b` busy for ever."""
    name = "a" * 63
    assert ask("POST", f"/{TEMPLATES}", json.dumps({"name": name, "properties": {}}).encode())[0] == 200
    ask("GET", f"/{TEMPLATES}?filter={expression.replace('+', '%2B').replace(' ', '+')}")


@pytest.mark.parametrize("order", ["x", "name desc", "%00", "creationTimestamp desc, name", "a" * 5_000])
def test_orders(order: str) -> None:
    assert ask("GET", f"/{TEMPLATES}?orderBy={order}")[0] == 400


@pytest.mark.parametrize(
    "target",
    ["//[", "http://[/x", "/compute/v1//[::", "/%", "/%00", "/compute/v1/projects/%FF/zones", "*", "", "?", "/?%",
     "/emulator", "/emulator//", "/emulator/faults/%00", "/compute/v1/" + "a/" * 5_000,
     "/compute/v1/projects/p/" + "x" * 20_000],
    ids=range(15),
)  # fmt: skip
@pytest.mark.parametrize("verb", ["GET", "POST", "DELETE"])
def test_targets(verb: str, target: str) -> None:
    """Before, a target that is no URL was an internal error."""
    if target.partition("?")[0] in ("/", "/emulator", "/emulator//") and verb == "GET":
        assert Served.api.handle(Request(verb, target)).status == 200
    else:
        ask(verb, target)


@pytest.mark.parametrize("depth", [101, 900, 5_000, 100_000])
@pytest.mark.parametrize(("before", "after"), [(b'{"a":', b"}"), (b"[", b"]")], ids=["objects", "lists"])
def test_nested_bodies(depth: int, before: bytes, after: bytes) -> None:
    """Before, an unknown field nested 5,000 deep was an internal error, and stayed so for every later read."""
    nested = before * depth + b"1" + after * depth
    for verb, path in (("PATCH", f"/{GROUP}"), ("POST", f"/{TEMPLATES}")):
        assert ask(verb, path, b'{"name": "t", "properties": {}, "new": ' + nested + b"}")[0] == 400
    for name in ("faults", "machines", "clock", "ties", "capacity"):
        ask("POST", f"/emulator/{name}", nested)
    assert ask("GET", f"/{GROUP}")[0] == 200


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 5_000])
def test_numbers_that_are_none(number: str) -> None:
    """Before, infinite seconds were taken, and no request after that was answered."""
    for path, body in (
        ("machines", '{"answer_s": N}'), ("machines", '{"boot_s": [0, N]}'), ("clock", '{"advance_s": N}'),
        ("clock", '{"skew_s": N}'), ("faults", '{"faults": [{"on": "*", "delay_s": N}]}'),
        ("faults", '{"faults": [{"on": "*", "nth": [N]}]}'), ("autoscaler", '{"autoscaler": "a", "size": N}'),
    ):  # fmt: skip
        assert ask("POST", f"/emulator/{path}", body.replace("N", number).encode())[0] == 400
    assert ask("PATCH", f"/{GROUP}", f'{{"targetSize": {number}}}'.encode())[0] == 400


@pytest.mark.parametrize("text", ["\xff", "Bearer", "Bearer \xff", "Basic x", "Bearer " + "x" * 50_000, "\x00"])
def test_authorization(text: str) -> None:
    Served.api.is_open = False
    assert ask("GET", f"/{GROUP}", authorization=text)[0] == 401
    path = "/v1/projects/-/serviceAccounts/a@b:generateAccessToken"
    for body in (b"", b"[]", b"\xff", b"[" * 100_000, b'{"lifetime": 1}', b'{"lifetime": "' + b"9" * 5_000 + b's"}'):
        assert ask("POST", path, body, authorization=text)[0] == 401


@pytest.mark.parametrize("body", [b"", b"\xff" * 100, b"a=%FF&grant_type=%00", b"&" * 5_000])
def test_exchanges(body: bytes) -> None:
    answer = Served.api.handle(Request("POST", "/v1/token", {}, body))
    assert (answer.status, "error" in json.loads(answer.body)) == (400, True)
