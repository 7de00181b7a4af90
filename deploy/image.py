"""Image references, and rewriting exactly one of them inside a startup script."""

import re
from dataclasses import dataclass
from typing import Final

from deploy.errors import RefusedError
from lib.image_names import full_form

_TAG: Final = r"[\w][\w.-]{0,127}"
_DIGEST: Final = r"sha256:[0-9a-f]{64}"
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


@dataclass(frozen=True)
class Place:
    """
    Where a reference stands in a text.

    Args:
        start: Index of its first character.
        end: Index behind its last.
        line: Counted from 1.
        reference: What stands there.
    """

    start: int
    end: int
    line: int
    reference: Reference


def parse(text: str) -> Reference:
    """
    Read a reference.

    Raises:
        RefusedError: It is none, or has neither tag nor digest.
    """
    found = re.fullmatch(rf"(.+?)(?::({_TAG}))?(?:@({_DIGEST}))?", text, re.ASCII)
    if found and (found[2] or found[3]) and _SHORT_NAME.fullmatch(found[1]) and full_form(found[1]):
        raise RefusedError(f"image: got '{text}', which names no registry.", f"write '{full_form(text)}'")
    if found is None or not _REPOSITORY.fullmatch(found[1]) or not (found[2] or found[3]):
        raise RefusedError(f"image: got '{text}', which is no reference.", "HOST/PATH@sha256:DIGEST or HOST/PATH:TAG")
    return Reference(found[1], found[2] or "", found[3] or "")


def is_digest(text: str) -> bool:
    """Return whether a text is a digest in full."""
    return re.fullmatch(_DIGEST, text) is not None


def places(script: str, repository: str) -> list[Place]:
    """
    Find the references of one repository in a script, in order; those in comments are none.

    A reference has a tag or a digest, or both, and is bounded on both sides: a compose file's service key (`ai-server:`
    with nothing behind it), a sibling (`ai-server-worker`) and another host's repository of the same path are none.
    """
    pattern = re.compile(
        rf"(?<![\w./:@-]){re.escape(repository)}(?=[:@])(?::({_TAG}))?(?:@({_DIGEST}))?(?![\w:@/-]|\.\w)", re.ASCII
    )
    found = []
    for match in pattern.finditer(script):
        if match[1] is None and match[2] is None:
            continue
        line_start = script.rfind("\n", 0, match.start()) + 1
        if re.search(r"(?:^|\s)#(?!!)", script[line_start : match.start()]):
            continue
        line = script.count("\n", 0, match.start()) + 1
        found.append(Place(match.start(), match.end(), line, Reference(repository, match[1] or "", match[2] or "")))
    return found


def the_reference(script: str, repository: str) -> Place:
    """
    Return where the script's one reference of a repository stands.

    Raises:
        RefusedError: There is none, or there are several; with their lines.
    """
    found = places(script, repository)
    if len(found) == 1:
        return found[0]
    if found:
        lines = ", ".join(f"line {place.line} '{place.reference}'" for place in found)
        raise RefusedError(
            f"startup-script: {len(found)} references of '{repository}': {lines}.",
            "leave one, and let the others use a shell variable that it sets",
        )
    mentioned = [str(number) for number, line in enumerate(script.splitlines(), start=1) if repository in line]
    where = (
        f" It is mentioned without tag and digest, or in a comment, in line {', '.join(mentioned)}."
        if mentioned
        else ""
    )
    raise RefusedError(
        f"startup-script: no reference of '{repository}'.{where}",
        "write it once in full, HOST/PATH:TAG, or correct `repository` in the environment file",
    )


def rewrite(script: str, place: Place, digest: str) -> str:
    """Return the script with the reference of a place replaced by the digest's; every other character stays."""
    return script[: place.start] + str(Reference(place.reference.repository, digest=digest)) + script[place.end :]
