"""What a serial port shows, and how often anybody looks."""

import pytest

from deploy.pace import pause_s
from deploy.serial import Failure, failure

BOOT = "2026-11-23T12:00:00 vm google_metadata_script_runner[1]: Found startup-script in metadata."
SAID = "2026-11-23T12:00:05 vm google_metadata_script_runner[1]: startup-script: "
DENIED = f"{SAID}Error response from daemon: pull access denied for x, repository does not exist or may require login"


@pytest.mark.parametrize(
    "line",
    [
        f"{SAID}Error response from daemon: manifest for host/x@sha256:00 not found: manifest unknown",
        f"{SAID}manifest unknown: Failed to fetch",
        DENIED,
        f"{SAID}unauthorized: authentication required",
        f'{SAID}denied: Permission "artifactregistry.repositories.downloadArtifacts" denied on resource',
        f"{SAID}Error response from daemon: failed to create task for container: failed to create shim task",
        f"{SAID}Error response from daemon: driver failed programming external connectivity",
        "12:00 vm google_metadata_script_runner[1]: startup-script exit status 125",
        '12:00 vm google_metadata_script_runner[1]: Script "startup-script" failed with error: exit status 1',
    ],
)
def test_failed_pull_or_start_is_quoted(line: str) -> None:
    found = failure(f"{BOOT}\r\n{SAID}Pulling x\r\n{line}\r\n")
    assert found is not None
    assert found.line == line


@pytest.mark.parametrize(
    "contents",
    [
        "",
        f"{BOOT}\n{SAID}Pulling host/x@sha256:00\n",
        f"{BOOT}\n{DENIED}\n{SAID}Pulling x\n12:01 vm runner: startup-script exit status 0\n",
        f"{BOOT}\n{DENIED}\n12:01 vm runner: startup-script exit status 1\n{BOOT}\n{SAID}Pulling x\n",
        f'{BOOT}\n12:00 vm uvicorn: 10.0.0.1 "GET /admin" 401 unauthorized: no token\n',
        f"{BOOT}\n{SAID}Error response from daemon: No such container: ai-server\n{SAID}Pulling x\n",
        f"{BOOT}\n{SAID}Error response from daemon: network with name web already exists\n{SAID}Pulling x\n",
        f"{BOOT}\n{SAID}docker: rm: /var/x: permission denied: skipped\n{SAID}Pulling x\n",
        f"{BOOT}\n12:00 vm kernel: audit: denied: something of the kernel's\n",
    ],
)
def test_what_shows_no_failure_of_this_boot_is_none(contents: str) -> None:
    assert failure(contents) is None


def test_the_cause_goes_before_the_exit_status_and_secrets_stay_hidden() -> None:
    ended = "12:01 vm google_metadata_script_runner[1]: startup-script exit status 1"
    found = failure(f"{BOOT}\n{DENIED}\n{SAID}Pulling x\n{DENIED} TOKEN=verysecret\n{ended}\n")
    assert found == Failure(f"{DENIED} TOKEN=…", times=2, is_over=True)
    assert failure(f"{BOOT}\n{DENIED}\n{SAID}Pulling x\n") == Failure(DENIED, times=1, is_over=False)


@pytest.mark.parametrize(
    ("unchanged_s", "expected"), [(0.0, 1.0), (9.0, 1.0), (20.0, 2.0), (49.0, 4.9), (50.0, 5.0), (1_000.0, 5.0)]
)
def test_looks_are_quick_while_things_change(unchanged_s: float, expected: float) -> None:
    assert pause_s((1.0, 5.0), unchanged_s) == pytest.approx(expected)


def test_pause_of_one_length_stays_it() -> None:
    assert {pause_s((0.25, 0.25), unchanged_s) for unchanged_s in (0.0, 3.0, 300.0)} == {0.25}
