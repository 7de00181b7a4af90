"""
Measurements of the AI server on this computer, with fakes of other services: start, requests a second, concurrent jobs,
and memory and `/health` during hostile requests, answers and files.

    uv run python bench/app.py

Ports 8000 to 8004 must be free. bench/app_image.py measures the size of the image.
"""

import asyncio
import statistics
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parent.parent))

import httpx
import pymupdf

from bench import app_checklists, app_connections, app_documents, app_half_requests
from bench.app_probe import print_table
from bench.app_processes import SERVER, fake, processor_s, records, server
from bench.health_requests import p99, probe_latency, rate

LLM_S: Final = 2
JOBS: Final = 200
PAGES: Final = 30
RATE_S: Final = 8
_TIMEOUT_S: Final = 120


def start_s() -> tuple[float, float]:
    """Return the seconds until `/readyz` answers 200, and those of processor time: medians, with cached bytecode."""
    runs = []
    for _ in range(6):
        started_s = time.perf_counter()
        with server() as pid:
            runs.append((time.perf_counter() - started_s, processor_s(pid)))
    seconds, processor_time_s = (statistics.median(column) for column in zip(*runs[1:], strict=True))
    return seconds, processor_time_s


def checklists_s() -> float:
    """Return the seconds from 200 concurrent requests to the last of their callbacks."""
    started_s = time.perf_counter()
    asyncio.run(_post_checklists())
    while len(callbacks := records("backend", "callbacks")) < JOBS:
        if time.perf_counter() - started_s > _TIMEOUT_S:
            raise SystemExit(f"{len(callbacks)} of {JOBS} callbacks came within {_TIMEOUT_S} s")
        time.sleep(0.05)
    duration_s = time.perf_counter() - started_s
    if len({callback["id"] for callback in callbacks if "checklists" in callback["body"]}) < JOBS:
        raise SystemExit("a job failed, or was delivered twice")
    return duration_s


async def _post_checklists() -> None:
    async with httpx.AsyncClient(base_url=SERVER, timeout=30) as client:
        body = {"keywords": ["전세", "반려동물", "근저당"]}
        posts = (client.post(f"/api/checklists/bench-{number}", json=body) for number in range(JOBS))
        for answer in await asyncio.gather(*posts):
            answer.raise_for_status()


def render_s(content: bytes) -> float:
    """
    Return the seconds from the upload of a PDF until all its pages are rendered, when the first page goes to OCR.

    The answer would follow a minute later, because OCR reads a page in two seconds; the server has ended by then.
    """
    answers: list[str] = []
    started_s = time.perf_counter()
    threading.Thread(target=_upload, args=(content, answers), daemon=True).start()
    while not records("upstage", "calls"):
        if answers or time.perf_counter() - started_s > _TIMEOUT_S:
            raise SystemExit(f"no page was sent to OCR: {answers}")
        time.sleep(0.01)
    return time.perf_counter() - started_s


def _upload(content: bytes, answers: list[str]) -> None:
    files = {"files": ("lease.pdf", content, "application/pdf")}
    data = {"doc_types": "contract"}
    with suppress(httpx.TransportError):
        answers.append(httpx.post(f"{SERVER}/api/easycontract/sync", files=files, data=data, timeout=_TIMEOUT_S).text)


def scanned_pdf(pages: int) -> bytes:
    """Return a PDF like that of a scanner, with an image of 300 dpi on each page."""
    text = pymupdf.open()
    page = text.new_page(width=595, height=842)
    for number in range(40):
        page.insert_text((40, 40 + 19 * number), f"Lease of a flat in Seoul, clause {number}: nothing of it is true.")
    scan = page.get_pixmap(dpi=300).tobytes("jpeg")
    document = pymupdf.open()
    for _ in range(pages):
        page = document.new_page(width=595, height=842)
        page.insert_image(page.rect, stream=scan)
    content: bytes = document.tobytes()
    return content


def figures() -> Iterator[tuple[str, str, str]]:
    """Yield the subject of each measurement, its value and its target."""
    seconds, processor_time_s = start_s()
    yield "start to ready", f"{seconds:.2f} s, {processor_time_s:.2f} s of processor time", "< 2 s"
    with server() as pid:
        before_s = processor_s(pid)
        per_second, generator = rate(RATE_S)
        processor_time_s = processor_s(pid) - before_s
    throughput = f"{per_second * RATE_S / processor_time_s:.0f} a second of processor time"
    yield (
        f"/health, one worker, requests by {generator}",
        f"{per_second:.0f} a second, {throughput}",
        ">= 2000",
    )
    with ExitStack() as running:
        running.enter_context(fake("vllm", "--latency-s", str(LLM_S)))
        running.enter_context(fake("backend"))
        running.enter_context(fake("upstage"))
        pid = running.enter_context(server())
        with probe_latency() as latencies_ms:
            time.sleep(5)
        yield "/health without other requests", _latency(latencies_ms), ""
        before_s = processor_s(pid)
        with probe_latency() as latencies_ms:
            duration_s = checklists_s()
        processor_time_s = processor_s(pid) - before_s
        figure = f"{duration_s:.1f} s, {processor_time_s:.1f} s of processor time"
        yield f"{JOBS} checklists, LLM of {LLM_S} s, until the last callback", figure, "< 25 s"
        yield "/health during this", _latency(latencies_ms), ""
        content = scanned_pdf(PAGES)
        with probe_latency() as latencies_ms:
            duration_s = render_s(content)
        yield f"scan of {PAGES} pages until they are rendered", f"{duration_s:.1f} s", ""
        yield "/health during this", _latency(latencies_ms), ""


def _latency(latencies_ms: list[float]) -> str:
    return f"p99 {p99(latencies_ms):.1f} ms, worst {max(latencies_ms):.0f} ms"


def main() -> None:
    """Measure, and print a table of figures and one of limits, which takes ten minutes."""
    print("| subject | value | target |\n|---|---|---|", flush=True)
    for subject, value, target in figures():
        print(f"| {subject} | {value} | {target} |", flush=True)
    print()
    rows = [*app_documents.rows(), *app_connections.rows(), *app_half_requests.rows(), *app_checklists.rows()]
    print_table(sorted(rows, key=lambda row: row.number))


if __name__ == "__main__":
    main()
