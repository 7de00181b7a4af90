"""The Dockerfile has no findings, and no credential file can get into an image or a commit."""

import re
from collections.abc import Iterator
from typing import Final

import pytest

from policy.running import ROOT, run_checked

# Name of the credential file that google-github-actions/auth v3.0.0 writes into the workspace.
# Source: https://github.com/google-github-actions/auth#prerequisites (read 2026-11-24).
CREDENTIALS: Final = "gha-creds-0123456789abcdef.json"
# Of the application that is shipped, and of each example.
DOCKERFILES: Final = ("Dockerfile", *(str(path.relative_to(ROOT)) for path in ROOT.glob("examples/*/Dockerfile")))


def rules(text: str) -> Iterator[tuple[bool, "re.Pattern[str]"]]:
    """
    Yield the rules of a .dockerignore.

    Yields:
        For each line whether it includes paths that earlier lines exclude, and its pattern for a path and all below.

    Source:
        https://docs.docker.com/build/concepts/context/#dockerignore-files (read 2026-11-24): patterns are those of Go's
        filepath.Match, and `**` any number of folders; the last matching line decides.
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


def is_excluded(text: str, path: str) -> bool:
    """Return whether a .dockerignore excludes a path."""
    decisions = [not includes for includes, pattern in rules(text) if pattern.fullmatch(path)]
    return bool(decisions) and decisions[-1]


def unexplained(dockerfile: str) -> list[int]:
    """Return the numbers of the lines that disable hadolint without a comment with a reason directly above."""
    lines = ["", *dockerfile.splitlines()]
    disables = re.compile(r"#\s*hadolint\s+(global\s+)?ignore\s*=", re.IGNORECASE)
    return [
        number
        for number, line in enumerate(lines)
        if disables.match(line) and (not lines[number - 1].startswith("# ") or disables.match(lines[number - 1]))
    ]


@pytest.mark.parametrize("path", DOCKERFILES)
def test_hadolint_finds_nothing(path: str) -> None:
    """hadolint has no findings, not even in style, without a configuration file."""
    run_checked("hadolint", "--no-color", "--failure-threshold", "style", "--config", "/dev/null", path)


def test_ignored_rules_have_a_reason() -> None:
    """Each disabled rule of hadolint has a comment with its reason."""
    lines = unexplained((ROOT / "Dockerfile").read_text())
    assert not lines, f"Dockerfile: lines {lines}: no reason. Fix: add a comment directly above"


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("# Why.\n# hadolint ignore=DL3008\nRUN true\n", []),
        ("RUN true\n# hadolint ignore=DL3008\nRUN true\n", [2]),
        ("# hadolint global ignore=DL3008\nFROM scratch\n", [1]),
        ("# Why.\n# hadolint ignore=DL3008\n# hadolint ignore=DL3009\n", [3]),
    ],
)
def test_reason_is_a_comment_directly_above(text: str, lines: list[int]) -> None:
    """A comment elsewhere or another rule is not a reason."""
    assert unexplained(text) == lines


def test_dockerfile_downloads_nothing() -> None:
    """The Dockerfile downloads nothing, which neither hadolint nor checkov checks."""
    downloads = re.findall(
        r"^.*\b(?:curl|wget)\b.*$|^ADD\s+https?:.*$", (ROOT / "Dockerfile").read_text(), re.MULTILINE
    )
    assert not downloads, f"Dockerfile: {downloads}. Fix: COPY --from a pinned image, or a locked package"


@pytest.mark.parametrize("path", [CREDENTIALS, f"app/{CREDENTIALS}", f"app/deep/{CREDENTIALS}"])
def test_credential_file_is_not_in_the_build_context(path: str) -> None:
    """A credential file in any folder is excluded."""
    assert is_excluded((ROOT / ".dockerignore").read_text(), path), (
        f".dockerignore: includes '{path}'. Fix: the last line"
    )


@pytest.mark.parametrize(
    "path", [".git/config", ".env", "app/.env.prod", "tests/x.py", "dist/x.whl", "x.tar.gz", "ci/main.py"]
)
def test_excluded_paths_of_the_design_are_not_in_the_build_context(path: str) -> None:
    """Files that the design excludes are excluded."""
    assert is_excluded((ROOT / ".dockerignore").read_text(), path), f".dockerignore: includes '{path}'"


@pytest.mark.parametrize("path", ["app/__main__.py", "app/deep/x.py", "pyproject.toml", "uv.lock"])
def test_copied_paths_are_in_the_build_context(path: str) -> None:
    """The files that the Dockerfile copies are included."""
    assert not is_excluded((ROOT / ".dockerignore").read_text(), path), f".dockerignore: excludes '{path}'"


def test_credential_file_cannot_be_committed() -> None:
    """Git ignores the credential file."""
    lines = (ROOT / ".gitignore").read_text().splitlines()
    assert "gha-creds-*.json" in lines, ".gitignore: Fix: 'gha-creds-*.json', as google-github-actions/auth advises"
