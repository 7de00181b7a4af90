"""Image references."""

import re
from dataclasses import dataclass
from typing import Final

from accessory.errors import RefusedError
from lib.image_names import full_form

_PATH: Final = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_VERSION: Final = r"(?::(?P<tag>\w[\w.-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
_REFERENCE: Final = re.compile(rf"(?P<repository>[a-z0-9.-]+(?::[0-9]+)?(?:/{_PATH})+){_VERSION}", re.ASCII)
_SHORT_NAME: Final = re.compile(rf"{_PATH}(?:/{_PATH})*{_VERSION}", re.ASCII)


@dataclass(frozen=True)
class Reference:
    """
    A reference in full.

    Args:
        repository: HOST/PATH.
        tag: Empty where a digest says more.
        digest: `sha256:…`; empty where there is none.
    """

    repository: str
    tag: str = ""
    digest: str = ""

    def __str__(self) -> str:
        return f"{self.repository}@{self.digest}" if self.digest else f"{self.repository}:{self.tag}"


def parse(text: str, where: str = "--image") -> Reference:
    """
    Read a reference.

    Args:
        text: HOST/PATH with a tag or a digest, or both: then the digest counts.
        where: It stands, for the error.

    Raises:
        RefusedError: It is none, has neither tag nor digest, or names no registry.
    """
    short = _SHORT_NAME.fullmatch(text)
    if short and (short["tag"] or short["digest"]) and full_form(text):
        raise RefusedError(f"{where}: got '{text}', which names no registry.", f"write '{full_form(text)}'")
    found = _REFERENCE.fullmatch(text)
    if found is None or not (found["tag"] or found["digest"]):
        raise RefusedError(f"{where}: got '{text}', which is no reference.", "HOST/PATH@sha256:DIGEST or HOST/PATH:TAG")
    return Reference(found["repository"], found["tag"] or "", found["digest"] or "")
