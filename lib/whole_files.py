"""Files that are written as a whole: a reader gets the new content, the content before, or no file."""

import os
import tempfile
from pathlib import Path


def write_whole(path: Path, text: str, mode: int) -> None:
    """
    Write a file beside its place, and rename it; its folder is created.

    Args:
        path: path of the file, which is replaced if it exists.
        text: content of the file.
        mode: permissions of the file, such as 0o644.

    Raises:
        OSError: the file can't be written; what stood at the path is unchanged.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", dir=path.parent, prefix=f".{path.stem}.", delete=False
    ) as file:
        try:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
            Path(file.name).chmod(mode)
            Path(file.name).replace(path)
        except BaseException:
            Path(file.name).unlink()
            raise
