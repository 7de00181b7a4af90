"""The local engine's decisions, without building or starting one."""

import ipaddress
from pathlib import Path

import pytest

from engine import daemon, images, machine, mirror
from engine.errors import EngineError, MissingError
from engine.layout import Layout
from engine.steps import Progress, run


def test_catalogue_is_read() -> None:
    """images.toml lists the stand-in images."""
    catalogue = images.read_catalogue()
    assert catalogue.cpython_series == ["3.10", "3.13"]
    assert [image.recipe for image in catalogue.images] == ["cpython", "cpython", "wheel", "go", "program"]


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        ('recipe = "oven"\ncontents = "x"', "recipe 'oven' is unknown. Fix: one of cpython, go, program, wheel"),
        ('recipe = "wheel"', "missing 1 required positional argument: 'contents'"),
        ('recipe = "wheel"\ncontents = "x"\nspeed = 3', "got an unexpected keyword argument 'speed'"),
    ],
)
def test_wrong_entry_is_named(tmp_path: Path, entry: str, text: str) -> None:
    """The error has the number of the entry and the fix."""
    path = tmp_path / "images.toml"
    path.write_text(f'[root]\nsuite = "bookworm"\npackages = []\n[[image]]\nreference = "a/b:1"\n{entry}\n')
    with pytest.raises(EngineError) as refused:
        images.read_catalogue(path)
    assert str(refused.value).startswith("images.toml: image 1: ")
    assert text in str(refused.value)


def test_packages_are_names_without_their_reasons() -> None:
    """apt gets the first word of each line."""
    assert {"runc", "buildah", "docker-registry"} <= set(machine.packages())
    assert not [name for name in machine.packages() if " " in name or "#" in name]


def test_missing_error_lists_everything() -> None:
    """A person installs everything at once."""
    error = MissingError(["go: why. Fix: how", "root: why. Fix: how"])
    assert error.exit_code == 69
    assert str(error) == "the local engine cannot be set up here:\n  - go: why. Fix: how\n  - root: why. Fix: how"


def test_missing_go_is_named_with_reason_and_fix(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The fix is a command of Debian."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert machine._missing_go() == [
        (
            "go: CLI and engine are built from the Go module proxy. "
            "Fix: 'apt-get install -t bookworm-backports golang', or any Go of at least 1.21 on PATH"
        )
    ]


@pytest.mark.parametrize(
    ("version", "is_new"), [("go1.19.8", False), ("go1.21.0", True), ("go2.0", True), ("gnu", False)]
)
def test_go_must_be_new_enough(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, version: str, is_new: bool) -> None:
    """Go fetches the toolchain of go.mod since 1.21."""
    go = tmp_path / "go"
    go.write_text(f"#!/bin/sh\necho go version {version} linux/amd64\n")
    go.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert (machine._missing_go() == []) == is_new


def test_cpython_is_found_where_pyenv_keeps_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The newest patch version of a series is used."""
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    monkeypatch.setenv("PATH", "")
    for version in ("3.10.9", "3.10.13", "3.13.0"):
        prefix = tmp_path / "versions" / version
        series = version.rsplit(".", 1)[0]
        (prefix / "bin").mkdir(parents=True)
        (prefix / f"bin/python{series}").touch()
        (prefix / f"lib/python{series}").mkdir(parents=True)
        (prefix / f"lib/python{series}/os.py").touch()
    assert machine.cpython("3.10") == tmp_path / "versions/3.10.13"
    assert machine.cpython("3.12") is None


ROUTES = """\
Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT
eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
"""


def test_routes_are_read_without_the_default() -> None:
    """The default route touches every network."""
    assert list(daemon._routes(ROUTES)) == [ipaddress.IPv4Network("192.0.2.0/24")]


def test_network_is_private_and_the_same_again() -> None:
    """An engine that starts again keeps its network."""
    network = daemon.free_network("djk01234567")
    assert network.is_private
    assert network == daemon.free_network("djk01234567")


def test_bridge_name_fits_into_linux() -> None:
    """A name has at most 15 characters, and each engine has its own."""
    assert len(f"{Layout(Path('/some/where')).network}0") <= 15
    assert Layout(Path("/some/where")).network != Layout(Path("/else/where")).network


@pytest.mark.parametrize("left", [[], ["engine.sock"], ["engine.lock"], ["engine.sock", "engine.lock"]])
def test_files_of_a_dead_engine_are_no_running_engine(tmp_path: Path, left: list[str]) -> None:
    """A socket or a lock file alone proves nothing."""
    for name in left:
        (tmp_path / name).touch()
    assert not daemon.is_alive(Layout(tmp_path))


def test_mirror_is_asked_without_the_host() -> None:
    """The host stands in the configuration of the mirror."""
    assert mirror.repository("docker.io/library/python:3.10-slim") == "library/python:3.10-slim"
    assert mirror.host("ghcr.io/astral-sh/uv:0.13.9") == "ghcr.io"


def test_failed_program_shows_its_last_lines(tmp_path: Path) -> None:
    """The error names the whole log."""
    with pytest.raises(EngineError) as failed:
        run(["sh", "-c", "echo first; echo last >&2; exit 3"], log=tmp_path / "x.log")
    assert "ended with code 3:" in str(failed.value)
    assert "    last" in str(failed.value)
    assert str(tmp_path / "x.log") in str(failed.value)


def test_finished_step_is_not_repeated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A set-up goes on where the last set-up ended."""
    done: list[int] = []
    for _ in range(2):
        Progress(1, tmp_path).step("root", "Debian root", lambda: done.append(1))
    assert done == [1]
    assert "[1/1] Debian root: done in 0 s" in capsys.readouterr().err


def test_failed_step_is_repeated(tmp_path: Path) -> None:
    """A step counts as finished when its work has ended well."""

    def fail() -> None:
        raise EngineError("broken")

    with pytest.raises(EngineError):
        Progress(1, tmp_path).step("root", "Debian root", fail)
    assert not (tmp_path / "root").exists()
