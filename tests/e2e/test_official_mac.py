"""daggerw on a Mac: only programs that macOS has are on PATH, and `uname` answers Darwin and arm64."""

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.checkouts import Checkout, copy_repository
from tests.e2e.release_site import CLI, ReleaseServer, release_server

ARCHIVE = "dagger_v0.19.10_darwin_arm64.tar.gz"
# macOS has all of these, and neither flock nor sha256sum; `shasum` is a program of Perl there as here.
PROGRAMS = (
    "awk", "basename", "cat", "curl", "cut", "dirname", "find", "gzip", "mkdir", "mktemp", "mv", "paste", "perl", "rm",
    "sed", "shasum", "sort", "tar", "tr",
)  # fmt: skip
_DAY_S = 86400
# find of macOS rounds an age in days up, where GNU's rounds it down: `-mtime +N` is true from N days on, to the second.
_FIND = """#!/bin/sh
age=''
for argument in "$@"; do
    shift
    if [ "$age" = next ]; then argument=+$((${argument#+} * 1440)) age=''; fi
    if [ "$argument" = -mtime ]; then argument=-mmin age=next; fi
    set -- "$@" "$argument"
done
exec %s "$@"
"""


@pytest.fixture
def releases() -> Iterator[ReleaseServer]:
    """A release site with the archive for a Mac."""
    with release_server(ARCHIVE) as server:
        yield server


@pytest.fixture
def mac(tmp_path: Path, releases: ReleaseServer) -> Checkout:
    """A checkout on a Mac whose docker answers, with an empty cache directory."""
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in PROGRAMS:
        path = shutil.which(name)
        assert path, f"{name}: not found on PATH"
        (programs / name).symlink_to(path)
    find = _FIND % (programs / "find").readlink()
    (programs / "find").unlink()
    uname = "#!/bin/sh\ncase $1 in -m) echo arm64 ;; *) echo Darwin ;; esac\n"
    for name, script in {"uname": uname, "docker": "#!/bin/sh\nexit 0\n", "find": find}.items():
        (programs / name).write_text(script)
        (programs / name).chmod(0o755)
    checkout = copy_repository(tmp_path / "checkout")
    checkout.environment.update(
        PATH=str(programs), DOJANGKOK_ENGINE_HOME=str(tmp_path / "cache"), DAGGERW_RELEASES=releases.url
    )
    return checkout


def remove(mac: Checkout, program: str) -> None:
    (Path(mac.environment["PATH"]) / program).unlink()


def cli(mac: Checkout) -> Path:
    return Path(mac.environment["DOJANGKOK_ENGINE_HOME"]) / "cli/0.19.10/dagger"


def test_first_call_installs_the_cli_for_a_mac(mac: Checkout, releases: ReleaseServer) -> None:
    """Without flock and sha256sum the CLI for Darwin on arm64 is downloaded, verified and run."""
    ran = mac.daggerw("version")
    assert (ran.returncode, ran.stdout) == (0, "version|host=none\n"), ran.stderr
    assert ran.stderr.splitlines() == [
        "daggerw: engine v0.19.10, official: docker answers",
        f"daggerw: fetching {ARCHIVE} from {releases.url}",
    ]


def test_two_first_calls_at_once_install_equal_bytes(mac: Checkout, releases: ReleaseServer) -> None:
    """Two first calls that download at the same time both run the CLI, which is complete, and leave no other file."""
    releases.wait_for_calls(2)
    running = [mac.start_daggerw("version") for _ in range(2)]
    assert [process.communicate()[0] for process in running] == ["version|host=none\n"] * 2
    assert cli(mac).read_text() == CLI
    assert sorted(cli(mac).parents[1].rglob("*")) == [cli(mac).parent, cli(mac)]


def test_downloads_of_killed_calls_are_deleted_after_a_day(mac: Checkout) -> None:
    """A first call deletes what a call left two days ago, and neither a download of the last day nor one of now."""
    downloads = cli(mac).parents[1]
    for name, age_s in {"download.now": 10, "download.today": _DAY_S - 600, "download.killed": 2 * _DAY_S + 60}.items():
        (downloads / name).mkdir(parents=True)
        os.utime(downloads / name, (time.time() - age_s,) * 2)
    assert mac.daggerw("version").returncode == 0
    assert sorted(path.name for path in downloads.glob("download.*")) == ["download.now", "download.today"]


def test_wrong_checksum_is_refused(mac: Checkout, releases: ReleaseServer) -> None:
    """`shasum` finds a wrong checksum, and nothing is installed."""
    releases.files[ARCHIVE] = [b"something else"]
    ran = mac.daggerw("version")
    assert ran.returncode == 69
    assert f"daggerw: {ARCHIVE} refused: its sha256 is " in ran.stderr
    assert not cli(mac).exists()


def test_missing_checksum_program_is_named(mac: Checkout) -> None:
    """Without sha256sum and shasum nothing is fetched."""
    remove(mac, "shasum")
    ran = mac.daggerw("version")
    assert ran.returncode == 69
    assert ran.stderr.endswith(
        "sha256sum and shasum are missing: one of them verifies the Dagger CLI. Fix: 'brew install coreutils'\n"
    )
    assert not cli(mac).exists()


def test_missing_curl_is_advised_by_system(mac: Checkout) -> None:
    """The advice for a missing program names the package manager of macOS."""
    remove(mac, "curl")
    ran = mac.daggerw("version", DAGGERW_ENGINE="official")
    assert ran.returncode == 69
    assert "curl is missing: it fetches the Dagger CLI. Fix: 'brew install curl'" in ran.stderr


def test_mac_without_a_container_runtime_is_advised_to_start_one(mac: Checkout) -> None:
    """The local engine needs Linux, so the advice on a Mac names programs that provide a runtime."""
    remove(mac, "docker")
    ran = mac.daggerw("version")
    assert ran.returncode == 69
    assert ran.stderr == (
        "daggerw: neither Docker nor podman nor nerdctl answers. "
        "Fix: start Docker Desktop, OrbStack or Colima, or 'podman machine start'\n"
    )


def test_mac_that_cannot_reach_the_release_site_names_it(mac: Checkout) -> None:
    """A Mac cannot build the local engine in place of the official one."""
    ran = mac.daggerw("version", DAGGERW_RELEASES="http://127.0.0.1:9")
    assert ran.returncode == 69
    assert "http://127.0.0.1:9/0.19.10 cannot be fetched. Fix: try again\n" in ran.stderr


def test_local_engine_is_refused_on_a_mac(mac: Checkout) -> None:
    """DAGGERW_ENGINE=local ends with the reason, before anything is built."""
    ran = mac.daggerw("version", DAGGERW_ENGINE="local")
    assert ran.returncode == 69
    assert ran.stderr == (
        "daggerw: DAGGERW_ENGINE: got 'local', and the local engine runs on Linux only. Fix: leave it unset\n"
    )


def test_a_given_engine_is_used_on_a_mac(mac: Checkout) -> None:
    """An engine that the caller's variable names is used, with nothing but daggerw's own lines on stderr."""
    ran = mac.daggerw("version", _EXPERIMENTAL_DAGGER_RUNNER_HOST="tcp://127.0.0.1:1")
    assert (ran.returncode, ran.stdout) == (0, "version|host=tcp://127.0.0.1:1\n")
    assert [line for line in ran.stderr.splitlines() if not line.startswith("daggerw: ")] == []
