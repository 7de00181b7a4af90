"""The console of a good rollout, a failed one and a canary, all by deploy: what it says, and how it looks."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.emulator import SEED_TEMPLATE
from tests.system.console.layout import Layout
from tests.system.console.page import Page
from tests.system.console.recorded_rollouts import NAMES, REASON

Rollouts = dict[str, Path]


@pytest.fixture
def layout(page: Page) -> Iterator[Layout]:
    """The layout of the page, which has the window's size again at the end."""
    layout = Layout(page.driver)
    yield layout
    layout.reset()


def test_good_rollout_is_named_by_image_digest_and_commit(page: Page, rollouts: Rollouts) -> None:
    """Neither names of versions nor of templates are shown of a release; its outcome has its age and its duration."""
    page.open(rollouts["good"].as_uri())
    assert re.fullmatch(
        rf"✓\s+{re.escape(NAMES['a'])} was rolled out \d+ (s|min|h) ago, in [\d:]+\.", page.text("outcome")
    )
    assert page.text("summary") == f"Stable: 3 healthy, target 3, all on {NAMES['a']}."
    assert page.instances(2, 3) == {(NAMES["a"], "healthy")}
    assert f"{NAMES['a']}\n3 instances, 100 % of the group" in page.text("versions")
    texts = page.driver.execute_script("return document.body.innerText")
    assert SEED_TEMPLATE in texts  # a template without a release record
    assert "deploy/aaaaaaaaaaaa/" not in texts


def test_failed_rollout_is_shown_with_its_reason(page: Page, rollouts: Rollouts) -> None:
    """The outcome has what failed, when it was rolled back, what its instances showed, and what serves."""
    page.open(rollouts["failed"].as_uri())
    outcome = page.text("outcome")
    assert re.search(
        rf"^✗\s+{re.escape(NAMES['b'])} failed, rolled back \d+ (s|min|h) ago: …\w{{4}} failed to boot: {REASON}, ",
        outcome,
    )
    assert outcome.endswith(f"0 of 3 instances served. {NAMES['a']} serves again.")
    assert page.instances(2, 3) == {(NAMES["a"], "healthy")}
    assert "ai-server bbbbbbb\twrites boot phases: booted after 1 s, login after 2 s, " in page.text("rules")
    assert f"failed after 8 s, fails to boot: {REASON}\n" in page.text("rules")


def test_boot_phases_are_bars_and_a_column(page: Page, rollouts: Rollouts) -> None:
    """Each phase that was written until the moment has a bar, and its seconds since the phase before."""
    page.open(rollouts["good"].as_uri())
    assert page.instances(9) == {("booted, login +1 s, secrets +2 s, pulled +4 s, started +1 s",)}
    phases = ["booted", "login", "secrets", "pulled", "started"]
    bars = page.driver.execute_script(
        "return [...document.querySelectorAll('#lanes [data-boot]')].map(bar => [bar.dataset.boot, bar.dataset.phase])"
    )
    for name in {name for (name,) in page.instances(0)}:
        assert [phase for instance, phase in bars if instance == name] == phases
    page.open(rollouts["failed"].as_uri())
    titles = page.driver.execute_script(
        "return [...document.querySelectorAll('#lanes .phase.bad title')].map(title => title.textContent)"
    )
    assert [title.partition("\n")[2] for title in titles] == [f"boot: failed after 4 s: {REASON}"]


FAILURES: dict[str, dict[str, Any]] = {
    "failed to boot: no login": {
        "phases": [{"name": "failed", "at_s": 9, "reason": "no login"}],
        "health": "UNHEALTHY",
    },
    "was not created: QUOTA_EXCEEDED": {"error": "QUOTA_EXCEEDED"},
    "was recreated 2 times": {"repairs": 2, "health": "UNHEALTHY"},
    "became UNHEALTHY after it served": {"health": "UNHEALTHY", "available": True},
    "was UNHEALTHY and never served": {"health": "UNHEALTHY"},
    "": {"error": "QUOTA_EXCEEDED", "available": True, "phases": [{"name": "failed", "at_s": 11, "reason": "later"}]},
}


def test_failures_are_those_that_instances_of_the_release_showed(page: Page, rollouts: Rollouts) -> None:
    """One failure an instance, the nearest to its cause; later phases and instances of another version do not count."""
    page.open(rollouts["good"].as_uri())
    healthy = {
        "template": "new",
        "version": "",
        "action": "NONE",
        "error": "",
        "repairs": 0,
        "available": False,
        "health": "",
    }
    rows = [{"name": f"i{index}"} | healthy | row for index, row in enumerate(FAILURES.values())]
    rows += [{"name": "old"} | healthy | {"template": "old", "repairs": 1}]
    rollout = {"before": {"instances": rows}, "release": {"template": "new", "name": ""}, "at_s": 10}
    texts = [f"i{index} {text}" for index, text in enumerate(FAILURES) if text]
    assert page.driver.execute_script("return failures(arguments[0])", rollout) == texts


def test_canary_is_shown_with_shares_and_step(page: Page, rollouts: Rollouts) -> None:
    """Both releases have their instances and shares; the steps of the release record have the current one marked."""
    page.open(rollouts["canary"].as_uri())
    assert f"Canary: {NAMES['c']} serves from 1 of 3 instances, step 1 of 3; it began " in page.text("outcome")
    versions = page.text("versions")
    assert f"{NAMES['c']}\n1 instance, 33 % of the group" in versions
    assert f"{NAMES['a']}\n2 instances, 67 % of the group" in versions
    assert page.text("steps").splitlines() == [
        "1 instance for 0.2 s, then a pause",
        "67 % for 0.2 s",
        "the whole group",
    ]
    assert page.driver.execute_script("return document.querySelector('#steps [aria-current]').innerText[0]") == "1"


@pytest.mark.parametrize("name", ["good", "failed", "canary"])
@pytest.mark.parametrize("width", [1280, 420])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_fits_its_width(
    page: Page, layout: Layout, rollouts: Rollouts, name: str, width: int, scheme: str
) -> None:
    """Nothing scrolls to the side, and no label of the drawing overlaps another one, leaves its bar or the drawing."""
    layout.emulate(width, scheme)
    page.open(rollouts[name].as_uri())
    for shown in ("rollout", "all"):
        page.select("span", shown)
        for moment in (200, 120, 60, 0):
            page.scrub(moment)
            assert layout.overflows() == []
            assert layout.overlaps() == []


@pytest.mark.parametrize("name", ["good", "failed", "canary"])
@pytest.mark.parametrize("width", [1280, 420])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_have_contrast(
    page: Page, layout: Layout, rollouts: Rollouts, name: str, width: int, scheme: str
) -> None:
    """Every text of the page and of the drawing is readable in both colour schemes, which differ."""
    layout.emulate(width, scheme)
    page.open(rollouts[name].as_uri())
    page.select("span", "all")
    is_dark = sum(int(part) for part in re.findall(r"\d+", layout.background())) < 3 * 128
    assert is_dark == (scheme == "dark")
    for moment in (200, 120):
        page.scrub(moment)
        assert layout.faint_texts() == []
