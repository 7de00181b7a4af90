"""Pages that could not be read, or only in part, are named in the answer."""

from tests.support.app_fakes.damaged_pdfs import damaged_pdf, pdf_with_image, pdf_with_undrawable_page, portfolio
from tests.unit.app.app_environment import AppEnvironment
from tests.unit.app.contract_requests import PNG, code, message, upload


def test_unread_pages_are_named_in_the_answer(environment: AppEnvironment) -> None:
    """The last line has the file and number of each page that was read in part or not at all."""
    damaged = pdf_with_image(b"/Filter/DCTDecode", b"garbage")
    answer = upload(environment, [("계약  서.pdf", pdf_with_undrawable_page()), ("b.pdf", damaged), ("c.png", PNG)])
    assert answer.status_code == 200
    notice = "> **읽지 못한 쪽**: 전부 또는 일부를 읽지 못해 설명에 빠진 내용이 있을 수 있습니다."
    assert answer.text.splitlines()[-1] == f"{notice} 계약 서.pdf 2쪽, b.pdf 1쪽"
    assert len(environment.upstage.plan.calls) == 4


def test_blank_page_is_not_named(environment: AppEnvironment) -> None:
    """An empty page was read."""
    answer = upload(environment, [("a.pdf", damaged_pdf(content=b""))])
    assert (answer.status_code, "읽지 못한" in answer.text) == (200, False)


def test_document_of_unread_pages_is_refused_with_their_names(environment: AppEnvironment) -> None:
    """If no page has a text, the error has the names of the unread pages."""
    environment.upstage.html = ""
    answer = upload(environment, [("a.pdf", pdf_with_undrawable_page())])
    assert code(answer) == (400, "UNPROCESSABLE_DOCUMENT")
    assert message(answer) == "문서에서 글자를 읽을 수 없습니다. 읽지 못한 쪽: a.pdf 2쪽"


def test_portfolio_is_refused_by_name(environment: AppEnvironment) -> None:
    """The error of a portfolio has its name."""
    answer = upload(environment, [("모음.pdf", portfolio())])
    assert code(answer) == (400, "UNPROCESSABLE_DOCUMENT")
    assert "'모음.pdf' 파일은 여러 파일을 담은 PDF 포트폴리오입니다" in message(answer)
