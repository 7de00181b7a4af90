"""The console as a person sees it: in a real Chromium, live and as a replay."""

import shutil
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.support.emulator import GROUP, SEED_TEMPLATE, TEMPLATES, ZONE, Emulator
from tests.support.programs import require
from tests.support.waiting import wait_until
from tests.system.console.page import Page

_FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --disable-dev-shm-usage --no-first-run"
    " --disable-background-networking --disable-component-update --disable-sync --window-size=1280,1000"
)
_MARKUP = "<img src=x onerror=\"document.title='run'\"><!--<script>"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    """A browser with a profile of its own."""
    for tool in ("chromium", "chromedriver"):
        require(tool, "'apt-get install chromium chromium-driver'")
    options = ChromeOptions()
    options.binary_location = str(shutil.which("chromium"))
    for flag in [*_FLAGS.split(), f"--user-data-dir={tmp_path_factory.mktemp('browser')}"]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NO_PROXY", "127.0.0.1,localhost")
        driver = Chrome(options, Service(str(shutil.which("chromedriver"))))
        try:
            yield driver
        finally:
            driver.quit()


@pytest.fixture
def page(emulator: Emulator, browser: Chrome) -> Iterator[Page]:
    """An empty page, which is left before the emulator ends; the test fails if the browser's console has a message."""
    page = Page(browser)
    page.forget()
    yield page
    complaints = page.complaints()
    browser.get("about:blank")
    assert complaints == []


def _roll(emulator: Emulator, template: str, **version: str) -> None:
    emulator.copy_template(template)
    versions = [{"instanceTemplate": f"{TEMPLATES}/{template}", **version}]
    emulator.ask(f"compute/v1/{ZONE}/instanceGroupManagers/{GROUP}", {"versions": versions}, "PATCH")


def _finish(emulator: Emulator) -> None:
    def is_over() -> bool:
        status = emulator.group()["status"]
        return bool(status["isStable"] and status["versionTarget"]["isReached"])

    wait_until(is_over)


def _replay(emulator: Emulator, folder: Path) -> str:
    """Write the replay, as a pipeline does beside its summary, and return the file's address."""
    with urllib.request.urlopen(f"{emulator.address}/emulator/replay.html", timeout=30) as answer:
        (folder / "replay.html").write_bytes(answer.read())
    return (folder / "replay.html").as_uri()


def test_page_shows_the_instances_of_the_seed(page: Page, emulator: Emulator) -> None:
    """Three healthy instances, each in a lane and in the table, with the flags, the clock and its speed."""
    page.open(emulator.address)
    names = {row["instance"].rpartition("/")[2] for row in emulator.instances()}
    zone = ZONE.rpartition("/")[2]
    assert page.instances(0, 1, 2, 4) == {(name, zone, SEED_TEMPLATE, "healthy") for name in names}
    assert {box["instance"] for box in page.boxes(state="healthy", template=SEED_TEMPLATE)} == names
    assert [page.text(id_) for id_ in ("healthy", "size", "surge", "stable", "reached")] == [
        "3",
        "3",
        "1",
        "yes",
        "yes",
    ]
    assert page.text("summary").startswith("Stable: 3 healthy")
    assert page.text("speed").startswith("60")
    assert page.text("clock").endswith("UTC")
    assert "instanceGroupManagers.insert" in page.text("operations")


def test_rolling_update_is_seen_as_it_happens(page: Page, emulator: Emulator) -> None:
    """During the rollout the page shows both templates and no flag, and at its end the new template and both flags."""
    page.open(emulator.address)
    emulator.ask("emulator/instance-rules", {"template": "release-2", "answer_s": 60})
    _roll(emulator, "release-2")
    wait_until(lambda: page.instances(2) == {(SEED_TEMPLATE,), ("release-2",)})
    wait_until(lambda: (page.text("stable"), page.text("reached")) == ("no", "no"))
    wait_until(lambda: page.text("stable") == "yes" and page.text("reached") == "yes")
    assert page.instances(2, 4) == {("release-2", "healthy")}
    states = {box["state"] for box in page.boxes(template="release-2") if "state" in box}
    assert {"creating", "verifying", "healthy"} <= states
    start = {"creating", "verifying", "unhealthy"}  # of the seed's instances, if the page opened early
    assert {box["state"] for box in page.boxes(template=SEED_TEMPLATE)} - start == {"healthy", "deleting"}
    assert {box["on"] for box in page.boxes(flag="isReached")} == {"true", "false"}
    assert {box["version"] for box in page.boxes() if "version" in box} == {SEED_TEMPLATE, "release-2"}


def test_a_canary_is_shown_with_its_size(page: Page, emulator: Emulator) -> None:
    """Both versions have their instances, their target sizes and the percentage, and a bar each on the timeline."""
    emulator.copy_template("release-2")
    canary = {"instanceTemplate": f"{TEMPLATES}/release-2", "name": "canary", "targetSize": {"percent": 34}}
    versions = [{"instanceTemplate": f"{TEMPLATES}/{SEED_TEMPLATE}"}, canary]
    emulator.ask(f"compute/v1/{ZONE}/instanceGroupManagers/{GROUP}", {"versions": versions}, "PATCH")
    _finish(emulator)
    page.open(emulator.address)
    wait_until(lambda: "canary (release-2) 2 of 2, 34 %" in page.text("versions"))
    assert f"{SEED_TEMPLATE} 1 of 1" in page.text("versions")
    assert {"canary", "(release-2)", f"{SEED_TEMPLATE}."} <= set(page.text("summary").split())
    assert {box["version"] for box in page.boxes() if "version" in box} == {SEED_TEMPLATE, "release-2"}


