"""Reports in Markdown, as a job's summary shows them: real runs, rendered in a real Chromium."""

from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from selenium.webdriver import Chrome

from tests.support import fake_registry
from tests.support.deployer import Deployer
from tests.support.emulator import GROUP, run_emulator
from tests.support.fake_registry import FakeRegistry
from tests.support.releases import reference

_COMMIT = "2b7d1c9" + "0" * 33
_AUTHOR = "<img src=x onerror=\"document.title='run'\"> | `x` [y](https://evil.test)"
# The width of a summary on GitHub, and its rule that a wide table or block scrolls within itself.
_PAGE = """<!doctype html><meta charset="utf-8"><title>summary</title><style>
body {{font: 14px/1.5 sans-serif; width: 896px; margin: 24px}} pre, table {{display: block; overflow-x: auto}}
pre {{background: #f6f8fa; padding: 16px}} td, th {{border: 1px solid #d0d7de; padding: 6px 13px}}
table {{border-collapse: collapse}} p, li {{overflow-wrap: anywhere}}</style>{}"""


@pytest.fixture(scope="module")
def summaries(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Summaries of a release, of one that pauses, of its abort, and of one without capacity; status and history."""
    folder = tmp_path_factory.mktemp("deployer")
    texts: dict[str, str] = {}

    def add(name: str, exit_code: int, *arguments: str) -> None:
        assert deployer.run(*arguments)[0] == exit_code
        texts[name] = deployer.run("report", "--format", "markdown")[1]

    with run_emulator() as emulator, fake_registry.served(FakeRegistry()) as url:
        emulator.wait_for_stable_group()
        deployer = Deployer(emulator, url, folder, rollout="{bake_s: 1, poll_s: [0.1, 0.1]}")
        deployer.variables["GITHUB_ACTOR"] = _AUTHOR
        add("success", 0, "deploy", "--image", reference("a"), "--commit", _COMMIT)
        add("nothing", 0, "deploy", "--image", reference("a"), "--commit", _COMMIT)
        deployer.rollout = "{bake_s: 1, poll_s: [0.1, 0.1], steps: [{instances: 1}, {pause: true}]}"
        add("pause", 0, "deploy", "--image", reference("b"))
        texts["status"] = deployer.run("status", "--format", "markdown")[1]
        add("abort", 0, "abort")
        deployer.rollout = "{bake_s: 1, poll_s: [0.1, 0.1]}"
        emulator.ask("emulator/capacity", verb="PUT", body={"asia-northeast3-a": 3})
        add("failure", 9, "deploy", "--image", reference("b"))
        texts["history"] = deployer.run("history", "--format", "markdown")[1]
    return texts


def shown(browser: Chrome, folder: Path, text: str) -> None:
    """Show a summary as GitHub does: the Markdown that the text is, with tables, and no HTML of its own."""
    file = folder / "summary.html"
    file.write_text(_PAGE.format(MarkdownIt("commonmark", {"html": False}).enable("table").render(text)))
    browser.get(file.as_uri())


@pytest.mark.parametrize(
    ("name", "heading"),
    [
        ("success", f"✓ ai-server aaaaaaa (2b7d1c9) serves {GROUP} · 3/3 · "),
        ("nothing", f"✓ nothing to do: ai-server aaaaaaa (2b7d1c9) serves {GROUP}"),
        ("pause", f"◐ {GROUP}: paused at step 1 of 2 · "),
        ("abort", f"✓ aborted: ai-server aaaaaaa (2b7d1c9) serves {GROUP} · 3/3 · "),
        ("failure", f"✗ {GROUP}: deploy lacked capacity, rolled back (exit code 9) · "),
        ("status", f"{GROUP}: "),
        ("history", ""),
    ],
)
def test_summary_has_its_outcome_in_the_heading_and_no_empty_head(
    browser: Chrome, tmp_path: Path, summaries: dict[str, str], name: str, heading: str
) -> None:
    """Nothing of it is HTML of its own, no column has an empty head, and only blocks within it scroll."""
    shown(browser, tmp_path, summaries[name])
    read = browser.execute_script
    headings, heads, elements = read(
        "const texts = selector => [...document.querySelectorAll(selector)].map(element => element.innerText.trim());"
        "return [texts('h3'), texts('th'), document.querySelectorAll('img, script, a').length]"
    )
    assert [text.startswith(heading) for text in headings] == ([True] if heading else []), headings
    assert "" not in heads
    assert (elements, browser.title) == (0, "summary")
    assert read("return document.body.scrollWidth <= document.body.clientWidth"), summaries[name]


def test_commands_of_a_pause_are_blocks_to_copy(browser: Chrome, tmp_path: Path, summaries: dict[str, str]) -> None:
    """Each way on from a pause is a command in a block of its own."""
    shown(browser, tmp_path, summaries["pause"])
    blocks = browser.execute_script("return [...document.querySelectorAll('pre')].map(block => block.innerText.trim())")
    commands = [block.split(" -m deploy ")[-1] for block in blocks[:2]]
    assert commands == ["promote --env dev --step 1 --to bbbbbbb", "abort --env dev"]
