"""The numbers in the pages about the server are those of the code."""

import re
from typing import Final

import pytest
from pydantic import TypeAdapter

from app import callers, main, server
from app.body_limits import BodyPolicy
from app.checklists import schemas as checklist_schemas
from app.clients import answers, backend, llm, ocr
from app.clients.downloads import DownloadPolicy
from app.clients.ocr import OcrPolicy
from app.clients.outbound import Destination, OutboundPolicy
from app.connections import ConnectionPolicy
from app.easycontracts import render, schemas, text
from app.easycontracts.pages import PICTURES_BYTES, RenderPolicy
from app.easycontracts.service import PromptPolicy
from app.errors import LONGEST_RETRY_AFTER_S, RETRY_AFTER_S
from app.jobs import JobPolicy
from app.lag import LagPolicy
from app.settings import Settings
from tests.unit.app.pages_of_docs import DOCS

_KIB: Final = 2**10
_MIB: Final = 2**20
_GIB: Final = 2**30
_UNITS: Final = "s|MiB|KiB|GiB|pages?|characters|attempts|checklists|contracts|easy contracts|checks|calls"
_NUMBER: Final = re.compile(rf"(?<![\w.])[0-9][0-9,.]*(?: to [0-9]+)? (?:{_UNITS})\b")


def _default(setting: str) -> float:
    return float(Settings.model_fields[setting].default)


_LONGEST_ID: Final = TypeAdapter(checklist_schemas.CaseId).json_schema()["maxLength"]
# The text around a number, with the number as N, and its value in the code.
AI_SERVER: Final = (
    ("a body that needs more than N s", BodyPolicy.body_s),
    ("a body above N MiB", BodyPolicy.body_bytes / _MIB),
    ("an upload above N MiB", BodyPolicy.upload_bytes / _MIB),
    ("a file above N MiB at its URL", DownloadPolicy.max_bytes / _MIB),
    ("of which less than N KiB arrive in", BodyPolicy.progress_bytes / _KIB),
    ("of which less than [0-9]+ KiB arrive in N s", BodyPolicy.progress_s),
    (r"the server is busy \(N checklists", JobPolicy.checklists),
    ("checklists or N easy contracts", JobPolicy.easy_contracts),
    ("an event loop that is more than N s late", LagPolicy.longest_s),
    ("how late the event loop is; above N,", LagPolicy.longest_s),
    ("N s of silence end it", ConnectionPolicy.silent_s),
    ("of more than N connections without a complete", ConnectionPolicy.waiting),
    ("a header block of N KiB", ConnectionPolicy.head_bytes / _KIB),
    ("A token has at least N characters", callers._SHORTEST_TOKEN),
    ("with `Retry-After`, at most N, if", LONGEST_RETRY_AFTER_S),
    ("`retry_after_sec`, at most N, is", LONGEST_RETRY_AFTER_S),
    ("two for PDFs from N MiB on", render.SMALL_BYTES / _MIB),
    (r"time of a PDF \| N s;", RenderPolicy.timeout_s),
    ("N s of processor time, and", render._OPEN_CPU_S),
    ("and N s for each page", render._PAGE_CPU_S),
    ("N GiB of address space", render._MEMORY_BYTES / _GIB),
    ("N MiB for a PDF below", render._SMALL_MEMORY_BYTES / _MIB),
    ("MiB for a PDF below N MiB", render.SMALL_BYTES / _MIB),
    (r"images of all pages of a request \| N MiB", PICTURES_BYTES / _MIB),
    ("vLLM N MiB, Upstage", llm._ANSWER_BYTES / _MIB),
    ("Upstage N MiB, others", ocr._ANSWER_BYTES / _MIB),
    ("others N KiB;", Destination.answer_bytes / _KIB),
    ("N JSON values", answers._JSON_VALUES),
    (r"text of a page \| N characters", text._LONGEST_TEXT),
    ("from HTML of at most N MiB", text._LONGEST_HTML / _MIB),
    ("MiB and N tags", text._TAGS),
    ("An attempt ends after N s", backend._LONGEST_S),
    ("A callback has at most N attempts", backend._ATTEMPTS),
    ("random waits of up to N s and", backend._BACKOFF_FACTOR * OutboundPolicy.backoff_s),
    ("random waits of up to [0-9]+ s and N s", 2 * backend._BACKOFF_FACTOR * OutboundPolicy.backoff_s),
    ("The id has 1 to N characters", _LONGEST_ID),
    ('"retry_after_sec": N', RETRY_AFTER_S),
    ("a page, one in N s", OcrPolicy.period_s),
    (r"\| DRAIN_SEC, N \|", _default("drain_sec")),
    (r"\| \+ FINISH_SEC, N \|", _default("finish_sec")),
    (r"\| \+ N at most \|", main.CALLBACKS_S + server._ANSWER_S),
    ("at most N s for Upstage", OcrPolicy.longest_s),
    ("for Upstage, N s for the backend", backend._LONGEST_S),
    (r"for the backend \| N \|", _default("http_timeout_sec")),
    (r"\| DRAIN_SEC, FINISH_SEC \| see above \| N,", _default("drain_sec")),
    (r"\| DRAIN_SEC, FINISH_SEC \| see above \| [0-9]+, N \|", _default("finish_sec")),
    (r"for which a load balancer keeps connections \| N \|", _default("keep_alive_sec")),
    (r"the design had 10 and 5 \| N,", _default("contract_max_pages")),
    (r"the design had 10 and 5 \| [0-9]+, N \|", _default("registry_max_pages")),
    (r'"doc_type"}\]}`, 1 to N \|', schemas.MOST_FILES),
    ("all summaries together have at most N characters", PromptPolicy.summaries_characters),
    ("A call of Upstage ends after N s", OcrPolicy.longest_s),
    ("an attempt of a callback after N s", backend._LONGEST_S),
)
SURPRISES: Final = (
    ("The limits are N MiB, 50 MiB for uploads", BodyPolicy.body_bytes / _MIB),
    ("The limits are 1 MiB, N MiB for uploads", BodyPolicy.upload_bytes / _MIB),
    ("N MiB for concurrent uploads", BodyPolicy.at_once_bytes / _MIB),
    ("N pages of each kind", _default("contract_max_pages")),
    ("N checklists and [0-9]+ contracts at the same time", JobPolicy.checklists),
    ("checklists and N contracts at the same time", JobPolicy.easy_contracts),
    ("no redirects, N MiB and", DownloadPolicy.max_bytes / _MIB),
    ("no redirects, 20 MiB and N s", DownloadPolicy.timeout_s),
    ("The limits are N characters a page", PromptPolicy.page_characters),
    ("characters a page and N for all summaries", PromptPolicy.summaries_characters),
)
# The text around numbers that are no constants of app/, and where they come from.
ELSEWHERE: Final = {
    r"the caller's \(N to N characters": "app/request_context.py; tests/unit/app/test_request_context.py",
    "fit into the N s of the stack": "compose/ai-server; policy/test_compose.py compares it with the shutdown",
    "N s of processor time for N MiB": "measured by bench/app_redaction.py",
    "A page of N characters with N numbers": "measured by bench/app_redaction.py",
}


