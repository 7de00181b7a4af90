"""
Failing contracts, hostile answers of other services and hostile PDFs: rows 1, 3, 5, 7 and 8 of the table of limits.

bench/app.py prints the rows; `python bench/app_documents.py` prints them alone.
"""

import gzip
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).parent.parent))

import httpx
import pymupdf

from bench.app_probe import Row, print_table, watch
from bench.app_processes import FAKES, SERVER, fake, server
from bench.hostile_service import hostile_service
from tests.support.app_fakes.damaged_pdfs import (
    damaged_pdf,
    endless_pdf,
    pdf_with_image,
    pdf_with_kids,
    pdf_with_undrawable_page,
    portfolio,
)

FAILURES: Final = 50
AT_ONCE: Final = 4
NOISY_S: Final = 300
BOMB_BYTES: Final = 2**30
LINE_BREAKS: Final = 1_500_000
_TIMEOUT_S: Final = 400
_MIB: Final = 2**20
_PICTURE: Final = b"\x89PNG\r\n\x1a\n" + bytes(12 * _MIB)
_BROKEN: Final = b"%PDF-1.7 broken"
_JSON: Final = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

File = tuple[str, bytes]


def rows() -> Iterator[Row]:
    """Yield the rows of this module."""
    yield row_1()
    yield row_1_noisy()
    yield row_3_slow()
    yield row_3_bomb()
    yield row_3_line_breaks()
    yield row_5()
    yield row_7()
    yield row_8()


def contract(*files: File) -> httpx.Response:
    """Upload a contract, and return the answer."""
    data = {"doc_types": ["contract"] * len(files)}
    parts = [("files", file) for file in files]
    return httpx.post(f"{SERVER}/api/easycontract/sync", files=parts, data=data, timeout=_TIMEOUT_S)


def plan(name: str, **fault: Any) -> None:
    """Set the fault of a fake; none without arguments."""
    httpx.post(f"http://127.0.0.1:{FAKES[name]}/fake/plan", json=[fault] if fault else []).raise_for_status()


def row_1() -> Row:
    """Let 50 contracts fail: refused files after large ones, and failures of Upstage and of vLLM."""
    refused = [_BROKEN, portfolio(), damaged_pdf(content=b""), pdf_with_kids(b"3 0 R " * 31, 31), b"no PDF", b""]
    faults: list[tuple[str, dict[str, Any]]] = [
        ("upstage", {"status": 401}),
        ("upstage", {"drop": True}),
        ("vllm", {"status": 400}),
        ("vllm", {"drop": True}),
    ]
    statuses: Counter[int] = Counter()
    with ExitStack() as running:
        for name in ("vllm", "upstage"):
            running.enter_context(fake(name))
        pid = running.enter_context(server())
        with watch(pid) as watched:
            for number in range(FAILURES):
                kind = number % (len(refused) + len(faults))
                if kind < len(refused):
                    files = [(f"{index}.png", _PICTURE) for index in range(3)]
                    plan("upstage", status=400)
                    statuses[contract(*files, ("last.pdf", refused[kind])).status_code] += 1
                else:
                    name, fault = faults[kind - len(refused)]
                    plan("upstage")
                    plan("vllm")
                    plan(name, **fault)
                    statuses[contract(("a.png", _PICTURE), ("b.png", _PICTURE)).status_code] += 1
    return watched.row("1", f"{FAILURES} failing contracts of ten kinds, 24 to 36 MiB each", _counts(statuses))


def row_1_noisy() -> Row:
    """Let four callers upload four PDFs of noise and a broken one for five minutes."""
    noise = noisy_pdf(pages=6)
    files: list[File] = [*((f"{number}.pdf", noise) for number in range(4)), ("last.pdf", _BROKEN)]
    ends_s = time.monotonic() + NOISY_S

    def caller(_: int) -> Counter[int]:
        statuses: Counter[int] = Counter()
        while time.monotonic() < ends_s:
            statuses[contract(*files).status_code] += 1
        return statuses

    with server() as pid, watch(pid) as watched, ThreadPoolExecutor(AT_ONCE) as callers:
        statuses = sum(callers.map(caller, range(AT_ONCE)), Counter[int]())
    subject = f"{AT_ONCE} x 5 noisy PDFs that fail, {NOISY_S} s, {len(noise) / _MIB:.0f} MiB each"
    return watched.row("1", subject, _counts(statuses))


def noisy_pdf(pages: int) -> bytes:
    """Return a PDF whose pages have an image of noise, which no PNG compresses."""
    width, height = 1240, 1754
    noise = pymupdf.Pixmap(pymupdf.csRGB, width, height, os.urandom(3 * width * height), 0)
    document, picture = pymupdf.open(), noise.tobytes("jpeg", jpg_quality=60)
    for _ in range(pages):
        page = document.new_page(width=595, height=842)
        page.insert_image(page.rect, stream=picture)
    content: bytes = document.tobytes()
    return content


