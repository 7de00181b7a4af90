"""Whether the output of a harmless command, such as the id of an image, decides which image a container starts."""

import re
from typing import Final

_ENDS: Final = re.compile(r"(?<!\\)\n|;|&&|\|\|")
_STARTS: Final = re.compile(r"\b(?:docker|podman|nerdctl|crictl)\b[^\n]{0,1000}?\s(?:run|create)\b")
_ASSIGNED: Final = re.compile(r"(?:^|\s)(?P<name>[A-Za-z_]\w{0,100})=[\"']?(?:\$\(|`)")
_LONGEST: Final = 4_096  # characters on each side of a command that are searched


def starts_container(text: str, start: int, end: int) -> bool:
    """
    Return whether the output of a command goes into `docker run` or `docker create`.

    The way is the same pipeline or substitution, or the variable that the output is assigned to.

    Args:
        text: text of a script.
        start: index of the command's argument.
        end: index behind that argument.
    """
    before, after = text[max(0, start - _LONGEST) : start], text[end : end + _LONGEST]
    head = before[max((match.end() for match in _ENDS.finditer(before)), default=0) :]
    stop = _ENDS.search(after)
    tail = after[: stop.start()] if stop else after
    if _STARTS.search(f"{head} {tail}".replace("\\\n", " ")):
        return True
    assigned = _ASSIGNED.search(head)
    if assigned is None:
        return False
    used = re.compile(rf"\s(?:run|create)\b[^\n;]{{0,1000}}\$\{{?{assigned['name']}\b")
    return used.search(text.replace("\\\n", " ")) is not None