def test_unhealthy_instance_and_its_repair_are_shown(page: Page, emulator: Emulator) -> None:
    """An instance that stops answering becomes unhealthy, is recreated under its name, and is healthy again."""
    page.open(emulator.address)
    name = emulator.instances()[0]["instance"].rpartition("/")[2]
    emulator.ask("emulator/crash", {"instance": name})
    # Its first 300 s are the group's initial delay: unhealthy, and not repaired yet.
    wait_until(lambda: {"unhealthy", "recreating"} <= {box["state"] for box in page.boxes(instance=name)})
    wait_until(lambda: page.text("stable") == "yes")
    assert (name, "healthy") in page.instances(0, 4)


def test_fault_plan_is_shown_with_its_count(page: Page, emulator: Emulator) -> None:
    """A plan is listed with what it does, and counts up while the page is open."""
    page.open(emulator.address)
    plan = {"name": "a slow list", "faults": [{"on": "instanceGroupManagers.*", "nth": [1, 2], "delay_s": 1}]}
    emulator.ask("emulator/faults", plan)
    wait_until(lambda: "a slow list" in page.text("faults") and "0 of 0" in page.text("faults"))
    for _ in range(3):
        emulator.group()
    wait_until(lambda: "2 of 3" in page.text("faults"))


def test_groups_are_chosen_by_name(page: Page, emulator: Emulator) -> None:
    """With two groups a person can choose a group, and the page keeps the choice."""
    page.open(emulator.address)
    assert not page.find("choice").is_displayed()
    group = {"name": "another", "baseInstanceName": "another", "targetSize": 1}
    template = f"{TEMPLATES}/{SEED_TEMPLATE}"
    emulator.ask(f"compute/v1/{ZONE}/instanceGroupManagers", {**group, "instanceTemplate": template})
    wait_until(lambda: page.find("choice").is_displayed())
    assert page.text("path").endswith(GROUP)
    page.find("group").send_keys("another")
    wait_until(lambda: page.text("path").endswith("/another"))
    wait_until(lambda: page.text("size") == "1")


def test_replay_is_one_file_that_asks_for_nothing(page: Page, emulator: Emulator, tmp_path: Path) -> None:
    """The file shows the whole rollout without the emulator, and requests nothing but itself."""
    _roll(emulator, "release-2")
    _finish(emulator)
    address = _replay(emulator, tmp_path)
    page.open(address)
    assert page.text("summary").startswith("Stable: 3 healthy")
    assert page.instances(2, 4) == {("release-2", "healthy")}
    assert {box["template"] for box in page.boxes() if "instance" in box} == {SEED_TEMPLATE, "release-2"}
    page.driver.execute_async_script("setTimeout(arguments[0], 1500)")
    assert page.requests() == [address]


def test_replay_is_scrubbed_and_played_by_keyboard(page: Page, emulator: Emulator, tmp_path: Path) -> None:
    """Home, End and the arrows move through time; the space bar on Play plays, and again pauses."""
    _roll(emulator, "release-2")
    _finish(emulator)
    page.open(_replay(emulator, tmp_path))
    scrub, play = page.find("scrub"), page.find("play")
    scrub.send_keys(Keys.HOME)
    assert page.instances(2) == {(SEED_TEMPLATE,)}
    assert page.text("moment").startswith("0:00 / ")
    for _ in range(40):
        scrub.send_keys(Keys.ARROW_RIGHT)
    assert page.text("reached") == "no"
    assert page.instances(2) == {(SEED_TEMPLATE,), ("release-2",)}
    assert scrub.get_attribute("aria-valuetext").endswith(page.text("moment").partition(" / ")[2])
    play.send_keys(Keys.SPACE)
    wait_until(lambda: play.text == "Pause" and int(scrub.get_property("value")) > 50)
    play.send_keys(Keys.SPACE)
    assert play.text == "Play"
    scrub.send_keys(Keys.END)
    assert page.instances(2, 4) == {("release-2", "healthy")}


@pytest.mark.parametrize("kind", ["live", "replay"])
def test_markup_in_names_is_text(page: Page, emulator: Emulator, tmp_path: Path, kind: str) -> None:
    """Names of versions and plans are shown as they are and never run, nor do they end the recording early."""
    plan = {"name": f"</script>{_MARKUP}", "faults": [{"on": "nothing", "delay_s": 1}]}
    emulator.ask("emulator/faults", plan)
    _roll(emulator, "release-2", name=_MARKUP)
    _finish(emulator)
    page.open(emulator.address if kind == "live" else _replay(emulator, tmp_path))
    assert _MARKUP in page.text("summary")
    assert _MARKUP in page.text("versions")
    assert f"</script>{_MARKUP}" in page.text("faults")
    assert page.driver.find_elements(By.TAG_NAME, "img") == []
    assert page.driver.title == "A Compute Engine that really rolls"
