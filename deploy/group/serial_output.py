"""Whether the output of an instance's serial port shows that the pull or the start of the release failed."""

import re
from dataclasses import dataclass
from typing import Final, Self

from lib.redaction import redacted

# A line begins with times and a host name; the first word that ends in a colon is the program that printed the line.
# Programs: the guest agent's script runner by each of its names, and Docker. The older agent prints the metadata key
# before a line of the script, the newer agent prints the key and the shell. Sources: serial ports of Google's images,
# and the agents: GoogleCloudPlatform/guest-agent at df9d203 of 2026-07-23, GoogleCloudPlatform/google-guest-agent at
# 1adda70 of 2026-08-19, both read on 2026-11-27. The units of konlet and of cloud-init print to the console too
# (StandardOutput=journal+console): sources below.
_WORDS: Final = r"(?:\S*[^\s:]\s+){0,8}?"
_LINE: Final = re.compile(
    _WORDS + r"(?:(?P<agent>google_\w+|google-[\w-]+|GCE\w+)|"
    r"(?P<program>startup-script|docker|dockerd|docker-compose|containerd|konlet-startup|cloud-init))(?:\[\d+\])?:\s+"
    r"(?:\d{4}/\d\d/\d\d \S+ )?(?:GCE\w+: )?(?:INFO )?"
    r'(?P<output>startup-script: |Metadata key\("startup-script"\), command\("[^"]*"\): )?(?P<message>.*)'
)
_LONGEST: Final = 4_000  # characters of a line that are searched

# Lines of the guest agents at the begin of a boot's startup script, so that output of an earlier boot is ignored, and
# at its end. The newer agent has no line for a success at its default level: its last line follows a failure too.
_UNIT_BEGINS: Final = re.compile(rf"(?:{_WORDS}systemd\[1\]: |\s*)Starting (?:\x1b\S*m)?google-startup-scripts\b")
_BEGINS: Final = re.compile(r"Found startup-script in metadata", re.IGNORECASE)
_SUCCEEDS: Final = re.compile(r"startup-script exit status 0\b")
_FAILS: Final = re.compile(r'startup-script exit status [1-9]|Script "startup-script" failed with error: ')
_FINISHED: Final = re.compile(r"Finished running startup scripts\b")

# Lines of konlet, which starts the container of a declaration, and is started again 30 s after each error. Source:
# gce-containers-startup/gce-containers-startup.go, runtime/runtime.go and scripts/konlet-startup.service of
# GoogleCloudPlatform/konlet at e20e969 of 2026-07-31, read on 2026-11-27.
_KONLET_ERROR: Final = re.compile(r"Error: (?!failed to unmount volumes:)|Failed to initialize Konlet: ")
_KONLET_CREATED: Final = re.compile(r"Created a container with name '")
_KONLET_PERMANENT: Final = re.compile(
    r"Error: (?:Cannot parse container declaration |Container declaration should include exactly 1 container"
    r"|Failed to start container: (?:Invalid container declaration: |.*\bNo such image: ))"
)
# Lines of cloud-init, whose program also prints the output of `runcmd` and of scripts: a module that has failed, and
# the end. Sources: cc_scripts_user.py, modules.py and cc_final_message.py in cloudinit/config of canonical/cloud-init
# at 04eacd0 of 2026-08-21, and logs in public repositories, read on 2026-11-27. Older versions write `scripts-user`,
# and leave the time out.
_CLOUD_INIT_FAILS: Final = re.compile(
    r"(?:\d{4}-\d\d-\d\d \S+ - )?\w+\.py\[(?:WARNING|ERROR)\]: (?:Failed to run|Running) module"
    r" (?:scripts[-_]user|runcmd|write[-_]files(?:[-_]deferred)?) (?:.* failed$|\(scripts in )"
)
_CLOUD_INIT_ENDS: Final = re.compile(r"Cloud-init v\. \S+ finished at ")
_AGENTS: Final = ("konlet-startup", "cloud-init")

