"""A file is written as a whole, or not at all."""

from pathlib import Path

import pytest

from lib.whole_files import write_whole


def test_file_is_replaced_with_its_permissions(tmp_path: Path) -> None:
    """The folder is created, the content is replaced, and no other file stays beside it."""
    path = tmp_path / "new/x.yaml"
    for text in ("one", "two"):
        write_whole(path, text, 0o644)
        assert (path.read_text(), path.stat().st_mode & 0o777, list(path.parent.iterdir())) == (text, 0o644, [path])


def test_failure_leaves_what_stood_there(tmp_path: Path) -> None:
    """A folder cannot be replaced by a file: the error leaves it unchanged, and no half-written file beside it."""
    path = tmp_path / "x.yaml"
    path.mkdir()
    with pytest.raises(OSError, match=r"x\.yaml"):
        write_whole(path, "text", 0o644)
    assert list(tmp_path.iterdir()) == [path]
