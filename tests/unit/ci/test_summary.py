"""The summary's text."""

from ci.release import Published, Stage
from ci.summary import summary

PUBLISHED = Published("registry:5000/a/ai-server", "sha256:12", ("dev-12", "latest"), 82_100_000)


def test_ends_with_the_reference() -> None:
    stages = [
        Stage("lint", 1.24),
        Stage("smoke", 3.0, said="ended 2.2 s after SIGTERM"),
        Stage("publish", 10.5, "tags dev-12, latest"),
    ]
    assert summary(stages, PUBLISHED).splitlines() == [
        "lint        1.2 s",
        "smoke       3.0 s  ended 2.2 s after SIGTERM",
        "publish    10.5 s  tags dev-12, latest",
        "image      82.1 MB compressed, linux/amd64",
        "registry:5000/a/ai-server@sha256:12",
    ]


def test_advisory_failures_come_first_and_in_full() -> None:
    text = summary([Stage("lint", 1.0, failure="lint: failed with code 1\nE501")], PUBLISHED)
    assert text.startswith("lint: failed with code 1\nE501\n\n")
    assert "lint     1.0 s  FAILED, advisory" in text
