"""Connections that run a script on the VM: through IAP with gcloud, or plain SSH."""

import contextlib
import os
import shlex
import subprocess
import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from accessory.config import Ssh
from accessory.errors import NotAllowedError
from accessory.login import log_in
from lib.disabled_apis import enabling_fix, lacks_quota_project
from lib.redaction import redacted
from lib.streams import write_progress

# A dead tunnel is silent: after 30 s without an answer the connection counts as cut.
_OPTIONS: Final = ("BatchMode=yes", "ConnectTimeout=20", "ServerAliveInterval=10", "ServerAliveCountMax=3")
# A background process of ssh may keep stderr open.
_STDERR_END_S: Final = 1.0
_KEPT_LINES: Final = 20  # of stderr; gcloud wraps a long text, and prints more after it
# Validity of the SSH key; it does not end an open connection.
_KEY_LIFETIME: Final = "5m"


class Transport(ABC):
    """A connection to the VM."""

    @abstractmethod
    def argv(self, command: str) -> list[str]:
        """Return the command line that runs a command in the VM's shell."""

    def environment(self) -> Mapping[str, str]:
        """Return the environment variables of this command line."""
        return os.environ

    def run(self, script: str, arguments: Sequence[str], stdin: bytes, receive: Callable[[str], None]) -> int:
        """
        Run a bash script on the VM.

        Args:
            script: text of the script, without secrets, because process lists of both sides show it.
            arguments: arguments of the script, without secrets.
            stdin: standard input of the script.
            receive: function that gets each complete line of the script's stdout.

        Returns:
            The exit code of the script, or of the program that failed to reach the VM.

        Raises:
            NotAllowedError: there is no login, the project has not enabled an API of Google that the login needs, the
                login has no quota project, or this computer lacks the program of the transport.
        """
        argv = self.argv(shlex.join(["bash", "-c", script, "receive", *arguments]))
        reading, writing = os.pipe()
        last_lines: deque[str] = deque(maxlen=_KEPT_LINES)
        stderr = threading.Thread(target=_print_stderr, args=(reading, last_lines), daemon=True)
        stderr.start()
        try:
            process = subprocess.Popen(
                argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=writing, env=dict(self.environment())
            )
        except FileNotFoundError as error:
            raise NotAllowedError(f"{argv[0]}: not found.", f"install {argv[0]}") from error
        finally:
            os.close(writing)
        with process:
            assert process.stdin  # noqa: S101 - both are pipes
            assert process.stdout  # noqa: S101
            with contextlib.suppress(BrokenPipeError):
                process.stdin.write(stdin)
                process.stdin.close()
            try:
                for line in process.stdout:
                    # The last line of a cut connection may be incomplete.
                    if line.endswith(b"\n"):
                        receive(line.decode(errors="replace").rstrip("\n"))
            except BaseException:
                process.terminate()
                raise
            stderr.join(_STDERR_END_S)
        if process.returncode:
            _refuse_login(argv[0], " ".join([*last_lines]))
        return process.returncode


def _refuse_login(program: str, text: str) -> None:
    """
    Refuse what ssh or gcloud printed about a disabled API or a missing quota project.

    Raises:
        NotAllowedError: the text is about one of them.
    """
    fix = enabling_fix(text)
    if fix:
        lacks_quota = lacks_quota_project(text)
        reason = "the login has no quota project" if lacks_quota else "the project has not enabled an API"
        raise NotAllowedError(f"{program} failed, because {reason}.", fix)


def _print_stderr(reading: int, last_lines: deque[str]) -> None:
    """Print the stderr of ssh or gcloud, without secrets and control characters, and keep its last lines."""
    with open(reading, errors="replace") as lines:
        for line in lines:
            last_lines.append(line.strip())
            write_progress(redacted(line.rstrip("\n")))


@dataclass(frozen=True)
class PlainSsh(Transport):
    """
    SSH to a host without Google.

    Args:
        ssh: host, user, key and known hosts.
    """

    ssh: Ssh

    def argv(self, command: str) -> list[str]:
        """Return the command line of ssh, without the configuration of the operator."""
        options = (
            *_OPTIONS,
            "StrictHostKeyChecking=yes",
            "IdentitiesOnly=yes",
            f"UserKnownHostsFile={self.ssh.known_hosts}",
        )
        return [
            "ssh",
            "-F",
            "none",
            "-T",
            *(word for option in options for word in ("-o", option)),
            "-i",
            str(self.ssh.identity_file),
            "-p",
            str(self.ssh.port),
            f"{self.ssh.user}@{self.ssh.host}",
            command,
        ]


@dataclass(frozen=True)
class Iap(Transport):
    """
    SSH through Identity-Aware Proxy, without a public address, and OS Login with a key for minutes.

    Args:
        vm: name of the VM.
        zone: zone of the VM.
        project: project of the VM.
        keys: folder of this process for gcloud's key and the token.
        credentials: path of the credential file; None selects gcloud's own login.
        token_hosts: hosts that are allowed in addition to those of Google and GitHub.
    """

    vm: str
    zone: str
    project: str
    keys: Path
    credentials: Path | None = None
    token_hosts: tuple[str, ...] = ()

    def argv(self, command: str) -> list[str]:
        """
        Return gcloud's command line.

        Source: gcloud 528.0.0, surface/compute/ssh.py: with strict checking a host key must be known, or published by
        the VM itself (metadata `enable-guest-attributes=TRUE`); the expiry applies to OS Login too.
        """
        return [
            "gcloud",
            "compute",
            "ssh",
            self.vm,
            f"--project={self.project}",
            f"--zone={self.zone}",
            "--tunnel-through-iap",
            "--quiet",
            f"--ssh-key-file={self.keys / 'key'}",
            f"--ssh-key-expire-after={_KEY_LIFETIME}",
            "--strict-host-key-checking=yes",
            *(f"--ssh-flag=-o {option}" for option in _OPTIONS),
            f"--command={command}",
        ]

    def environment(self) -> Mapping[str, str]:
        """
        Return the environment variables with a new token, because a connection may follow hours after the last.

        Raises:
            AccessoryError: the credential file gives no token.
        """
        if self.credentials is None:
            return os.environ
        login, token = log_in(self.credentials, self.token_hosts), self.keys / "token"
        token.touch(mode=0o600)
        token.write_text(login.token)
        quota = {"CLOUDSDK_BILLING_QUOTA_PROJECT": login.quota_project} if login.quota_project else {}
        account = {"CLOUDSDK_AUTH_ACCESS_TOKEN_FILE": str(token), "CLOUDSDK_CORE_ACCOUNT": login.account}
        return os.environ | account | quota
