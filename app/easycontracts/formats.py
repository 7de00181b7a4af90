"""Formats of files: the name of a file needs a supported extension, and its bytes decide the format."""

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from app.errors import UnsupportedFileTypeError


@dataclass(frozen=True)
class PictureFormat:
    """A format of pictures: its media type, the first bytes of its files, and their extensions."""

    content_type: str
    start: bytes
    extensions: tuple[str, ...]


_PICTURES: Final = (
    PictureFormat("image/png", b"\x89PNG\r\n\x1a\n", (".png",)),
    PictureFormat("image/jpeg", b"\xff\xd8\xff", (".jpg", ".jpeg")),
)
_EXTENSIONS: Final = {".pdf", *(extension for picture in _PICTURES for extension in picture.extensions)}


def suffix(name: str) -> str:
    """
    Return the extension of a file's name in lower case: `.pdf`, `.png`, `.jpg` or `.jpeg`.

    Raises:
        UnsupportedFileTypeError: the name has another extension, or none.
    """
    ending = PurePosixPath(name).suffix.lower()
    if ending not in _EXTENSIONS:
        raise UnsupportedFileTypeError(f"'{name}' 파일은 지원하지 않는 형식입니다. PDF, PNG, JPG, JPEG만 됩니다.")
    return ending


def picture_format(content: bytes) -> PictureFormat | None:
    """Return the format of a picture; None for other content."""
    return next((picture for picture in _PICTURES if content.startswith(picture.start)), None)


def page_name(name: str, number: int, extension: str) -> str:
    """Return the name of a page's image, such as `lease.pdf.p2.png`."""
    return f"{name}.p{number}{extension}"
