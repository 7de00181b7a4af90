"""The memory of a failed contract is free when its answer is sent, without a garbage collection."""

import asyncio
import gc
import os
import tracemalloc
from collections.abc import Callable, Iterator

import httpx
import pytest

from tests.support.app_fakes.plan import Fault
from tests.unit.app.app_environment import AppEnvironment
from tests.unit.app.rendering import PNG, pdf

FILE_BYTES = 4 * 2**20
PICTURE = PNG + bytes(FILE_BYTES)
KEPT_BYTES = FILE_BYTES // 4
_THREADS_END_WITHIN_S = 20
IS_DEEP = "EXAMPLES" in os.environ  # `.ci/run` tries every kind of failure
FILES = {
    "broken": ("a.pdf", b"%PDF-1.7 broken"),
    "long": ("a.pdf", pdf(31)),
    "encrypted": ("a.pdf", pdf(encryption=5, user_pw="user", owner_pw="owner")),
    "other content": ("a.pdf", b"GIF89a"),
    "other ending": ("a.exe", b"MZ"),
    "empty": ("a.pdf", b""),
}
FAULTS: dict[str, Callable[[AppEnvironment], None]] = {
    "OCR refuses": lambda environment: environment.upstage.plan.set(Fault(status=401)),
    "OCR is down": lambda environment: environment.upstage.plan.set(Fault(status=503)),
    "OCR drops": lambda environment: environment.upstage.plan.set(Fault(drop=True)),
    "OCR is slow": lambda environment: environment.upstage.plan.set(Fault(latency_s=60)),
    "OCR finds nothing": lambda environment: setattr(environment.upstage, "html", "<img>"),
    "OCR answers too much": lambda environment: setattr(environment.upstage, "html", "<br>" * 60_000),
    "model refuses": lambda environment: environment.vllm.plan.set(Fault(status=400)),
    "model drops": lambda environment: environment.vllm.plan.set(Fault(drop=True)),
    "model is slow": lambda environment: environment.vllm.plan.set(Fault(latency_s=60)),
    "model answers nothing": lambda environment: setattr(environment.vllm, "answer", " "),
    "no lease": lambda environment: setattr(environment.upstage, "html", "<p>김치찌개</p>"),
}


@pytest.fixture(autouse=True)
def _no_collection() -> Iterator[None]:
    """Switch the garbage collection off."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()
    tracemalloc.stop()


def environment_with(fault: Callable[[AppEnvironment], None] = lambda _: None) -> AppEnvironment:
    """Return an environment whose calls end soon."""
    environment = AppEnvironment({"lease_guard": True, "http_timeout_sec": 0.2})
    fault(environment)
    return environment


async def _post(client: httpx.AsyncClient, *files: tuple[str, bytes]) -> int:
    data = {"doc_types": ["contract"] * len(files)}
    answer = await client.post("/api/easycontract/sync", files=[("files", file) for file in files], data=data)
    return answer.status_code


def kept_bytes(environment: AppEnvironment, *files: tuple[str, bytes]) -> int:
    """
    Return the memory that a failed contract keeps after its answer; the first contract fills caches.

    A thread that has given its result holds the file until it gets a processor again; what a cycle holds stays.
    """

    async def scenario() -> int:
        async with environment.client() as client:
            assert await _post(client, *files) >= 400
            tracemalloc.start()
            assert await _post(client, *files) >= 400
            for _ in range(_THREADS_END_WITHIN_S * 100):
                if tracemalloc.get_traced_memory()[0] < KEPT_BYTES:
                    break
                await asyncio.sleep(0.01)
            return tracemalloc.get_traced_memory()[0]

    return asyncio.run(scenario())


@pytest.mark.parametrize("file", FILES if IS_DEEP else ["broken", "empty"])
def test_refused_file_is_not_kept(file: str) -> None:
    """A file that is refused keeps neither itself nor the files before it."""
    assert kept_bytes(environment_with(), ("a.png", PICTURE), FILES[file]) < KEPT_BYTES


@pytest.mark.parametrize("fault", FAULTS if IS_DEEP else ["OCR drops", "OCR is down", "no lease"])
def test_files_are_not_kept_after_a_fault(fault: str) -> None:
    """A failure of another service, or of the documents' text, keeps no file."""
    assert kept_bytes(environment_with(FAULTS[fault]), ("a.png", PICTURE), ("b.png", PICTURE)) < KEPT_BYTES


def test_files_are_not_kept_after_a_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    """An unexpected error, which is logged with its traceback, keeps no file."""

    def bug(_: object) -> str:
        raise ZeroDivisionError

    monkeypatch.setattr("app.easycontracts.service.text_of", bug)
    assert kept_bytes(environment_with(), ("a.png", PICTURE)) < KEPT_BYTES


def test_downloaded_file_is_not_kept_after_a_failed_download() -> None:
    """The first file of a contract is freed if the second one cannot be downloaded."""
    environment = environment_with()
    environment.storage.files["a.png"] = ("image/png", PICTURE)
    url = "http://127.0.0.1/{}.png?X-Amz-Signature=0"
    body = {"files": [{"url": url.format(name), "doc_type": "contract"} for name in ("a", "gone")]}

    async def scenario() -> int:
        async with environment.client() as client:
            await client.post("/api/easycontract/7", json=body)
            tracemalloc.start()
            assert (await client.post("/api/easycontract/7", json=body)).status_code == 400
            return tracemalloc.get_traced_memory()[0]

    assert asyncio.run(scenario()) < KEPT_BYTES


@pytest.mark.parametrize("service", ["upstage", "vllm"])
@pytest.mark.parametrize("is_handed_back", [True, False])
def test_files_are_not_kept_after_the_end_of_a_job(service: str, is_handed_back: bool) -> None:
    """A job that is handed back, or whose caller leaves, keeps no file."""
    environment = AppEnvironment()
    plan = getattr(environment, service).plan
    plan.set(Fault(latency_s=60))

    async def scenario() -> int:
        async with environment.client() as client:
            tracemalloc.start()
            posting = asyncio.create_task(_post(client, ("a.png", PICTURE)))
            while not plan.calls:  # noqa: ASYNC110 - the fake has no event
                await asyncio.sleep(0.01)
            if is_handed_back:
                environment.jobs.hand_back()
                assert await posting == 503
            else:
                posting.cancel()
                await asyncio.wait({posting})
            del posting
            await asyncio.sleep(0.3)  # a cancellation is repeated
            return tracemalloc.get_traced_memory()[0]

    assert asyncio.run(scenario()) < KEPT_BYTES
