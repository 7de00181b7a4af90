"""Page images of files: refusals, and no leaked process or descriptor and no blocked event loop."""

import asyncio
import gc
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvloop

from app.easycontracts.formats import suffix
from app.easycontracts.pages import Page, Renderer, RenderPolicy
from app.errors import DocumentError, UnsupportedFileTypeError
from tests.unit.app.rendering import JPEG, LOOPS, PNG, children, pdf, pipes, run, until


@pytest.fixture(autouse=True, scope="module")
def _quick_collections() -> Iterator[None]:
    """Exclude older objects from the garbage collections of these tests, which makes them fast."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


def refusal(content: bytes, name: str = "계약.pdf", max_pages: int = 10, **limits: Any) -> str:
    """Return the message of the error for a file."""
    with pytest.raises(DocumentError) as error:
        run(Renderer(RenderPolicy(**limits)).pages(name, content, max_pages))
    return error.value.message


@pytest.fixture
def impostor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """A function that replaces the render program by a shell script."""

    def install(script: str) -> None:
        program = tmp_path / "python"
        program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        program.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(program))

    return install


@pytest.mark.parametrize("name", ["a.pdf", "A.PDF", "계약.서.Pdf", "a.png", "a.jpg", "a.JPEG"])
def test_supported_extensions(name: str) -> None:
    """The extension is returned in lower case."""
    assert suffix(name) == "." + name.rpartition(".")[2].lower()


@pytest.mark.parametrize("name", ["", "pdf", "a.", "a.gif", "a.pdf.exe", "a.pdf "])
def test_other_extensions_are_refused(name: str) -> None:
    """The error has the name of the file."""
    with pytest.raises(UnsupportedFileTypeError) as error:
        suffix(name)
    assert error.value.message == f"'{name}' 파일은 지원하지 않는 형식입니다. PDF, PNG, JPG, JPEG만 됩니다."


def test_rendering_does_not_block_the_event_loop(impostor: Callable[[str], None], tmp_path: Path) -> None:
    """The event loop runs other tasks during rendering, which ends only after them, and reads its images quickly."""
    is_free = tmp_path / "is_free"
    impostor(f'while [ ! -e "{is_free}" ]; do sleep 0.01; done; exec "{sys.executable}" "$@"')

    async def beats() -> tuple[list[Page], list[float]]:
        rendering = asyncio.ensure_future(Renderer(RenderPolicy()).pages("계약.pdf", pdf(5), 10))
        busy_s = []
        while not rendering.done():
            began_s = time.thread_time()
            await asyncio.sleep(0.01)
            busy_s.append(time.thread_time() - began_s)
            if len(busy_s) == 20:
                is_free.touch()
        return await rendering, busy_s

    pages, busy_s = run(beats(), uvloop.new_event_loop)
    assert [page.content_type for page in pages] == ["image/png"] * 5
    assert all(page.content.startswith(PNG) for page in pages)
    assert len(busy_s) >= 20
    assert max(busy_s) < 0.5


@pytest.mark.parametrize(
    ("head", "message"),
    [
        (
            '{"error": "encrypted"}',
            "'계약.pdf' 파일은 비밀번호로 보호되어 있습니다. 비밀번호를 해제한 뒤 다시 올려 주세요.",
        ),
        ('{"error": "empty"}', "'계약.pdf' 파일에 페이지가 없습니다."),
        (
            '{"error": "portfolio"}',
            "'계약.pdf' 파일은 여러 파일을 담은 PDF 포트폴리오입니다. 담긴 파일을 꺼내어 따로 올려 주세요.",
        ),
        (
            '{"error": "too_many_pages", "pages": 300}',
            "'계약.pdf' 파일은 300페이지입니다. 최대 10페이지까지 읽을 수 있습니다.",
        ),
        ('{"error": "broken"}', "'계약.pdf' 파일이 손상되었거나 올바른 PDF가 아닙니다."),
    ],
)
def test_refusal_has_the_name_and_the_reason(impostor: Callable[[str], None], head: str, message: str) -> None:
    """Each error of the render program has its message."""
    impostor(f"echo '{head}'")
    assert refusal(pdf()) == message


def test_pdf_with_too_many_pages_is_refused() -> None:
    """The error has both numbers of pages."""
    assert "11페이지입니다. 최대 10페이지" in refusal(pdf(11))


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.JPEG"])
def test_image_is_its_only_page(name: str) -> None:
    """An image is returned unchanged."""
    kind, start = ("png", PNG) if name == "a.png" else ("jpeg", JPEG)
    assert run(Renderer(RenderPolicy()).pages(name, start + b"...", 10)) == [
        Page(1, name, start + b"...", f"image/{kind}")
    ]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.png", b"GIF89a", "'a.png' 파일은 올바른 PNG 이미지가 아닙니다."),
        ("a.jpg", b"RIFF....WEBP", "'a.jpg' 파일은 올바른 JPG 이미지가 아닙니다."),
        ("a.jpeg", b"", "'a.jpeg' 파일은 올바른 JPEG 이미지가 아닙니다."),
        ("a.pdf", b"GIF89a", "'a.pdf' 파일이 손상되었거나 올바른 PDF가 아닙니다."),
        ("a.pdf", b"", "'a.pdf' 파일이 손상되었거나 올바른 PDF가 아닙니다."),
        ("a.pdf", b" " * 1024 + b"%PDF-1.7", "'a.pdf' 파일이 손상되었거나 올바른 PDF가 아닙니다."),
    ],
)
def test_content_of_another_format_is_refused(name: str, content: bytes, message: str) -> None:
    """Content that is neither PDF nor PNG nor JPEG is refused."""
    assert refusal(content, name) == message


@pytest.mark.parametrize(
    ("name", "content", "page"),
    [
        ("a.png", JPEG, Page(1, "a.png.p1.jpg", JPEG, "image/jpeg")),
        ("a.jpeg", PNG, Page(1, "a.jpeg.p1.png", PNG, "image/png")),
        ("a.pdf", PNG, Page(1, "a.pdf.p1.png", PNG, "image/png")),
    ],
)
def test_picture_is_taken_by_its_bytes(name: str, content: bytes, page: Page) -> None:
    """A picture with the extension of another supported format has the type and the ending of its bytes."""
    assert run(Renderer(RenderPolicy()).pages(name, content, 10)) == [page]


def test_pdf_with_the_extension_of_a_picture_is_rendered() -> None:
    """The pages have numbers, and names with the ending of a PNG."""
    pages = run(Renderer(RenderPolicy()).pages("a.png", pdf(2), 10))
    assert [(page.number, page.name) for page in pages] == [(1, "a.png.p1.png"), (2, "a.png.p2.png")]


def test_render_process_gets_no_secret_and_no_name(
    impostor: Callable[[str], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Environment and arguments of the process have neither secrets nor the name of the file."""
    monkeypatch.setenv("VLLM_API_KEY", "secret")
    impostor(
        f"cat /proc/$$/environ /proc/$$/cmdline > {tmp_path}/process; cat > {tmp_path}/stdin; echo '{{\"pages\": 0}}'"
    )
    assert run(Renderer(RenderPolicy()).pages("홍길동.pdf", b"%PDF-x" * 100_000, 7)) == []
    process = (tmp_path / "process").read_text(encoding="utf-8")
    assert process.endswith("-m\0app.easycontracts.render\x007\0")
    assert "secret" not in process
    assert "홍길동" not in process
    assert (tmp_path / "stdin").read_bytes() == b"%PDF-x" * 100_000


