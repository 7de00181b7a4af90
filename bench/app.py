"""
What the AI server can bear on this machine, with fakes for all that it asks: start, requests a second, jobs at once.

    uv run python bench/app.py

Nothing else may listen on ports 8000 to 8003. How large its image is: bench/app_image.py.
"""

import asyncio
import http.client
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).parent.parent))

import httpx
import pymupdf

from bench.asking import PORT, p99, probed, rate

ROOT: Final = Path(__file__).parent.parent
SERVER: Final = f"http://127.0.0.1:{PORT}"
FAKES: Final = {"vllm": 8001, "upstage": 8002, "backend": 8003}
ENVIRONMENT: Final = {
    "APP_ENV": "dev",
    "VLLM_BASE_URL": "http://127.0.0.1:8001/v1",
    "VLLM_API_KEY": "fake-vllm-key",
    "OCR_API": "fake-ocr-key",
    "OCR_URL": "http://127.0.0.1:8002/v1/document-digitization",
    "BACKEND_CALLBACK_BASE_URL": "http://127.0.0.1:8003/api",
    "BACKEND_INTERNAL_TOKEN": "fake-backend-token",
}
LLM_S: Final = 2
JOBS: Final = 200
PAGES: Final = 30
RATE_S: Final = 8
_LONGEST_S: Final = 120


@contextmanager
def process(*command: str, url: str) -> Iterator[int]:
    """A process that answers at a URL, until it is killed; its number."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with subprocess.Popen(
        [sys.executable, "-m", *command], cwd=ROOT, env=environment | ENVIRONMENT, stdout=subprocess.DEVNULL
    ) as started:
        try:
            while not is_up(url):
                if started.poll() is not None:
                    raise SystemExit(f"python -m {command[0]} ended with code {started.returncode}")
                time.sleep(0.002)
            yield started.pid
        finally:
            started.kill()


def server() -> AbstractContextManager[int]:
    """The server, which is ready."""
    return process("app", url=f"{SERVER}/readyz")


def fake(name: str, *arguments: str) -> AbstractContextManager[int]:
    """A fake, which listens."""
    port = FAKES[name]
    return process(
        f"tests.support.app_fakes.{name}", "--port", str(port), *arguments, url=f"http://127.0.0.1:{port}/fake/calls"
    )


def is_up(url: str) -> bool:
    """Whether a URL answers with 200."""
    address, _, path = url.removeprefix("http://").partition("/")
    connection = http.client.HTTPConnection(address, timeout=5)
    try:
        connection.request("GET", f"/{path}")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def processor_s(pid: int) -> float:
    """What a process has taken of the processor; a busy machine hardly lengthens it."""
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def start_s() -> tuple[float, float]:
    """Seconds from the command to the 200 of `/readyz`, and those of the processor; medians, with bytecode."""
    runs = []
    for _ in range(6):
        began_s = time.perf_counter()
        with server() as pid:
            runs.append((time.perf_counter() - began_s, processor_s(pid)))
    seconds, worked_s = (statistics.median(column) for column in zip(*runs[1:], strict=True))
    return seconds, worked_s


def told(name: str, what: str) -> list[dict[str, Any]]:
    """What a fake says that it was asked or told."""
    said: list[dict[str, Any]] = httpx.get(f"http://127.0.0.1:{FAKES[name]}/fake/{what}").json()
    return said


def checklists_s() -> float:
    """Seconds from the first of 200 requests at once until the backend has the callback of each."""
    began_s = time.perf_counter()
    asyncio.run(_post_checklists())
    while len(callbacks := told("backend", "callbacks")) < JOBS:
        if time.perf_counter() - began_s > _LONGEST_S:
            raise SystemExit(f"{len(callbacks)} of {JOBS} callbacks came within {_LONGEST_S} s")
        time.sleep(0.05)
    took_s = time.perf_counter() - began_s
    if len({callback["id"] for callback in callbacks if "checklists" in callback["body"]}) < JOBS:
        raise SystemExit("a job failed, or was delivered twice")
    return took_s


async def _post_checklists() -> None:
    async with httpx.AsyncClient(base_url=SERVER, timeout=30) as client:
        body = {"keywords": ["전세", "반려동물", "근저당"]}
        posts = (client.post(f"/api/checklists/bench-{number}", json=body) for number in range(JOBS))
        for answer in await asyncio.gather(*posts):
            answer.raise_for_status()


def rendered_s(content: bytes) -> float:
    """
    Seconds from the upload of a PDF until all its pages are pictures, because the first is sent to be read.

    The answer would come a minute later, because one page is read in two seconds; the server is gone by then.
    """
    answers: list[str] = []
    began_s = time.perf_counter()
    threading.Thread(target=_upload, args=(content, answers), daemon=True).start()
    while not told("upstage", "calls"):
        if answers or time.perf_counter() - began_s > _LONGEST_S:
            raise SystemExit(f"no page was sent to be read: {answers}")
        time.sleep(0.01)
    return time.perf_counter() - began_s


def _upload(content: bytes, answers: list[str]) -> None:
    files = {"files": ("lease.pdf", content, "application/pdf")}
    data = {"doc_types": "contract"}
    with suppress(httpx.TransportError):
        answers.append(httpx.post(f"{SERVER}/api/easycontract/sync", files=files, data=data, timeout=_LONGEST_S).text)


def scanned_pdf(pages: int) -> bytes:
    """A PDF as a scanner makes it: a picture of 300 dots an inch on every page."""
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
    """Return what was measured, the figure, and what is wanted of it."""
    seconds, worked_s = start_s()
    yield "start to ready", f"{seconds:.2f} s, {worked_s:.2f} s of the processor", "< 2 s"
    with server() as pid:
        before_s = processor_s(pid)
        per_second, generator = rate(RATE_S)
        worked_s = processor_s(pid) - before_s
    per_worked_s = f"{per_second * RATE_S / worked_s:.0f} a second of the processor"
    yield f"/health, one worker, asked by {generator}", f"{per_second:.0f} a second, {per_worked_s}", ">= 2000"
    with ExitStack() as running:
        running.enter_context(fake("vllm", "--latency-s", str(LLM_S)))
        running.enter_context(fake("backend"))
        running.enter_context(fake("upstage"))
        pid = running.enter_context(server())
        with probed() as latencies_ms:
            time.sleep(5)
        yield "/health with nothing else", _latency(latencies_ms), ""
        before_s = processor_s(pid)
        with probed() as latencies_ms:
            took_s = checklists_s()
        worked_s = processor_s(pid) - before_s
        figure = f"{took_s:.1f} s, {worked_s:.1f} s of the processor"
        yield f"{JOBS} checklists, LLM of {LLM_S} s, until the last callback", figure, "< 25 s"
        yield "/health meanwhile", _latency(latencies_ms), ""
        content = scanned_pdf(PAGES)
        with probed() as latencies_ms:
            took_s = rendered_s(content)
        yield f"scan of {PAGES} pages until they are pictures", f"{took_s:.1f} s", ""
        yield "/health meanwhile", _latency(latencies_ms), ""


def _latency(latencies_ms: list[float]) -> str:
    return f"p99 {p99(latencies_ms):.1f} ms, worst {max(latencies_ms):.0f} ms"


def main() -> None:
    """Measure, and print a table."""
    print("| | figure | wanted |\n|---|---|---|", flush=True)
    for what, figure, wanted in figures():
        print(f"| {what} | {figure} | {wanted} |", flush=True)


if __name__ == "__main__":
    main()
