"""The build context: what .dockerignore leaves out is no part of the key of the build."""

from pathlib import Path

import pytest

from ci import build_context


def test_patterns_are_those_of_the_file_without_comments(tmp_path: Path) -> None:
    """Slashes at both ends mean nothing to Docker, and the Dockerfile is sent in every case."""
    (tmp_path / ".dockerignore").write_text("# all\n*\n\n  !app/ \n!/uv.lock\n**/__pycache__\n.\n")
    assert build_context.left_out(tmp_path, "Dockerfile") == [
        "*", "!app", "!uv.lock", "**/__pycache__", "!Dockerfile", "!.dockerignore",
    ]  # fmt: skip


def test_file_of_the_dockerfile_goes_before_the_general_one(tmp_path: Path) -> None:
    """BuildKit reads DOCKERFILE.dockerignore alone, where it exists."""
    (tmp_path / ".dockerignore").write_text("a")
    (tmp_path / "web.Dockerfile.dockerignore").write_text("b")
    assert build_context.left_out(tmp_path, "web.Dockerfile")[0] == "b"


@pytest.mark.parametrize("name", ["Dockerfile"])
def test_context_without_the_file_is_read_whole(tmp_path: Path, name: str) -> None:
    """Docker sends every file."""
    assert build_context.left_out(tmp_path, name) == []
