"""What the end of a machine's serial port shows: whether the pull or the start of the release failed. Pure."""

import re
from dataclasses import dataclass
from typing import Final

from deploy.leaks import redacted

# The guest agent's words when a boot's startup script begins, so that what an earlier boot said is left aside, and
# when it ends. Source: serial ports of Google's images; the agent's source, google-guest-agent.
_BEGINS: Final = re.compile(r"Found startup-script in metadata|Starting google-startup-scripts", re.IGNORECASE)
_SUCCEEDS: Final = re.compile(r"startup-script exit status 0\b")
_FAILS: Final = re.compile(r"startup-script(?: exit status|\" failed with error: exit status) (?!0\b)\d+")
# Docker's words for a pull or a start that failed, in a line of the script's. `Error response from daemon` alone is
# none: a `docker rm` of what is not there says so too.
_SCRIPT: Final = re.compile(r"startup-script|docker", re.IGNORECASE)
_REFUSED: Final = re.compile(
    r"manifest (?:for \S+ )?(?:unknown|not found)|pull access denied|unauthorized:|(?<![Pp]ermission )denied: "
    r"|failed to create task|driver failed programming"
)


@dataclass(frozen=True)
class Failure:
    """
    What a serial port says of a pull or a start that failed.

    Args:
        line: The last that says so, fit to be shown.
        times: Lines that say so.
        is_over: Whether the script has ended since, and badly; else it may try again.
    """

    line: str
    times: int
    is_over: bool


def failure(contents: str) -> Failure | None:
    """
    Return what shows that the release's pull or start failed; None if nothing does.

    A script that ended well may have tried twice, so its earlier complaints count for nothing.
    """
    lines = contents.splitlines()
    begins = [index for index, line in enumerate(lines) if _BEGINS.search(line)]
    boot = lines[begins[-1] :] if begins else lines
    if any(_SUCCEEDS.search(line) for line in boot):
        return None
    ended = [line for line in boot if _FAILS.search(line)]
    told = [line for line in boot if _REFUSED.search(line) and _SCRIPT.search(line)] or ended
    return Failure(redacted(told[-1].strip()), len(told), bool(ended)) if told else None
