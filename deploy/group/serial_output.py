"""What the end of an instance's serial port shows: whether the pull or the start of the release failed. Pure."""

import re
from dataclasses import dataclass
from typing import Final

from lib.redaction import redacted

# A line begins with times and a host name; the first word that ends in a colon is the program that printed it.
# Programs: the guest agent's script runner by each of its names, and Docker. Source: serial ports of Google's images.
_LINE: Final = re.compile(
    r"(?:\S*[^\s:]\s+){0,8}?"
    r"(?P<program>google_\w+|google-[\w-]+|GCE\w+|startup-script|docker|dockerd|docker-compose|containerd)(?:\[\d+\])?:\s+"
    r"(?:\d{4}/\d\d/\d\d \S+ )?(?:GCE\w+: )?(?:INFO )?(?:startup-script: )?(?P<message>.*)"
)
_LONGEST: Final = 4_000  # characters of a line that are looked at

# The guest agent's words when a boot's startup script begins, so that what an earlier boot printed is left aside, and
# when it ends. Source: the agent's source, google-guest-agent.
_BEGINS: Final = re.compile(r"Found startup-script in metadata|Starting google-startup-scripts", re.IGNORECASE)
_SUCCEEDS: Final = re.compile(r"startup-script exit status 0\b")
_FAILS: Final = re.compile(
    r'startup-script exit status [1-9]|Script "startup-script" failed with error: exit status [1-9]'
)
_PULLED: Final = re.compile(r"Status: (?:Downloaded newer image|Image is up to date) for (\S+)")

# How Docker's own errors begin. The script's other output, the application's included, has the same program before it.
_DOCKER: Final = re.compile(
    r"(?:docker: )?Error response from daemon: |Error: initializing source |manifest unknown\b|no such manifest: "
    r"|(?:docker: )?pull access denied for |toomanyrequests: |error pulling image |dependency failed to start: "
    r'|denied: (?:Permission "|requested access to the resource|Unauthenticated request|Your Cloud SDK)'
    r"|unauthorized: (?:authentication |access token |You don't have |The request )|\S+-\d+ exited with code "
)
_DAEMON_ERROR: Final = re.compile(r".*\blevel=(?:error|fatal)\b.*(?:images/create|/start\b|\bpull\b|registry|manifest)")
# What more attempts do not mend.
_PERMANENT: Final = re.compile(
    r"manifest (?:for \S+ )?(?:unknown|not found)|no such manifest|no matching manifest|name unknown: "
    r"|pull access denied|(?<![Pp]ermission )denied: |failed to create (?:shim )?task|driver failed programming"
    r"|no space left on device|exited (?:\(|with code )[1-9]\d*\)?(?! \(restarting)"
)
# What may be over at the next attempt. `unauthorized` may be a permission that was granted a minute ago.
_TRANSIENT: Final = re.compile(
    r"unauthorized: |[Tt]imed? ?out\b|deadline exceeded|connection refused|connection reset|network is unreachable"
    r"|no such host|name resolution|server misbehaving|toomanyrequests|\bEOF\b|exited with code \d+ \(restarting"
    r"|unexpected HTTP status: (?:429|5\d\d)|\b50[0234] (?:Internal|Bad|Service|Gateway)"
)
# A login or a secret that the script could not fetch, because the metadata server did not answer.
_METADATA: Final = re.compile(
    r"(?:curl: \(\d+\)|wget: |ERROR: \(gcloud\.).*(?:metadata\.google\.internal|169\.254\.169\.254|[Mm]etadata server)"
)
_IMAGES: Final = re.compile(
    r'(?:(?<!matching )manifest for|access denied for|resolve reference) "?([^\s",]+)|"https?://([^\s"/]+)/v2/([^\s"]+?)/manifests/'
)


@dataclass(frozen=True)
class Failure:
    """
    What a serial port shows of a pull or a start that failed.

    Args:
        line: The last that shows it, fit to be printed.
        times: Lines that show it.
        is_over: Whether the script has ended since, and badly; else it may try again.
        is_permanent: Whether more attempts do not mend it.
    """

    line: str
    times: int
    is_over: bool
    is_permanent: bool


def failure(contents: str, repository: str) -> Failure | None:
    """
    Return what shows that the release's pull or start failed; None if nothing does.

    Only lines of the guest agent and of Docker count: the application may print anything. A script that ended well may
    have tried twice, and so may a pull that succeeded in the end; earlier errors then count for nothing. An error of
    another image counts once the script has ended badly.

    Args:
        contents: Of the serial port, from the boot on or from any later line.
        repository: Of the release, HOST/PATH.
    """
    lines = contents.splitlines()
    begins = [index for index, line in enumerate(lines) if _BEGINS.search(line[:_LONGEST])]
    parsed = [(line, _LINE.match(line[:_LONGEST])) for line in (lines[begins[-1] :] if begins else lines)]
    boot = [(line, match["program"], match["message"]) for line, match in parsed if match]
    if any(_SUCCEEDS.match(message) for _, _, message in boot):
        return None
    pulled = [index for index, (_, _, message) in enumerate(boot) if _is_pulled(message, repository)]
    ended = [line for line, _, message in boot if _FAILS.match(message)]
    permanent, transient = [], []
    for line, program, message in boot[pulled[-1] if pulled else 0 :]:
        if not _is_error(program, message) or (not ended and _is_of_another(message, repository)):
            continue
        if _TRANSIENT.search(message) or _METADATA.match(message):
            transient.append(line)
        elif _PERMANENT.search(message):
            permanent.append(line)
    shown = permanent or transient or ended
    if not shown:
        return None
    return Failure(redacted(shown[-1].strip()), len(shown), bool(ended), shown is not transient)


def _is_error(program: str, message: str) -> bool:
    """Return whether a message is an error of Docker's, or of a request for the metadata server."""
    if program in ("dockerd", "containerd"):
        return bool(_DAEMON_ERROR.match(message))
    return bool(_DOCKER.match(message) or _METADATA.match(message))


def _is_pulled(message: str, repository: str) -> bool:
    found = _PULLED.match(message)
    return bool(found and _is_of(found[1], repository))


def _is_of_another(message: str, repository: str) -> bool:
    """Return whether an error names images, and none of the release's repository."""
    names = [found[1] or f"{found[2]}/{found[3]}" for found in _IMAGES.finditer(message)]
    return bool(names) and not any(_is_of(name, repository) for name in names)


def _is_of(image: str, repository: str) -> bool:
    return image.rstrip(":").startswith((f"{repository}:", f"{repository}@")) or image.rstrip(":") == repository
