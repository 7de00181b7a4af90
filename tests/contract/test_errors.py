"""Errors in Google's shape, requestId, and every form of a resource's name."""

import pytest

from tests.contract.marks import covers, differs, environment, own, verified
from tests.contract.rig import GROUP, GROUPS, HOME, LINKS, TEMPLATES, ZONE, EmulatorClient

ID = "0b6a1c55-9a0e-4f55-8b0e-000000000001"


@verified("P", "T")
@covers("instanceTemplates.get")
def test_a_missing_resource(emulator: EmulatorClient) -> None:
    """A resource that does not exist answers 404 notFound with its path and "was not found"."""
    status, reason, message = emulator.refused("GET", f"{TEMPLATES}/gone")
    assert (status, reason) == (404, "notFound")
    assert message == "The resource 'projects/demo/global/instanceTemplates/gone' was not found"


@verified("P")
@covers("instanceTemplates.insert")
def test_a_missing_field(emulator: EmulatorClient) -> None:
    """A required field that is missing answers 400 required."""
    assert emulator.refused("POST", TEMPLATES, {"properties": {}})[:2] == (400, "required")
    status, reason, message = emulator.refused("POST", TEMPLATES, {"name": "t"})
    assert (status, reason) == (400, "required")
    assert "'resource.properties'" in message


@verified("R")
@covers("instanceTemplates.get")
def test_a_bad_value_in_the_path(emulator: EmulatorClient) -> None:
    """A path value that is neither a name nor an id answers 400 invalidParameter with both patterns."""
    status, reason, message = emulator.refused("GET", f"{TEMPLATES}/Not_A_Name")
    assert (status, reason) == (400, "invalidParameter")
    assert "[1-9][0-9]{0,19}" in message


@verified("P")
@covers("instanceTemplates.insert")
@pytest.mark.parametrize(
    ("properties", "field"),
    [
        ({"machineType": 5}, "properties.machineType"),
        ({"disks": {}}, "properties.disks"),
        ({"canIpForward": "yes"}, "properties.canIpForward"),
        ({"metadata": {"items": [{"key": "a"}, "b"]}}, "properties.metadata.items[1]"),
        ([], "properties"),
    ],
)
def test_a_wrong_type(emulator: EmulatorClient, properties: object, field: str) -> None:
    """A field of a wrong type answers 400, which names the path of the field in the resource."""
    status, reason, message = emulator.refused("POST", TEMPLATES, {"name": "t", "properties": properties})
    assert (status, reason) == (400, "invalid")
    assert f"'resource.{field}'" in message


