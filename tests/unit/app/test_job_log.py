"""Log lines of a case: start, end and callback, with the id of the case."""

import asyncio
import logging
from typing import Any

import httpx
import pytest

from tests.support.app_fakes.plan import Fault
from tests.unit.app.app_environment import AppEnvironment
from tests.unit.app.contract_requests import PNG

FILES = {"files": [{"url": "http://127.0.0.1/lease.png?X-Amz-Signature=1", "doc_type": "contract"}]}


def lines_of(
    environment: AppEnvironment, caplog: pytest.LogCaptureFixture, path: str, body: dict[str, Any], case_id: str
) -> list[str]:
    """Send a request, and return level and message of the log lines with the id of its case."""
    caplog.set_level(logging.INFO)

    async def scenario() -> httpx.Response:
        async with environment.client() as client:
            return await client.post(path, json=body)

    asyncio.run(scenario())
    lines = [record for record in caplog.records if getattr(record, "case_id", None) == case_id]
    return [f"{record.levelname} {record.getMessage()}" for record in lines]


def test_checklist_has_lines_of_start_end_and_callback(
    environment: AppEnvironment, caplog: pytest.LogCaptureFixture
) -> None:
    """The lines have no keyword and no check."""
    lines = lines_of(environment, caplog, "/api/checklists/case-7", {"keywords": ["주차"]}, "case-7")
    done = ["INFO checklist started", "INFO checklist done"]
    assert lines == [*done, "INFO callback started", "INFO callback received"]
    assert "주차" not in caplog.text
    counts = {record.message: (getattr(record, "count", 0), getattr(record, "length", 0)) for record in caplog.records}
    assert (counts["checklist started"], counts["checklist done"]) == ((1, 0), (0, 21))


def test_failed_checklist_has_the_code(environment: AppEnvironment, caplog: pytest.LogCaptureFixture) -> None:
    """The callback of a failure has the same lines."""
    environment.vllm.plan.set(Fault(status=400))
    environment.backend.plan.set(Fault(status=401))
    lines = lines_of(environment, caplog, "/api/checklists/case-7", {"keywords": ["주차"]}, "case-7")
    failed = ["INFO checklist started", "WARNING checklist failed: failed"]
    assert lines == [*failed, "INFO callback started", "ERROR callback not received: status 401"]


def test_contract_has_lines_of_start_and_end(environment: AppEnvironment, caplog: pytest.LogCaptureFixture) -> None:
    """The id is the number in the path, as a text, because personal data are replaced in texts alone."""
    environment.storage.files["lease.png"] = ("image/png", PNG)
    lines = lines_of(environment, caplog, "/api/easycontract/42", FILES, "42")
    assert lines == ["INFO easycontract started", "INFO easycontract done"]


def test_failed_contract_has_the_code(environment: AppEnvironment, caplog: pytest.LogCaptureFixture) -> None:
    """The line has no URL and no name."""
    lines = lines_of(environment, caplog, "/api/easycontract/42", FILES, "42")
    assert lines == ["INFO easycontract started", "WARNING easycontract failed: DOWNLOAD_FAILED"]


def test_request_without_an_id_is_sync(environment: AppEnvironment, caplog: pytest.LogCaptureFixture) -> None:
    """A caller that waits for a checklist has no case."""
    lines = lines_of(environment, caplog, "/api/checklists/sync", {}, "sync")
    assert lines == ["INFO checklist started", "INFO checklist done"]


def test_job_that_is_handed_back_has_a_line(environment: AppEnvironment, caplog: pytest.LogCaptureFixture) -> None:
    """The cancelled job and its callback have the id."""
    environment.vllm.plan.set(Fault(latency_s=60))

    async def scenario() -> None:
        async with environment.client() as client:
            await client.post("/api/checklists/case-7", json={"keywords": ["주차"]})
            while not environment.vllm.plan.calls:  # noqa: ASYNC110 - the fake has no event
                await asyncio.sleep(0.01)
            environment.jobs.hand_back()

    caplog.set_level(logging.INFO)
    asyncio.run(scenario())
    lines = [record.getMessage() for record in caplog.records if hasattr(record, "case_id")]
    assert lines == ["checklist started", "checklist cancelled", "callback started", "callback received"]


def test_bug_has_a_line_with_the_id(
    environment: AppEnvironment, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The traceback is in the line of the job."""
    monkeypatch.setattr("app.checklists.service.merged", lambda _: 1 / 0)
    lines = lines_of(environment, caplog, "/api/checklists/case-7", {"keywords": ["주차"]}, "case-7")
    assert lines[1] == "ERROR checklist failed because of a bug"
