"""Whether the output of an instance's serial port shows that the pull or the start of the release failed."""

import re
from dataclasses import dataclass
from typing import Final

from lib.redaction import redacted

# A line begins with times and a host name; the first word that ends in a colon is the program that printed the line.
# Programs: the guest agent's script runner by each of its names, and Docker. The older agent prints the metadata key
# before a line of the script, the newer agent prints the key and the shell. Sources: serial ports of Google's images,
# and the agents: GoogleCloudPlatform/guest-agent at df9d203 of 2026-07-23, GoogleCloudPlatform/google-guest-agent at
# 1adda70 of 2026-08-19, both read on 2026-11-27.
_LINE: Final = re.compile(
    r"(?:\S*[^\s:]\s+){0,8}?"
    r"(?P<program>google_\w+|google-[\w-]+|GCE\w+|startup-script|docker|dockerd|docker-compose|containerd)(?:\[\d+\])?:\s+"
    r"(?:\d{4}/\d\d/\d\d \S+ )?(?:GCE\w+: )?(?:INFO )?"
    r'(?:startup-script: |Metadata key\("startup-script"\), command\("[^"]*"\): )?(?P<message>.*)'
)
_LONGEST: Final = 4_000  # characters of a line that are searched

# Lines of the guest agents at the begin of a boot's startup script, so that output of an earlier boot is ignored, and
# at its end. The newer agent has no line for a success at its default level: its last line follows a failure too.
_BEGINS: Final = re.compile(r"Found startup-script in metadata|Starting google-startup-scripts", re.IGNORECASE)
_SUCCEEDS: Final = re.compile(r"startup-script exit status 0\b")
_FAILS: Final = re.compile(r'startup-script exit status [1-9]|Script "startup-script" failed with error: ')
_FINISHED: Final = re.compile(r"Finished running startup scripts\b")
_PULLED: Final = re.compile(r"Status: (?:Downloaded newer image|Image is up to date) for (\S+)")

# The beginnings of Docker's own errors. Other output of the script, the application's included, has the same program.
_DOCKER: Final = re.compile(
    r"(?:docker: )?Error response from daemon: |Error: initializing source |manifest unknown\b|no such manifest: "
    r"|(?:docker: )?pull access denied for |toomanyrequests: |error pulling image |dependency failed to start: "
    r'|denied: (?:Permission "|requested access to the resource|Unauthenticated request|Your Cloud SDK)'
    r"|unauthorized: (?:authentication |access token |You don't have |The request )|\S+-\d+ exited with code "
)
_DAEMON_ERROR: Final = re.compile(r".*\blevel=(?:error|fatal)\b.*(?:images/create|/start\b|\bpull\b|registry|manifest)")
# Errors that more attempts do not fix.
_PERMANENT: Final = re.compile(
    r"manifest (?:for \S+ )?(?:unknown|not found)|no such manifest|no matching manifest|name unknown: "
    r"|pull access denied|(?<![Pp]ermission )denied: |failed to create (?:shim )?task|driver failed programming"
    r"|no space left on device|exited (?:\(|with code )[1-9]\d*\)?(?! \(restarting)"
)
# Errors that the next attempt may not have. `unauthorized` may be a permission that was granted a minute ago.
_TRANSIENT: Final = re.compile(
    r"unauthorized: |[Tt]imed? ?out\b|deadline exceeded|connection refused|connection reset|network is unreachable"
    r"|no such host|name resolution|server misbehaving|toomanyrequests|\bEOF\b|exited with code \d+ \(restarting"
    r"|unexpected HTTP status: (?:429|5\d\d)|\b50[0234] (?:Internal|Bad|Service|Gateway)"
)
# The metadata server did not answer, so that the script could not fetch a login or a secret.
_METADATA: Final = re.compile(
    r"(?:curl: \(\d+\)|wget: |ERROR: \(gcloud\.).*(?:metadata\.google\.internal|169\.254\.169\.254|[Mm]etadata server)"
)
_IMAGES: Final = re.compile(
    r'(?:(?<!matching )manifest for|access denied for|resolve reference) "?([^\s",]+)|"https?://([^\s"/]+)/v2/([^\s"]+?)/manifests/'
)


@dataclass(frozen=True)
class Failure:
    """
    A pull or a start that failed.

    Args:
        line: the last line that shows the failure, without secrets.
        count: number of lines that show the failure.
        is_over: whether the startup script has ended with an error; otherwise it may try again.
        is_permanent: whether more attempts do not fix the failure.
    """

    line: str
    count: int
    is_over: bool
    is_permanent: bool


def failure(contents: str, repository: str) -> Failure | None:
    """
    Return the failure of the release's pull or start; None if the output shows no failure.

    Only lines of the guest agent and of Docker count, because the application may print anything. Errors before a
    successful end of the script, or before a successful pull, do not count. An error of another image counts after the
    script has ended with an error.

    Args:
        contents: output of the serial port, from the boot on or from any later line.
        repository: repository of the release, HOST/PATH.
    """
    lines = contents.splitlines()
    begins = [index for index, line in enumerate(lines) if _BEGINS.search(line[:_LONGEST])]
    parsed = [(line, _LINE.match(line[:_LONGEST])) for line in (lines[begins[-1] :] if begins else lines)]
    boot = [(line, match["program"], match["message"]) for line, match in parsed if match]
    failed_ends = [line for line, _, message in boot if _FAILS.match(message)]
    is_finished = bool(begins) and any(_FINISHED.match(message) for _, _, message in boot)
    if any(_SUCCEEDS.match(message) for _, _, message in boot) or (is_finished and not failed_ends):
        return None
    pulls = [index for index, (_, _, message) in enumerate(boot) if _is_pull(message, repository)]
    permanent, transient = [], []
    for line, program, message in boot[pulls[-1] if pulls else 0 :]:
        if not _is_error(program, message) or (not failed_ends and _names_other_images(message, repository)):
            continue
        if _TRANSIENT.search(message) or _METADATA.match(message):
            transient.append(line)
        elif _PERMANENT.search(message):
            permanent.append(line)
    shown = permanent or transient or failed_ends
    if not shown:
        return None
    return Failure(redacted(shown[-1].strip()), len(shown), bool(failed_ends), shown is not transient)


def _is_error(program: str, message: str) -> bool:
    """Return whether a message is an error of Docker, or of a request to the metadata server."""
    if program in ("dockerd", "containerd"):
        return bool(_DAEMON_ERROR.match(message))
    return bool(_DOCKER.match(message) or _METADATA.match(message))


def _is_pull(message: str, repository: str) -> bool:
    """Return whether a message is the success of a pull from the release's repository."""
    match = _PULLED.match(message)
    return bool(match and _is_in_repository(match[1], repository))


def _names_other_images(message: str, repository: str) -> bool:
    """Return whether an error names images, and none of the release's repository."""
    names = [match[1] or f"{match[2]}/{match[3]}" for match in _IMAGES.finditer(message)]
    return bool(names) and not any(_is_in_repository(name, repository) for name in names)


def _is_in_repository(image: str, repository: str) -> bool:
    return image.rstrip(":").startswith((f"{repository}:", f"{repository}@")) or image.rstrip(":") == repository
