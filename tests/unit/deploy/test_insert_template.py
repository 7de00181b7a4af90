"""The template of a release is inserted, read back and compared, or adopted if it exists already."""

from copy import deepcopy
from typing import Any

import pytest

from deploy.documents.resource import Document
from deploy.errors import DeployError, NotAllowedError, RefusedError
from deploy.rollout.deploy_plan import plan_deploy
from deploy.rollout.insert_template import insert_template
from deploy.rollout.plan import DeployRelease
from tests.unit.deploy.observations import observation
from tests.unit.deploy.scripted_compute import DONE, ScriptedCompute, error, failed, settled
from tests.unit.deploy.test_deploy_plan import request
from tests.unit.deploy.values import CONFIG

COLLECTION = "global/instanceTemplates"
POST = f"POST {COLLECTION}"
UNCHANGED = "The group is unchanged. The release before still serves."


def body() -> Document:
    """Return the body of a release's template."""
    plan = plan_deploy(CONFIG, request("a"), observation("roll"))
    assert isinstance(plan, DeployRelease)
    return plan.template


BODY = body()
GET, DELETE = f"GET {COLLECTION}/{BODY['name']}", f"DELETE {COLLECTION}/{BODY['name']}"
NEW = f"projects/{CONFIG.project}/{COLLECTION}/{BODY['name']}"
LINK = f"https://www.googleapis.com/compute/v1/projects/{CONFIG.project}/{COLLECTION}/{BODY['name']}"
INSERTED = BODY | {"id": "77", "selfLink": LINK, "creationTimestamp": "2026-11-23T04:00:00.000-08:00"}
EXISTS = error(409, "alreadyExists")


def changed(**properties: Any) -> Document:
    """Return the inserted template with other properties."""
    return INSERTED | {"properties": BODY["properties"] | properties}


def without_item(key: str) -> Document:
    """Return the inserted template without a metadata entry."""
    document = deepcopy(INSERTED)
    items = document["properties"]["metadata"]["items"]
    document["properties"]["metadata"]["items"] = [item for item in items if item["key"] != key]
    return document


def answers(insertion: Any, *reads: Any) -> ScriptedCompute:
    """Return the answers to an insertion and to the reads after it."""
    return ScriptedCompute(settled() | {POST: [insertion], GET: [*reads], DELETE: [DONE]})


@pytest.mark.parametrize(
    ("insertion", "reads"),
    [
        (DONE, [INSERTED]),
        (EXISTS, [INSERTED]),
        (failed("INTERNAL_ERROR"), [INSERTED]),
        (error(403), [INSERTED]),
        (DONE, [changed(machineType="e2-small"), INSERTED]),
    ],
)
def test_template_that_is_read_back_equal_is_used(insertion: Any, reads: list[Document]) -> None:
    """An insertion that failed may have taken effect, and a first read may be old: only the template decides."""
    compute = answers(insertion, *reads)
    assert insert_template(compute.managed(), NEW, BODY) == ()
    assert compute.bodies == [BODY]
    assert compute.requests == [POST, *([GET] * len(reads))]


def test_warnings_of_the_insertion_are_returned() -> None:
    """Warnings of the operation reach the report."""
    compute = answers(DONE | {"warnings": [{"code": "DEPRECATED", "message": "old image"}]}, INSERTED)
    (warning,) = insert_template(compute.managed(), NEW, BODY)
    assert "old image" in warning


@pytest.mark.parametrize(("insertion", "is_deleted"), [(DONE, True), (EXISTS, False), (failed("X"), False)])
@pytest.mark.parametrize(
    ("document", "parts"),
    [
        (changed(machineType="e2-small", labels={}), "properties.labels.environment"),
        (without_item("startup-script"), "the startup-script, the metadata entry 'release'"),
        (without_item("release"), "the metadata entry 'release'"),
    ],
)
def test_template_that_differs_is_refused(insertion: Any, is_deleted: bool, document: Document, parts: str) -> None:
    """The error has each different part, and a template of this run is deleted."""
    compute = answers(insertion, document)
    with pytest.raises(RefusedError) as failure:
        insert_template(compute.managed(), NEW, BODY)
    assert failure.value.message.startswith(f"template '{BODY['name']}': the existing template differs in {parts}")
    assert failure.value.message.endswith(("'.", "machineType."))
    assert failure.value.fix == "delete it if no group needs it"
    assert compute.requests == [POST, GET, GET, *([DELETE] if is_deleted else [])]


@pytest.mark.parametrize("answer", [error(403), error(400, "resourceInUseByAnotherResource")])
def test_template_that_can_not_be_deleted_stays(answer: Any) -> None:
    """The error of a template that differs is the same if its deletion is refused."""
    compute = ScriptedCompute(settled() | {POST: [DONE], GET: [changed(machineType="x")], DELETE: [answer]})
    with pytest.raises(RefusedError, match="the existing template differs in properties"):
        insert_template(compute.managed(), NEW, BODY)


@pytest.mark.parametrize(
    ("insertion", "read", "expected", "text"),
    [
        (DONE, error(403), NotAllowedError, f"can't be read back: GET {CONFIG.project}/{GET[4:]}: 403 no"),
        (DONE, error(404), RefusedError, f"can't be read back: GET {CONFIG.project}/{GET[4:]}: 404 no"),
        (failed("INVALID"), error(403), RefusedError, "was not inserted: INVALID: no"),
        (failed("PERMISSIONS_ERROR"), error(404), NotAllowedError, "was not inserted: PERMISSIONS_ERROR: no"),
        (error(403), error(404), NotAllowedError, f"was not inserted: POST {CONFIG.project}/{COLLECTION}: 403 no"),
        (error(400, "x"), error(403), RefusedError, f"was not inserted: POST {CONFIG.project}/{COLLECTION}: 400 no"),
    ],
)
def test_template_that_can_not_be_read(insertion: Any, read: Any, expected: type[DeployError], text: str) -> None:
    """The cause is the refusal of the insertion, or else the error of the read; the exit code follows the cause."""
    compute = answers(insertion, read)
    with pytest.raises(DeployError) as failure:
        insert_template(compute.managed(), NEW, BODY)
    assert type(failure.value) is expected
    assert failure.value.message == f"template '{BODY['name']}' {text}. {UNCHANGED}"
    assert DELETE not in compute.requests


def test_insertion_of_unknown_effect_was_not_inserted() -> None:
    """An operation that can't be read any more counts as no insertion if the template is absent."""
    operation = {"name": "operation-1", "status": "RUNNING"}
    wait = f"POST {COLLECTION.partition('/')[0]}/operations/operation-1/wait"
    compute = ScriptedCompute(settled() | {POST: [operation], wait: [error(404, "notFound")], GET: [error(404)]})
    with pytest.raises(RefusedError, match=r"was not inserted: .*operation-1/wait: 404 no\. The group is unchanged"):
        insert_template(compute.managed(), NEW, BODY)
