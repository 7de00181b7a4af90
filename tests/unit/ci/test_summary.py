"""The summary's text."""

from ci.publish import Published
from ci.release import Release
from ci.stages import Stage
from ci.summary import summary

PUBLISHED = Published("registry:5000/a/ai-server", "sha256:12", ("dev-12", "latest"), 82_100_000)


def lines(*stages: Stage) -> list[str]:
    return summary(Release(stages, PUBLISHED)).splitlines()


def test_ends_with_the_reference() -> None:
    """The last line is the reference that is deployed."""
    assert lines(
        Stage("lint", 1.24, ("every program by ruff and shellcheck",)),
        Stage("types", 3.1, ("app 28 files",)),
        Stage("test", 14.9, ("app 487 passed",)),
        Stage("build", 4.0),
        Stage("smoke", 3.0, ("ended 2.2 s after SIGTERM, 2 s of it draining",)),
        Stage("publish", 10.5, ("tags dev-12, latest",)),
    ) == [
        "lint        1.2 s  every program by ruff and shellcheck",
        "types       3.1 s  app 28 files",
        "test       14.9 s  app 487 passed",
        "build       4.0 s",
        "smoke       3.0 s  ended 2.2 s after SIGTERM, 2 s of it draining",
        "publish    10.5 s  tags dev-12, latest",
        "image      82.1 MB compressed, linux/amd64",
        "registry:5000/a/ai-server@sha256:12",
    ]


def test_every_program_stands_in_80_columns() -> None:
    """A line is broken between results."""
    counts = {"accessory": 210, "app": 487, "ci": 270, "deploy": 1721, "emulator": 812, "engine": 48, "lib": 95}
    shown = lines(Stage("test", 350.0, tuple(f"{name} {count} passed" for name, count in counts.items())))
    assert shown[:3] == [
        "test   350.0 s  accessory 210 passed · app 487 passed · ci 270 passed",
        "                deploy 1721 passed · emulator 812 passed · engine 48 passed",
        "                lib 95 passed",
    ]


def test_long_result_has_a_line_of_its_own() -> None:
    """A result is never broken."""
    assert lines(Stage("publish", 1.0, ("tags a", "x" * 90, "b")))[:3] == [
        "publish     1.0 s  tags a",
        f"                   {'x' * 90}",
        "                   b",
    ]


def test_advisory_failures_come_first_and_in_full() -> None:
    """They did not stop the release."""
    text = "\n".join(lines(Stage("lint", 1.0, failure="lint: failed with code 1\nE501")))
    assert text.startswith("lint: failed with code 1\nE501\n\n")
    assert "lint     1.0 s  FAILED, advisory" in text
