"""The search for known vulnerabilities: the real `uv audit` against a service on loopback."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ci.scripts import audit
from tests.support.advisories import GITHUB, PYPI, AdvisoryService, advisory_service, lock_old_package
from tests.support.loopback import LOOPBACK, free_port

NAME = GITHUB["id"]


@pytest.fixture
def service() -> Iterator[AdvisoryService]:
    with advisory_service() as serving:
        yield serving


def searched(folder: Path, url: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, Any, str]:
    """Return the exit code, the printed document (empty without one) and the text on stderr."""
    lock_old_package(folder)
    code = audit.main(str(folder), url)
    printed = capsys.readouterr()
    return code, json.loads(printed.out or "{}"), printed.err


def test_old_package_is_found(tmp_path: Path, service: AdvisoryService, capsys: pytest.CaptureFixture[str]) -> None:
    """A list of ignored advisories in pyproject.toml changes nothing; both versions of markupsafe are searched."""
    assert searched(tmp_path, service.url, capsys) == (
        0,
        {
            "packages": 3,
            "vulnerabilities": [
                {
                    "package": "jinja2",
                    "version": "2.10",
                    "ids": [NAME, "CVE-2019-10906", "PYSEC-2019-217"],
                    "severity": "high",
                    "fixed": ["2.10.1"],
                }
            ],
        },
        "",
    )


def test_two_advisories_of_a_vulnerability_are_one(
    tmp_path: Path, service: AdvisoryService, capsys: pytest.CaptureFixture[str]
) -> None:
    """PyPI's own states no severity; that of its alias counts."""
    service.advisories["PYSEC-2019-217"] = PYPI
    service.affected[("jinja2", "2.10")] = ["PYSEC-2019-217", NAME]
    _, document, _ = searched(tmp_path, service.url, capsys)
    assert [(found["severity"], set(found["ids"])) for found in document["vulnerabilities"]] == [
        ("high", {NAME, "CVE-2019-10906", "PYSEC-2019-217"})
    ]


def test_severity_that_no_advisory_states_is_empty(
    tmp_path: Path, service: AdvisoryService, capsys: pytest.CaptureFixture[str]
) -> None:
    """ci/vulnerabilities.py counts it as the highest."""
    service.advisories = {"PYSEC-2019-217": PYPI}
    service.affected[("jinja2", "2.10")] = ["PYSEC-2019-217"]
    _, document, _ = searched(tmp_path, service.url, capsys)
    assert [found["severity"] for found in document["vulnerabilities"]] == [""]
    assert "/v1/vulns/GHSA-462w-v97r-4m45" in service.asked


def test_locked_packages_without_a_vulnerability(
    tmp_path: Path, service: AdvisoryService, capsys: pytest.CaptureFixture[str]
) -> None:
    """Their number is printed."""
    service.affected.clear()
    assert searched(tmp_path, service.url, capsys) == (0, {"packages": 3, "vulnerabilities": []}, "")


def test_service_that_cannot_be_reached(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The reason is that of the system."""
    url = f"http://{LOOPBACK}:{free_port()}"
    code, document, reason = searched(tmp_path, url, capsys)
    assert (code, document) == (audit.NOT_ANSWERED, {})
    assert reason == f"{url} gave no result: Connection refused (os error 111)\n"


def test_name_that_does_not_resolve(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As on a computer without a network."""
    code, document, reason = searched(tmp_path, "http://osv.invalid", capsys)
    assert (code, document) == (audit.NOT_ANSWERED, {})
    assert reason.startswith("http://osv.invalid gave no result: ")


@pytest.mark.parametrize("status", [403, 503])
def test_service_that_answers_with_an_error(
    tmp_path: Path, service: AdvisoryService, capsys: pytest.CaptureFixture[str], status: int
) -> None:
    """The status is in the reason."""
    service.status = status
    code, document, reason = searched(tmp_path, service.url, capsys)
    assert (code, document) == (audit.NOT_ANSWERED, {})
    assert f"{service.url} gave no result: " in reason
    assert str(status) in reason


def test_service_that_hangs_is_given_up(
    tmp_path: Path, service: AdvisoryService, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The release waits no longer for it than for its tests."""
    monkeypatch.setattr(audit, "_LONGEST_S", 0.01)
    code, document, reason = searched(tmp_path, service.url, capsys)
    assert (code, document, reason) == (audit.NOT_ANSWERED, {}, f"{service.url} did not answer within 0.01 s\n")


def test_lock_file_that_cannot_be_read_is_no_absent_service(
    tmp_path: Path, service: AdvisoryService, capsys: pytest.CaptureFixture[str]
) -> None:
    """The release fails with the text of uv."""
    lock_old_package(tmp_path)
    (tmp_path / "uv.lock").write_text("version = ")
    assert audit.main(str(tmp_path), service.url) == 1
    assert "uv.lock" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("advisory", "severity"),
    [
        ({"database_specific": {"severity": "MODERATE"}}, "medium"),
        ({"database_specific": {"severity": "LOW"}}, "low"),
        ({"database_specific": {"severity": "strange"}}, ""),
        ({"database_specific": None, "severity": None}, ""),
        ({"severity": [{"type": "CVSS_V2", "score": "AV:N/AC:L/Au:N/C:C/I:C/A:C"}]}, "high"),
        ({"severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}]}, "critical"),
        ({"severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:L/AC:H/PR:H/UI:R/S:U/C:N/I:N/A:N"}]}, "low"),
        ({"severity": GITHUB["severity"]}, "high"),
        ({"severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:X"}]}, ""),
        ({"severity": [{"type": "Ubuntu", "score": "medium"}]}, ""),
    ],
)
def test_severity_of_an_advisory(advisory: dict[str, Any], severity: str) -> None:
    """The word of GitHub's advisories, else the highest CVSS vector."""
    assert audit.severity_of(advisory) == severity