def page(name: str) -> str:
    """Return a page without code, and without the table that test_original.py compares."""
    before, _, after = (DOCS / name).read_text(encoding="utf-8").partition("| request | field | original |")
    return before + "\n\n".join(after.split("\n\n")[1:])


def pattern(row: str) -> re.Pattern[str]:
    """Return the pattern for the text around a number."""
    return re.compile(re.sub(r"\bN\b", "([0-9][0-9,.]*)", row))


@pytest.mark.parametrize(
    ("name", "around", "value"),
    [(name, *row) for name, rows in (("ai-server.md", AI_SERVER), ("surprises.md", SURPRISES)) for row in rows],
)
def test_number_is_that_of_the_code(name: str, around: str, value: float) -> None:
    """Each number beside its text is the value of the code."""
    found = pattern(around).findall(page(name))
    assert found, f"docs/{name} has no text like '{around}'"
    assert {float(number.rstrip(",.").replace(",", "")) for number in found} == {value}


def test_every_number_with_a_unit_is_compared() -> None:
    """A number with a unit that docs/ai-server.md gains needs a row here, or a reason."""
    content = page("ai-server.md")
    rows = (*(row for row, _ in AI_SERVER), *ELSEWHERE)
    compared = [match.span() for row in rows for match in pattern(row).finditer(content)]
    missing = [
        match[0]
        for match in _NUMBER.finditer(content)
        if not any(start < match.end() and match.start() < end for start, end in compared)
    ]
    assert missing == [], f"docs/ai-server.md: {missing}. Fix: add the text around each number to AI_SERVER"
