"""The console as a person sees it: in a real Chromium, live and as a replay."""

import json
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.support.emulator import GROUP, SEED_TEMPLATE, TEMPLATES, ZONE, Emulator
from tests.support.releases import REPOSITORY, digest
from tests.support.waiting import wait_until
from tests.system.console.page import Page
from tests.system.console.recorded_rollouts import write_replay

_MARKUP = "<img src=x onerror=\"document.title='run'\"><!--<script>"


@pytest.fixture
def page(emulator: Emulator, page: Page) -> Page:
    """An empty page, which is left before the emulator ends."""
    return page


def _roll(emulator: Emulator, template: str, **version: str) -> None:
    emulator.copy_template(template)
    _set(emulator, template, **version)


def _set(emulator: Emulator, template: str, **version: str) -> None:
    versions = [{"instanceTemplate": f"{TEMPLATES}/{template}", **version}]
    emulator.ask(f"compute/v1/{ZONE}/instanceGroupManagers/{GROUP}", {"versions": versions}, "PATCH")


def _finish(emulator: Emulator) -> None:
    def is_over() -> bool:
        status = emulator.group()["status"]
        return bool(status["isStable"] and status["versionTarget"]["isReached"])

    wait_until(is_over)


def test_page_shows_the_instances_of_the_seed(page: Page, emulator: Emulator) -> None:
    """Three healthy instances, each in a lane and in the table, with the flags, the clock and its speed."""
    page.open(emulator.address)
    names = {row["instance"].rpartition("/")[2] for row in emulator.instances()}
    zone = ZONE.rpartition("/")[2]
    assert page.instances(0, 1, 2, 3) == {(name, zone, SEED_TEMPLATE, "healthy") for name in names}
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
    assert page.instances(2, 3) == {("release-2", "healthy")}
    states = {box["state"] for box in page.boxes(template="release-2") if "state" in box}
    assert {"creating", "verifying", "healthy"} <= states
    start = {"creating", "verifying", "unhealthy"}  # of the seed's instances, if the page opened early
    assert {box["state"] for box in page.boxes(template=SEED_TEMPLATE)} - start == {"healthy", "deleting"}
    assert {box["on"] for box in page.boxes(flag="isReached")} == {"true", "false"}
    assert {box["version"] for box in page.boxes() if "version" in box} == {SEED_TEMPLATE, "release-2"}


def test_a_canary_is_shown_with_its_size(page: Page, emulator: Emulator) -> None:
    """Both templates have their instances, their shares and the target size, and a bar each on the timeline."""
    emulator.copy_template("release-2")
    canary = {"instanceTemplate": f"{TEMPLATES}/release-2", "name": "canary", "targetSize": {"percent": 34}}
    versions = [{"instanceTemplate": f"{TEMPLATES}/{SEED_TEMPLATE}"}, canary]
    emulator.ask(f"compute/v1/{ZONE}/instanceGroupManagers/{GROUP}", {"versions": versions}, "PATCH")
    _finish(emulator)
    page.open(emulator.address)
    share = "2 instances, 67 % of the group, target size 34 %"
    wait_until(lambda: f"release-2\n{share}" in page.text("versions"))
    assert f"{SEED_TEMPLATE}\n1 instance, 33 % of the group" in page.text("versions")
    assert {"release-2", f"{SEED_TEMPLATE}."} <= set(page.text("summary").split())
    assert "Canary: release-2 serves from 2 of 3 instances; it began " in page.text("outcome")
    assert not page.find("steps").is_displayed()
    assert {box["version"] for box in page.boxes() if "version" in box} == {SEED_TEMPLATE, "release-2"}


def test_unhealthy_instance_and_its_repair_are_shown(page: Page, emulator: Emulator) -> None:
    """An instance that stops answering becomes unhealthy, is recreated under its name, and is healthy again."""
    page.open(emulator.address)
    name = emulator.instances()[0]["instance"].rpartition("/")[2]
    emulator.ask("emulator/crash", {"instance": name})
    # Its first 300 s are the group's initial delay: unhealthy, and not repaired yet.
    wait_until(lambda: {"unhealthy", "recreating"} <= {box["state"] for box in page.boxes(instance=name)})
    wait_until(lambda: page.text("stable") == "yes")
    assert (name, "healthy") in page.instances(0, 3)


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
    address = write_replay(emulator, tmp_path / "replay.html").as_uri()
    page.open(address)
    assert page.text("summary").startswith("Stable: 3 healthy")
    assert page.instances(2, 3) == {("release-2", "healthy")}
    assert {box["template"] for box in page.boxes() if "instance" in box} == {SEED_TEMPLATE, "release-2"}
    page.driver.execute_async_script("setTimeout(arguments[0], 1500)")
    assert page.requests() == [address]


