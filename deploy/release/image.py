"""Image references."""

import re
from dataclasses import dataclass
from typing import Final

from deploy.errors import RefusedError
from lib.image_names import full_form

TAG: Final = r"[\w][\w.-]{0,127}"
DIGEST: Final = r"sha256:[0-9a-f]{64}"
_PATH: Final = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_SHORT_NAME: Final = re.compile(rf"{_PATH}(?:/{_PATH})*")
_REPOSITORY: Final = re.compile(rf"[a-z0-9.-]+(?::[0-9]+)?(?:/{_PATH})+")


@dataclass(frozen=True)
class Reference:
    """
    A reference in full.

    Args:
        repository: Host and path, such as `asia-northeast3-docker.pkg.dev/project/dojangkok-ai/ai-server`.
        tag: Empty where there is none.
        digest: `sha256:…`; empty where there is none.
    """

    repository: str
    tag: str = ""
    digest: str = ""

    def __str__(self) -> str:
        return self.repository + (f":{self.tag}" if self.tag else "") + (f"@{self.digest}" if self.digest else "")


def parse(text: str) -> Reference:
    """
    Read a reference.

    Raises:
        RefusedError: It is none, or has neither tag nor digest.
    """
    found = re.fullmatch(rf"(.+?)(?::({TAG}))?(?:@({DIGEST}))?", text, re.ASCII)
    if found and (found[2] or found[3]) and _SHORT_NAME.fullmatch(found[1]) and full_form(found[1]):
        raise RefusedError(f"image: got '{text}', which names no registry.", f"write '{full_form(text)}'")
    if found is None or not _REPOSITORY.fullmatch(found[1]) or not (found[2] or found[3]):
        raise RefusedError(f"image: got '{text}', which is no reference.", "HOST/PATH@sha256:DIGEST or HOST/PATH:TAG")
    return Reference(found[1], found[2] or "", found[3] or "")


def is_digest(text: str) -> bool:
    """Return whether a text is a digest in full."""
    return re.fullmatch(DIGEST, text) is not None
