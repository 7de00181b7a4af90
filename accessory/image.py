"""Image references."""

import re
from dataclasses import dataclass
from typing import Final

from accessory.errors import RefusedError

_REFERENCE: Final = re.compile(
    r"(?P<repository>[a-z0-9.-]+(?::[0-9]+)?(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)+)"
    r"(?::(?P<tag>\w[\w.-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?",
    re.ASCII,
)


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
        RefusedError: It is none, or has neither tag nor digest.
    """
    found = _REFERENCE.fullmatch(text)
    if found is None or not (found["tag"] or found["digest"]):
        raise RefusedError(f"{where}: got '{text}', which is no reference.", "HOST/PATH@sha256:DIGEST or HOST/PATH:TAG")
    return Reference(found["repository"], found["tag"] or "", found["digest"] or "")