@verified("P")
@covers("instanceTemplates.insert")
@pytest.mark.parametrize("body", [b"{", b'{"a": NaN}', b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_json(emulator: EmulatorClient, body: bytes) -> None:
    """A body that is no JSON answers 400, in the same shape as every other error."""
    answer = emulator.http.post(TEMPLATES, content=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["errors"][0]["reason"] == "parseError"


@own
def test_an_unknown_route_is_loud(emulator: EmulatorClient) -> None:
    """A method that the emulator does not serve, or that no API has, answers 501 and is marked in the request log."""
    assert emulator.refused("POST", f"{HOME}/zones/{ZONE}/disks", {})[:2] == (501, "notImplemented")
    assert emulator.refused("GET", f"{HOME}/zones/{ZONE}/nonsense")[:2] == (501, "notImplemented")
    assert [entry["unknown"] for entry in emulator.request_log("request")[-2:]] == [True, True]


@verified("P")
@covers("instanceTemplates.get")
@environment(login=True)
def test_without_a_token(emulator: EmulatorClient) -> None:
    """A request without a token, or with an unknown token, answers 401."""
    assert emulator.refused("GET", f"{TEMPLATES}/t")[:2] == (401, "required")
    emulator.headers["authorization"] = "Bearer nobody"
    assert emulator.refused("GET", f"{TEMPLATES}/t")[:2] == (401, "authError")


@verified("P")
@covers("instanceTemplates.insert", "instanceTemplates.list")
def test_a_request_id_acts_once(emulator: EmulatorClient) -> None:
    """The same requestId gives the first operation again instead of a second effect."""
    body = {"name": "t", "properties": {}}
    first = emulator.ask("POST", f"{TEMPLATES}?requestId={ID}", body)
    again = emulator.ask("POST", f"{TEMPLATES}?requestId={ID}", body)
    assert (first["name"], first["clientOperationId"]) == (again["name"], ID)
    assert len(emulator.get(TEMPLATES)["items"]) == 1
    assert emulator.refused("POST", f"{TEMPLATES}?requestId={ID[:-1]}2", body)[0] == 409


@verified("P")
@covers("instanceTemplates.insert")
@pytest.mark.parametrize("text", ["x", "00000000-0000-0000-0000-000000000000"])
def test_a_request_id_is_a_uuid(emulator: EmulatorClient, text: str) -> None:
    """A requestId that is no UUID, or is the zero UUID, answers 400."""
    body = {"name": "t", "properties": {}}
    assert emulator.refused("POST", f"{TEMPLATES}?requestId={text}", body)[:2] == (400, "invalid")


@verified("T", "R")
@covers("instanceTemplates.get", "instanceTemplates.delete", "instanceGroupManagers.get", "instanceGroupManagers.patch")
def test_numeric_ids_are_names(emulator: EmulatorClient) -> None:
    """A resource is read, patched and deleted by its numeric id as by its name; an operation's targetId is that id."""
    operation = emulator.do("POST", TEMPLATES, {"name": "spare", "properties": {}})
    group = emulator.web(0)
    assert emulator.get(f"{GROUPS}/{group['id']}")["name"] == "web"
    emulator.do("PATCH", f"{GROUPS}/{group['id']}", {"description": "by id"})
    assert emulator.group()["description"] == "by id"
    assert emulator.get(f"{TEMPLATES}/{operation['targetId']}")["name"] == "spare"
    emulator.do("DELETE", f"{TEMPLATES}/{operation['targetId']}")
    assert emulator.refused("GET", f"{TEMPLATES}/spare")[0] == 404


@verified("W", "T")
@covers("instanceGroupManagers.patch")
@pytest.mark.parametrize(
    "form",
    [
        "http://127.0.0.1:9/compute/v1/projects/demo/global/instanceTemplates/{name}",
        "https://compute.googleapis.com/compute/v1/projects/demo/global/instanceTemplates/{name}",
        "projects/demo/global/instanceTemplates/{name}",
        "global/instanceTemplates/{name}",
        "https://www.googleapis.com/compute/v1/projects/demo/global/instanceTemplates/{id}",
        "https://www.googleapis.com/compute/v1/projects/demo/global/instanceTemplates/{name}?uniqueId={id}",
    ],
)
def test_references_of_any_form(emulator: EmulatorClient, form: str) -> None:
    """A template is referenced by a URL on any host, a partial URL, an id or ?uniqueId=; reads return its name."""
    emulator.web(0)
    emulator.template("new")
    template = emulator.get(f"{TEMPLATES}/new")
    emulator.do("PATCH", GROUP, {"versions": [{"instanceTemplate": form.format(**template)}]})
    assert emulator.group()["versions"][0]["instanceTemplate"] == f"{LINKS}/global/instanceTemplates/new"


@verified("W")
@covers("instanceTemplates.get")
def test_paths_with_and_without_a_prefix(emulator: EmulatorClient) -> None:
    """A path is served with and without /compute/v1/, because gcloud sends both."""
    emulator.template("t")
    assert emulator.get("/projects/demo/global/instanceTemplates/t") == emulator.get(f"{TEMPLATES}/t")


@verified("W")
@covers("instanceTemplates.delete")
def test_a_batch_answers_each_part(emulator: EmulatorClient) -> None:
    """A multipart batch answers each of its requests on its own, as gcloud deletes two templates."""
    emulator.template("a")
    parts = "".join(
        f"--x\r\nContent-Type: application/http\r\nContent-ID: <u+{name}>\r\n\r\n"
        f"DELETE {TEMPLATES}/{name} HTTP/1.1\r\nContent-Type: application/json\r\n\r\n\r\n"
        for name in ("a", "gone")
    )
    head = {"content-type": 'multipart/mixed; boundary="x"'}
    answer = emulator.http.post("/batch/compute/v1", content=f"{parts}--x--\r\n".encode(), headers=head)
    assert answer.status_code == 200
    assert [line.split()[1] for line in answer.text.splitlines() if line.startswith("HTTP/1.1")] == ["200", "404"]
    assert "<response-u+gone>" in answer.text


@differs(
    "unknown fields of a template are kept and noted in the request log; whether Compute Engine refuses them is unknown"
)
@covers("instanceTemplates.insert")
def test_unknown_and_read_only_fields(emulator: EmulatorClient) -> None:
    """A template's unknown fields are kept, its read-only ones dropped, and the request log notes both."""
    emulator.do("POST", TEMPLATES, {"name": "t", "properties": {}, "newField": {"a": 1}, "id": "1"})
    after = emulator.get(f"{TEMPLATES}/t")
    assert after["newField"] == {"a": 1}
    assert after["id"] != "1"
    notes = next(entry["notes"] for entry in emulator.request_log("request") if "notes" in entry)
    assert {"unknown field resource.newField", "read-only field resource.id"} <= set(notes)
