"""The suite itself: every served method has a test, every test has a mark, and FIDELITY.md is up to date."""

from pathlib import Path

import pytest

from acceptance.claims import CLAIMS
from acceptance.exchange import Exchange
from emulator.api.schema.check import methods
from emulator.api.service_methods import SERVICE_METHODS
from tests.contract import fidelity, recordings


def test_every_served_method_is_a_method_of_the_api() -> None:
    """Every method that a handler serves is a method of Compute v1, or of another service in the table."""
    assert fidelity.served() - set(methods()) == set(SERVICE_METHODS)


def test_every_served_method_has_a_test() -> None:
    """Every served method is covered by a test."""
    covered = {name for test in fidelity.tests() for name in test.covers}
    assert fidelity.served() - covered == set()


def test_every_method_that_is_covered_is_served() -> None:
    """A mark names no method that is misspelt or not served."""
    covered = {name for test in fidelity.tests() for name in test.covers}
    assert covered - fidelity.served() == set()


def test_the_committed_file_is_current() -> None:
    """FIDELITY.md is up to date with the marks; `python -m tests.contract.fidelity` writes the file."""
    assert fidelity.FILE.read_text() == fidelity.document()


def test_every_claim_is_about_a_row() -> None:
    """What a recording can show is a behaviour that a contract test has, and that is meant to be Compute Engine's."""
    rows = {test.where for test in fidelity.tests() if test.grade}
    assert {claim.row for claim in CLAIMS} - rows == set()


def test_a_recording_makes_its_rows_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A recorded answer of Google changes the grade of the row that the answer shows, and of no other row."""
    group = Exchange(
        step="deploy",
        host="compute.googleapis.com",
        at="2026-12-01T10:00:00.000+00:00",
        verb="GET",
        path="/compute/v1/projects/demo/zones/asia-northeast3-a/instanceGroupManagers/web",
        request=None,
        status=200,
        response={"creationTimestamp": "2026-12-01T02:00:00.000-08:00", "currentActions": {"none": 1}},
    )
    (tmp_path / "2026-12-01").mkdir()
    (tmp_path / "2026-12-01/deploy.jsonl").write_text(group.to_line())
    before = {test.where: test.grade for test in fidelity.tests()}
    monkeypatch.setattr(recordings, "_FOLDER", tmp_path)
    after = {test.where: test.grade for test in fidelity.tests()}
    assert set(after.items()) - set(before.items()) == {("test_templates.test_timestamps_are_pacific", "measured")}
    assert "1 exchanges are recorded, the last exchange on 2026-12-01." in fidelity.document()


def test_a_test_without_a_mark_is_an_error() -> None:
    """A contract test without a mark of its evidence is refused by name."""

    def test_unmarked() -> None:
        """A behaviour."""

    with pytest.raises(ValueError, match=r"module\.test_unmarked: no mark"):
        fidelity._test("module.test_unmarked", test_unmarked)