def test_replay_is_scrubbed_and_played_by_keyboard(page: Page, emulator: Emulator, tmp_path: Path) -> None:
    """Home, End and the arrows move through time; the space bar on Play plays, and again pauses."""
    _roll(emulator, "release-2")
    _finish(emulator)
    page.open(write_replay(emulator, tmp_path / "replay.html").as_uri())
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
    assert page.instances(2, 3) == {("release-2", "healthy")}


def test_instance_rules_are_shown_in_words(page: Page, emulator: Emulator) -> None:
    """Beside the fault plans: the newest rule first, with the instances that it is for and its lines."""
    rule = {"template": "release-2", "answer_s": [1, 2], "create_error": "QUOTA_EXCEEDED", "create_error_times": 2}
    emulator.ask("emulator/instance-rules", {**rule, "serial": ["no <b>such</b> image"]})
    page.open(emulator.address)
    rows = page.text("rules").split("\n")
    assert rows[1].split("\t")[0] == "release-2"
    assert "answers 1 to 2 s after its start, is not created: QUOTA_EXCEEDED, 2 times, prints" in page.text("rules")
    assert "no <b>such</b> image" in rows
    assert rows[-1].startswith("all\t")


def test_rollback_is_told_from_a_rollout(page: Page, emulator: Emulator) -> None:
    """A group that is set to its old version again was rolled back; another name of the version is a new rollout."""
    template = "constructor"  # which every object of a browser has as a member
    _roll(emulator, template, name="second")
    _finish(emulator)
    page.open(emulator.address)
    assert page.text("summary").endswith(f"all on {template}.")
    _set(emulator, SEED_TEMPLATE)
    _finish(emulator)
    wait_until(lambda: f"{template} was rolled back" in page.text("outcome"))
    wait_until(lambda: page.text("outcome").endswith(f"3 instances served. {SEED_TEMPLATE} serves again."))
    assert page.find("outcome").get_attribute("class") == "restored"
    _set(emulator, SEED_TEMPLATE, name="rollback/aaaaaaaaaaaa/run/20261127T100000Z/60s")
    _finish(emulator)
    wait_until(lambda: f"Rollback to {SEED_TEMPLATE} was rolled out" in page.text("outcome"))


@pytest.mark.parametrize("kind", ["live", "replay"])
def test_markup_in_names_is_text(page: Page, emulator: Emulator, tmp_path: Path, kind: str) -> None:
    """Text of records, plans and rules is shown as it is and never runs, nor does it end the recording early."""
    plan = {"name": f"</script>{_MARKUP}", "faults": [{"on": "nothing", "delay_s": 1}]}
    emulator.ask("emulator/faults", plan)
    rule = {
        "image": f"r/{_MARKUP}",
        "create_error": _MARKUP,
        "create_error_times": 1,
        "serial": [f"</script>{_MARKUP}"],
    }
    emulator.ask("emulator/instance-rules", {**rule, "template": "other"})
    record = {"repository": f"{REPOSITORY}{_MARKUP}", "digest": digest("a"), "commit": "<b>&lt;"}
    emulator.copy_template("release-2", release=json.dumps(record), image=digest("a"))
    _set(emulator, "release-2", name=_MARKUP)
    _finish(emulator)
    page.open(emulator.address if kind == "live" else write_replay(emulator, tmp_path / "replay.html").as_uri())
    for id_ in ("summary", "outcome", "versions", "instances"):
        assert f"ai-server{_MARKUP} aaaaaaa (<b>&lt;)" in page.text(id_)
    assert f"</script>{_MARKUP}" in page.text("faults")
    assert f"</script>{_MARKUP}" in page.text("rules")
    assert page.driver.find_elements(By.TAG_NAME, "img") == []
    assert page.driver.find_elements(By.TAG_NAME, "b") == []
    assert page.driver.title == "Compute Engine emulator"
