"""What the end of a machine's serial port shows: whether the pull or the start of the release failed. Pure."""

import re
from typing import Final

from deploy.leaks import redacted

# The guest agent's words when a boot's startup script begins, so that what an earlier boot said is left aside, and
# when it ends. Source: serial ports of Google's images; the agent's source, google-guest-agent.
_BEGINS: Final = re.compile(r"Found startup-script in metadata|Starting google-startup-scripts", re.IGNORECASE)
_SUCCEEDS: Final = re.compile(r"startup-script exit status 0\b")
_FAILS: Final = re.compile(r"startup-script(?: exit status|\" failed with error: exit status) (?!0\b)\d+")
# Docker's words for a pull or a start that failed, in a line of the script's.
_SCRIPT: Final = re.compile(r"startup-script|docker", re.IGNORECASE)
_REFUSED: Final = re.compile(
    r"manifest (?:for \S+ )?(?:unknown|not found)|pull access denied|unauthorized:|denied: |Error response from daemon"
)


def failure(contents: str) -> str:
    """
    Return the line that shows that the release's pull or start failed, fit to be shown; empty if none does.

    A script that ended well may have tried twice, so its earlier complaints count for nothing.
    """
    lines = contents.splitlines()
    begins = [index for index, line in enumerate(lines) if _BEGINS.search(line)]
    boot = lines[begins[-1] :] if begins else lines
    if any(_SUCCEEDS.search(line) for line in boot):
        return ""
    told = [line for line in boot if _REFUSED.search(line) and _SCRIPT.search(line)]
    ended = [line for line in boot if _FAILS.search(line)]
    return redacted((told or ended)[-1].strip()) if told or ended else ""
