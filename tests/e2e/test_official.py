"""daggerw with the official CLI, against a release server on loopback and stand-in programs."""

import os
import platform
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.checkouts import Checkout, copy_repository
from tests.e2e.release_site import CLI, ReleaseServer, archive_bytes, release_server
from tests.support.waiting import wait_until

ARCHIVE = f"dagger_v0.19.10_linux_{'arm64' if platform.machine() == 'aarch64' else 'amd64'}.tar.gz"


@pytest.fixture
def releases() -> Iterator[ReleaseServer]:
    """A release site with the archive of this computer."""
    with release_server(ARCHIVE) as server:
        yield server


def program(folder: Path, name: str, script: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


@pytest.fixture
def machine(tmp_path: Path, releases: ReleaseServer) -> Checkout:
    """A checkout on a computer whose docker answers, with an empty cache directory."""
    programs = tmp_path / "programs"
    program(programs, "docker", "exit 0")
    checkout = copy_repository(tmp_path / "checkout")
    checkout.environment.update(
        PATH=f"{programs}:/usr/bin:/bin",
        DOJANGKOK_ENGINE_HOME=str(tmp_path / "cache"),
        DAGGERW_RELEASES=releases.url,
    )
    return checkout


def cli(machine: Checkout) -> Path:
    return Path(machine.environment["DOJANGKOK_ENGINE_HOME"]) / "cli/0.19.10/dagger"


def test_official_where_docker_answers(machine: Checkout) -> None:
    """On a computer with Docker the official CLI is downloaded and run."""
    ran = machine.daggerw("call", "f", "--text", "two words", "")
    assert (ran.returncode, ran.stdout) == (0, "call|f|--text|two words||host=none\n")
    assert ran.stderr.splitlines()[0] == "daggerw: engine v0.19.10, official: docker answers"


@pytest.mark.parametrize(("ends_with", "lists_checks", "exit_code"), [(0, 0, 0), (1, 0, 6), (1, 1, 1), (42, 0, 42)])
def test_a_failed_check_ends_with_6(machine: Checkout, ends_with: int, lists_checks: int, exit_code: int) -> None:
    """A failed check ends with exit code 6, and a module that does not load with the CLI's own code."""
    machine.daggerw("version")
    cli(machine).write_text(f'#!/bin/sh\n[ "$*" = "check lint -l" ] && exit {lists_checks}\nexit {ends_with}\n')
    assert machine.daggerw("check", "lint").returncode == exit_code


def test_checks_end_with_daggerw(machine: Checkout) -> None:
    """A SIGTERM to `./daggerw` reaches the CLI that runs the checks, and both end."""
    machine.daggerw("version")
    cli(machine).write_text("#!/bin/sh\ntrap 'echo ended; exit 9' TERM\necho started\nwhile :; do sleep 0.1; done\n")
    checks = machine.start_daggerw("check", "lint")
    assert checks.stdout is not None
    assert checks.stdout.readline() == "started\n"
    checks.terminate()
    assert checks.stdout.readline() == "ended\n"
    assert checks.wait(30) == 143


def test_key_in_place_of_its_path_is_not_printed(machine: Checkout) -> None:
    """A key in GOOGLE_APPLICATION_CREDENTIALS, in place of a path, is refused and appears in no output."""
    ran = machine.daggerw("call", "status", GOOGLE_APPLICATION_CREDENTIALS='{"private_key": "of-a-person"}')
    assert ran.returncode == 4
    assert "GOOGLE_APPLICATION_CREDENTIALS: holds a key, and Dagger would print it." in ran.stderr
    assert "of-a-person" not in ran.stderr


@pytest.mark.parametrize("runtime", ["podman", "nerdctl"])
def test_official_where_another_runtime_answers(machine: Checkout, tmp_path: Path, runtime: str) -> None:
    """The official CLI is also used where podman or nerdctl answers instead of Docker."""
    program(tmp_path / "programs", "docker", "exit 1")
    program(tmp_path / "programs", runtime, "exit 0")
    assert f"official: {runtime} answers" in machine.daggerw("version").stderr


def test_second_call_downloads_nothing(machine: Checkout, releases: ReleaseServer) -> None:
    """The second call uses the CLI of the cache directory without a request."""
    machine.daggerw("version")
    releases.asked.clear()
    assert machine.daggerw("version").returncode == 0
    assert releases.asked == []


def test_two_first_calls_at_once_install_equal_bytes(machine: Checkout, releases: ReleaseServer) -> None:
    """Two first calls that download at the same time both run the CLI, which is complete, and leave no other file."""
    releases.wait_for_calls(2)
    running = [machine.start_daggerw("version") for _ in range(2)]
    assert [process.communicate()[0] for process in running] == ["version|host=none\n"] * 2
    assert cli(machine).read_text() == CLI
    assert sorted(cli(machine).parents[1].rglob("*")) == [cli(machine).parent, cli(machine)]


def test_wrong_checksum_is_refused(machine: Checkout, releases: ReleaseServer) -> None:
    """An archive whose checksum differs from the published one is not run."""
    releases.files[ARCHIVE] = [b"something else"]
    ran = machine.daggerw("version")
    assert ran.returncode == 69
    assert f"daggerw: {ARCHIVE} refused: its sha256 is " in ran.stderr
    assert "Nothing was installed." in ran.stderr
    assert releases.asked.count(ARCHIVE) == 2
    assert not cli(machine).exists()


def test_release_without_our_archive_is_refused(machine: Checkout, releases: ReleaseServer) -> None:
    """A release that states no checksum of the archive ends with exit code 69."""
    releases.files["checksums.txt"] = [b""]
    ran = machine.daggerw("version")
    assert ran.returncode == 69
    assert "its release states none" in ran.stderr


def test_broken_download_is_tried_once_more(machine: Checkout, releases: ReleaseServer) -> None:
    """A download that is cut short is fetched a second time."""
    releases.files[ARCHIVE].insert(0, archive_bytes()[:100])
    ran = machine.daggerw("version")
    assert (ran.returncode, ran.stdout) == (0, "version|host=none\n")
    assert "has another sha256 than its release states; fetching it again" in ran.stderr


def test_interrupted_download_is_repaired(machine: Checkout) -> None:
    """A call deletes a download that was interrupted more than a day ago, and downloads the archive anew."""
    folders = [cli(machine).parents[1] / name for name in ("download.old", "download.new")]
    for folder in folders:
        folder.mkdir(parents=True)
        (folder / ARCHIVE).write_bytes(b"half")
    two_days_ago = time.time() - 2 * 24 * 60 * 60
    os.utime(folders[0], (two_days_ago, two_days_ago))
    assert machine.daggerw("version").returncode == 0
    assert [folder.exists() for folder in folders] == [False, True]


def test_terminated_download_leaves_no_file(machine: Checkout, releases: ReleaseServer) -> None:
    """A call that is terminated while it downloads deletes what it has."""
    releases.wait_for_calls(2)
    call = machine.start_daggerw("version")
    wait_until(lambda: ARCHIVE in releases.asked, 20)
    os.killpg(call.pid, signal.SIGTERM)
    assert call.wait(20) == 143
    assert list(cli(machine).parents[1].iterdir()) == []


def test_local_where_no_runtime_answers(machine: Checkout, tmp_path: Path) -> None:
    """On a computer without a container runtime the local engine is used."""
    program(tmp_path / "programs", "docker", "exit 1")
    assert "local: neither Docker nor podman nor nerdctl answers" in machine.daggerw("version").stderr


def test_local_where_the_release_site_is_not_reachable(machine: Checkout) -> None:
    """The local engine is used where the release site does not answer."""
    ran = machine.daggerw("version", DAGGERW_RELEASES="http://127.0.0.1:9")
    assert "local: http://127.0.0.1:9 is not reachable" in ran.stderr


def test_forced_official_names_the_unreachable_address(machine: Checkout) -> None:
    """With DAGGERW_ENGINE=official the error names the address that cannot be fetched."""
    ran = machine.daggerw("version", DAGGERW_RELEASES="http://127.0.0.1:9", DAGGERW_ENGINE="official")
    assert ran.returncode == 69
    assert "http://127.0.0.1:9/0.19.10 cannot be fetched. Fix: try again, or DAGGERW_ENGINE=local" in ran.stderr


def test_unknown_engine_is_refused(machine: Checkout) -> None:
    """Another value of DAGGERW_ENGINE is refused with the allowed values."""
    ran = machine.daggerw("version", DAGGERW_ENGINE="remote")
    assert ran.returncode == 69
    assert "DAGGERW_ENGINE: got 'remote'. Fix: 'official', 'local', or leave it unset" in ran.stderr


def test_a_given_engine_is_used(machine: Checkout) -> None:
    """An engine that the caller's variable names is used as it is."""
    ran = machine.daggerw("version", _EXPERIMENTAL_DAGGER_RUNNER_HOST="tcp://127.0.0.1:1")
    assert ran.stdout == "version|host=tcp://127.0.0.1:1\n"
    assert "daggerw: engine v0.19.10 at tcp://127.0.0.1:1" in ran.stderr


def test_exit_code_is_the_cli_s(machine: Checkout) -> None:
    """`./daggerw` ends with the exit code of the CLI."""
    machine.daggerw("version")
    cli(machine).write_text("#!/bin/sh\nexit 6\n")
    assert machine.daggerw("call", "pipeline").returncode == 6


def test_missing_go_is_named_and_exits_69(machine: Checkout, tmp_path: Path) -> None:
    """Without Go, `./daggerw` names Go and ends with exit code 69."""
    python = tmp_path / "programs/python3"
    python.symlink_to(os.path.realpath("/proc/self/exe"))
    ran = machine.daggerw("version", DAGGERW_ENGINE="local")
    assert ran.returncode == 69
    assert "go: CLI and engine are built from the Go module proxy. Fix: " in ran.stderr