@pytest.mark.parametrize(
    "script",
    ["exit 1", "kill -9 $$", "echo '{\"pages\": 2}'; exit 1", "echo '{\"pages\": 1}'; printf '\\1\\0\\0\\0\\5PNG'"],
)
def test_failed_render_process_is_a_damaged_file(impostor: Callable[[str], None], script: str) -> None:
    """A process that ends early gives the message for a damaged file."""
    impostor(script)
    assert refusal(pdf() + bytes(2**20)) == "'계약.pdf' 파일이 손상되었거나 올바른 PDF가 아닙니다."


@pytest.mark.parametrize("output", ["", "echo '{\"pages\": 1}'; "])
def test_process_above_its_processor_time_has_its_own_message(impostor: Callable[[str], None], output: str) -> None:
    """SIGXCPU, at the limit that the process sets itself, gives the message for a slow file."""
    impostor(f"{output}kill -XCPU $$")
    assert "시간이 너무 오래 걸려" in refusal(pdf())


def test_incomplete_pages_are_marked(impostor: Callable[[str], None]) -> None:
    """Pages have their number, and whether they are complete; a page that cannot be drawn is empty."""
    impostor("echo '{\"pages\": 3}'; printf '\\1\\0\\0\\0\\1a\\0\\0\\0\\0\\1b\\0\\0\\0\\0\\0'")
    expected = [(b"a", 1, True), (b"b", 2, False), (b"", 3, False)]
    pages = run(Renderer(RenderPolicy()).pages("계약.pdf", pdf(), 10))
    assert [(page.content, page.number, page.is_complete) for page in pages] == expected


def test_page_images_have_a_size_limit(impostor: Callable[[str], None]) -> None:
    """Images above the limit are refused, and the process is killed."""
    impostor("echo '{\"pages\": 1}'; printf '\\1\\377\\0\\0\\0'; exec cat /dev/zero")
    message = "'계약.pdf' 파일의 페이지 이미지가 너무 큽니다. 해상도를 낮추거나 나누어 올려 주세요."
    assert refusal(pdf(), timeout_s=20) == message
    assert not children()


STUCK = ["exec sleep 60", "echo '{\"pages\": 1}'; printf '\\1\\0\\377\\0\\0'; head -c 9000000 /dev/zero; exec sleep 60"]


@pytest.mark.parametrize("new_loop", LOOPS)
@pytest.mark.parametrize("script", STUCK)
def test_hanging_render_process_is_killed(impostor: Callable[[str], None], script: str, new_loop: Any) -> None:
    """After the timeout neither process nor pipe remains."""
    impostor(script)

    async def hang() -> None:
        before = pipes()
        with pytest.raises(DocumentError, match="시간이 너무 오래 걸려"):
            await Renderer(RenderPolicy(timeout_s=0.2)).pages("계약.pdf", pdf() + bytes(2**20), 10)
        await until(lambda: not children() and pipes() == before)

    run(hang(), new_loop)


@pytest.mark.parametrize("new_loop", LOOPS)
def test_cancelled_rendering_leaves_nothing(impostor: Callable[[str], None], new_loop: Any) -> None:
    """After a cancellation at any moment neither process nor pipe remains."""
    impostor("exec sleep 60")

    async def give_up() -> None:
        renderer = Renderer(RenderPolicy(at_once=1))
        before = pipes()
        for turns in range(12):  # From before the process starts to when it hangs.
            both = [asyncio.ensure_future(renderer.pages("계약.pdf", pdf() + bytes(2**20), 10)) for _ in range(2)]
            for _ in range(turns):
                await asyncio.sleep(0)
            await asyncio.sleep(0.1 if turns == 11 else 0)
            for task in both:
                task.cancel()
            results = await asyncio.gather(*both, return_exceptions=True)
            assert [type(error) for error in results] == [asyncio.CancelledError] * 2
        await until(lambda: not children() and pipes() == before)

    run(give_up(), new_loop)
