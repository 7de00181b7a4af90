"""The Dockerfile is sound, and no credential file can get into what is built from it, or into a commit."""

import re
from collections.abc import Iterator
from typing import Final

import pytest

from policy.running import ROOT, run_checked

# What google-github-actions/auth v3.0.0 names the credential file that it writes into the workspace.
# Source: https://github.com/google-github-actions/auth#prerequisites (read 2026-11-24).
CREDENTIALS: Final = "gha-creds-0123456789abcdef.json"


def rules(text: str) -> Iterator[tuple[bool, "re.Pattern[str]"]]:
    """
    Read a .dockerignore.

    Returns:
        For each line whether it brings back what lines before left out, and what it fits: the path itself or all below.

    Source:
        https://docs.docker.com/build/concepts/context/#dockerignore-files (read 2026-11-24): patterns are those of Go's
        filepath.Match, and `**` any number of folders; the last line that fits decides.
    """
    for line in text.splitlines():
        pattern = line.strip()
        if pattern and not pattern.startswith("#"):
            parts = re.split(r"(\*\*/|\*\*|\*|\?)", pattern.removeprefix("!").strip("/"))
            known = {"**/": "(.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
            yield (
                pattern.startswith("!"),
                re.compile("".join(known.get(part, re.escape(part)) for part in parts) + "(/.*)?"),
            )


def is_left_out(text: str, path: str) -> bool:
    """Whether a .dockerignore keeps a path from the builder."""
    decisions = [not brings_back for brings_back, pattern in rules(text) if pattern.fullmatch(path)]
    return bool(decisions) and decisions[-1]


def unexplained(dockerfile: str) -> list[int]:
    """Return the numbers of the lines that silence hadolint without a comment right above that says why."""
    lines = ["", *dockerfile.splitlines()]
    silences = re.compile(r"#\s*hadolint\s+(global\s+)?ignore\s*=", re.IGNORECASE)
    return [
        number
        for number, line in enumerate(lines)
        if silences.match(line) and (not lines[number - 1].startswith("# ") or silences.match(lines[number - 1]))
    ]


def test_hadolint_finds_nothing() -> None:
    """Not in style either, and with no configuration but the file's own."""
    run_checked("hadolint", "--no-color", "--failure-threshold", "style", "--config", "/dev/null", "Dockerfile")


def test_what_hadolint_ignores_is_explained() -> None:
    lines = unexplained((ROOT / "Dockerfile").read_text())
    assert not lines, f"Dockerfile: lines {lines}: no reason. Fix: say it in a comment right above"


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("# Why.\n# hadolint ignore=DL3008\nRUN true\n", []),
        ("RUN true\n# hadolint ignore=DL3008\nRUN true\n", [2]),
        ("# hadolint global ignore=DL3008\nFROM scratch\n", [1]),
        ("# Why.\n# hadolint ignore=DL3008\n# hadolint ignore=DL3009\n", [3]),
    ],
)
def test_reason_is_a_comment_right_above(text: str, lines: list[int]) -> None:
    assert unexplained(text) == lines


def test_nothing_that_is_fetched_is_run() -> None:
    """Neither hadolint nor checkov minds a download that is piped into a shell."""
    found = re.findall(r"^.*\b(?:curl|wget)\b.*$|^ADD\s+https?:.*$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert not found, f"Dockerfile: {found}. Fix: COPY --from a pinned image, or a package that a lock file names"


@pytest.mark.parametrize("path", [CREDENTIALS, f"app/{CREDENTIALS}", f"app/deep/{CREDENTIALS}"])
def test_builder_gets_no_credential_file(path: str) -> None:
    assert is_left_out((ROOT / ".dockerignore").read_text(), path), (
        f".dockerignore: lets '{path}' in. Fix: the last line"
    )


@pytest.mark.parametrize(
    "path", [".git/config", ".env", "app/.env.prod", "tests/x.py", "dist/x.whl", "x.tar.gz", "ci/main.py"]
)
def test_builder_gets_nothing_that_the_design_leaves_out(path: str) -> None:
    assert is_left_out((ROOT / ".dockerignore").read_text(), path), f".dockerignore: lets '{path}' in"


@pytest.mark.parametrize("path", ["app/__main__.py", "app/deep/x.py", "pyproject.toml", "uv.lock"])
def test_builder_gets_what_it_copies(path: str) -> None:
    assert not is_left_out((ROOT / ".dockerignore").read_text(), path), f".dockerignore: keeps '{path}' out"


def test_credential_file_cannot_be_committed() -> None:
    lines = (ROOT / ".gitignore").read_text().splitlines()
    assert "gha-creds-*.json" in lines, ".gitignore: Fix: 'gha-creds-*.json', as google-github-actions/auth advises"