# Lines of `retry` in iac/scripts/functions.sh: another attempt follows, or the last attempt has failed.
_RETRIES: Final = re.compile(r".*: (?:attempt 1, with more after a failure|exit code \d+, again in \d+ s)$")
_GIVES_UP: Final = re.compile(r".*: exit code \d+, \d+ times$")
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
        is_over: whether the script has ended with an error, or a command of it has had its last attempt; otherwise it
            may try again.
        is_permanent: whether more attempts do not fix the failure.
    """

    line: str
    count: int
    is_over: bool
    is_permanent: bool


def failure(contents: str, repository: str) -> Failure | None:
    """
    Return the failure of the release's pull or start; None if the output shows no failure.

    Only lines of the guest agent, of Docker, of konlet and of cloud-init count, because the application may print
    anything. Errors before a successful end of the script, or before a successful pull, do not count. An error of
    another image counts after the script has ended with an error. In a script that repeats failed commands and prints
    so, errors count after the last attempt of a command, and after the script has ended with an error. The same holds
    for the scripts that cloud-init runs. Of konlet's errors those count that follow its last container.

    Args:
        contents: output of the serial port, from the boot on or from any later line.
        repository: repository of the release, HOST/PATH.
    """
    # An agent ends a line by a newline alone; any other separator is part of what the script printed.
    parsed = [_Line.parse(text) for text in contents.split("\n")]
    begins = [index for index, line in enumerate(parsed) if line.is_begin]
    boot = parsed[begins[-1] :] if begins else parsed
    failed_ends = [line for line in boot if line.is_of_agent(_FAILS)]
    is_finished = bool(begins) and any(line.is_of_agent(_FINISHED) for line in boot)
    has_succeeded = any(line.is_of_agent(_SUCCEEDS) for line in boot) or (is_finished and not failed_ends)
    script = [line for line in boot if line.program not in _AGENTS]
    return (
        (None if has_succeeded else _script_failure(script, failed_ends, repository))
        or _konlet_failure([line for line in boot if line.program == "konlet-startup"], repository)
        # Scripts run at the first boot alone, so that their failure stays in force after another boot.
        or _cloud_init_failure([line for line in parsed if line.program == "cloud-init"], repository)
    )


def is_permanent(text: str) -> bool:
    """Return whether a line of a failed startup script shows an error that more attempts do not fix."""
    return bool(_PERMANENT.search(text) and not _TRANSIENT.search(text) and not _METADATA.match(text))


def _script_failure(lines: list["_Line"], failed_ends: list["_Line"], repository: str) -> Failure | None:
    """Return the failure that the lines of a script and of Docker show; the script has not succeeded."""
    attempts = [line for line in lines if line.is_of_script(_RETRIES) or line.is_of_script(_GIVES_UP)]
    has_given_up = bool(attempts) and attempts[-1].is_of_script(_GIVES_UP)
    if attempts and not has_given_up and not failed_ends:
        return None
    pulls = [index for index, line in enumerate(lines) if _is_pull(line.message, repository)]
    errors = [
        line
        for line in lines[pulls[-1] if pulls else 0 :]
        if _is_error(line) and (failed_ends or not _names_other_images(line.message, repository))
    ]
    transient = [line for line in errors if _TRANSIENT.search(line.message) or _METADATA.match(line.message)]
    permanent = [line for line in errors if is_permanent(line.message)]
    shown = permanent or transient or failed_ends
    if not shown:
        return None
    return _failure(shown, is_over=bool(failed_ends) or has_given_up, is_permanent=shown is not transient)


def _konlet_failure(lines: list["_Line"], repository: str) -> Failure | None:
    """Return the failure that konlet's lines show; an error that is not known to be permanent may be transient."""
    created = [index for index, line in enumerate(lines) if _KONLET_CREATED.match(line.message)]
    errors = [
        line
        for line in lines[created[-1] if created else 0 :]
        if (_KONLET_ERROR.match(line.message) or _DOCKER.match(line.message))
        and not _names_other_images(line.message, repository)
    ]
    permanent = [
        line
        for line in errors
        if not _TRANSIENT.search(line.message)
        and (_KONLET_PERMANENT.match(line.message) or _PERMANENT.search(line.message))
    ]
    shown = permanent or errors
    return _failure(shown, is_over=False, is_permanent=bool(permanent)) if shown else None


def _cloud_init_failure(lines: list["_Line"], repository: str) -> Failure | None:
    """Return the failure that cloud-init's lines show, and those of the scripts that it runs."""
    failed_modules = [line for line in lines if _CLOUD_INIT_FAILS.match(line.message)]
    if not failed_modules and any(_CLOUD_INIT_ENDS.match(line.message) for line in lines):
        return None
    return _script_failure(lines, failed_modules, repository)


def _failure(shown: list["_Line"], *, is_over: bool, is_permanent: bool) -> Failure:
    return Failure(redacted(shown[-1].text.strip()), len(shown), is_over, is_permanent)


@dataclass(frozen=True)
class _Line:
    """
    A line of the serial port.

    Args:
        text: the whole line.
        program: program that printed the line; `agent` for the guest agent's script runner, empty for any other.
        is_output: whether the agent printed the line for the script.
        message: text after the program; empty for any other program.
    """

    text: str
    program: str = ""
    is_output: bool = False
    message: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return a line of the serial port, from its text."""
        match = _LINE.match(text[:_LONGEST].rstrip("\r"))
        if match is None:
            return cls(text)
        is_output = bool(match["output"]) or match["program"] in ("startup-script", "cloud-init")
        return cls(text, "agent" if match["agent"] else match["program"], is_output, match["message"])

    @property
    def is_begin(self) -> bool:
        """Whether a boot's startup script begins with this line."""
        return self.is_of_agent(_BEGINS) or bool(_UNIT_BEGINS.match(self.text[:_LONGEST]))

    def is_of_agent(self, pattern: re.Pattern[str]) -> bool:
        """Return whether the agent itself printed a text; the script may print the same words."""
        return self.program == "agent" and not self.is_output and bool(pattern.match(self.message))

    def is_of_script(self, pattern: re.Pattern[str]) -> bool:
        """Return whether the agent printed a text for the script."""
        return self.is_output and bool(pattern.match(self.message))


def _is_error(line: _Line) -> bool:
    """Return whether a line is an error of Docker, or of a request to the metadata server."""
    if line.program in ("dockerd", "containerd"):
        return bool(_DAEMON_ERROR.match(line.message))
    return bool(_DOCKER.match(line.message) or _METADATA.match(line.message))


def _is_pull(message: str, repository: str) -> bool:
    """Return whether a message is the success of a pull from the release's repository."""
    return bool((match := _PULLED.match(message)) and _is_in_repository(match[1], repository))


def _names_other_images(message: str, repository: str) -> bool:
    """Return whether an error names images, and none of the release's repository."""
    names = [match[1] or f"{match[2]}/{match[3]}" for match in _IMAGES.finditer(message)]
    return bool(names) and not any(_is_in_repository(name, repository) for name in names)


def _is_in_repository(image: str, repository: str) -> bool:
    return image.rstrip(":").startswith((f"{repository}:", f"{repository}@")) or image.rstrip(":") == repository