def row_3_slow() -> Row:
    """Ask for a checklist while vLLM answers with a byte a second."""
    slow = hostile_service(FAKES["vllm"], _JSON + b"Content-Length: 100000\r\n\r\n", drip_s=1)
    with slow, server(HTTP_TIMEOUT_SEC="5") as pid, watch(pid) as watched:
        started_s = time.perf_counter()
        answer = httpx.post(f"{SERVER}/api/checklists/sync", json={"keywords": ["a"]}, timeout=_TIMEOUT_S)
        duration_s = time.perf_counter() - started_s
    return watched.row("3", "vLLM drips, HTTP_TIMEOUT_SEC=5", f"{answer.status_code} after {duration_s:.1f} s")


def row_3_bomb() -> Row:
    """Let Upstage answer with a gzip bomb of 1 GiB."""
    bomb = gzip.compress(bytes(BOMB_BYTES), 1)
    head = _JSON + f"Content-Encoding: gzip\r\nContent-Length: {len(bomb)}\r\n\r\n".encode()
    return _answer_of_upstage(head + bomb, f"a gzip bomb of {BOMB_BYTES // _MIB} MiB from Upstage")


def row_3_line_breaks() -> Row:
    """Let Upstage answer with 1.5 million line breaks."""
    body = json.dumps({"content": {"html": "<br>" * LINE_BREAKS}}).encode()
    head = _JSON + f"Content-Length: {len(body)}\r\n\r\n".encode()
    return _answer_of_upstage(head + body, f"{LINE_BREAKS:,} line breaks from Upstage, four contracts at once")


def _answer_of_upstage(response: bytes, subject: str) -> Row:
    upstage, callers = hostile_service(FAKES["upstage"], response), ThreadPoolExecutor(AT_ONCE)
    with upstage, server() as pid, watch(pid) as watched, callers:
        statuses = Counter(callers.map(lambda _: contract(("a.png", _PICTURE)).status_code, range(AT_ONCE)))
    return watched.row("3", subject, _counts(statuses))


def row_5() -> Row:
    """Let vLLM refuse with a huge `Retry-After`."""
    refusal = b"HTTP/1.1 503 Busy\r\nRetry-After: 9999999999999999999999\r\nContent-Length: 0\r\n\r\n"
    with hostile_service(FAKES["vllm"], refusal), server() as pid, watch(pid) as watched:
        answer = httpx.post(f"{SERVER}/api/checklists/sync", json={"keywords": ["a"]}, timeout=_TIMEOUT_S)
    result = f"{answer.status_code}, Retry-After: {answer.headers.get('Retry-After')}"
    return watched.row("5", "Retry-After: 9999999999999999999999 from vLLM", result)


def row_7() -> Row:
    """Upload two tiny PDFs that are drawn without an end, and an ordinary one."""
    callers = ThreadPoolExecutor(3)
    with fake("vllm"), fake("upstage"), server() as pid, watch(pid) as watched, callers:
        endless = [callers.submit(_timed, [("endless.pdf", endless_pdf())]) for _ in range(2)]
        time.sleep(2)
        ordinary = callers.submit(_timed, [("a.pdf", damaged_pdf())]).result()
    ends = ", ".join(future.result() for future in endless)
    return watched.row("7", "two endless PDFs and an ordinary one", f"ordinary: {ordinary}; endless: {ends}")


def _timed(files: Sequence[File]) -> str:
    started_s = time.perf_counter()
    answer = contract(*files)
    return f"{answer.status_code} after {time.perf_counter() - started_s:.1f} s"


def row_8() -> Row:
    """Upload damaged PDFs together, then a portfolio."""
    files = {
        "nested.pdf": pdf_with_undrawable_page(),
        "jpx.pdf": pdf_with_image(b"/Filter/JPXDecode", b"garbage"),
        "count.pdf": pdf_with_kids(b"3 0 R", 0),
        "blank.pdf": damaged_pdf(content=b""),
    }
    with fake("vllm"), fake("upstage"), server() as pid, watch(pid) as watched:
        answer = contract(*files.items())
        refusal = contract(("portfolio.pdf", portfolio()))
    result = f"{answer.status_code} {answer.text.splitlines()[-1]}; portfolio: {refusal.status_code}"
    return watched.row("8", "damaged PDFs", result)


def _counts(statuses: Counter[int]) -> str:
    return ", ".join(f"{count} x {int(status)}" for status, count in sorted(statuses.items()))


if __name__ == "__main__":
    print_table(rows())
