"""Running a script on a machine: over IAP by gcloud, or by plain SSH."""

import contextlib
import os
import shlex
import subprocess
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from accessory.config import Ssh
from accessory.errors import NotAllowedError
from accessory.login import log_in
from lib.redaction import redacted
from lib.streams import write_progress

# A tunnel that died says nothing: 30 s without an answer is a cut.
_OPTIONS: Final = ("BatchMode=yes", "ConnectTimeout=20", "ServerAliveInterval=10", "ServerAliveCountMax=3")
# A process in the background of ssh may keep its stderr open.
_LAST_WORDS_S: Final = 1.0
# Of the key, from login on; a connection that stands is not ended by it.
_KEY_LASTS: Final = "5m"


class Transport(ABC):
    """A way to a machine."""

    @abstractmethod
    def argv(self, command: str) -> list[str]:
        """Return the command line that has the machine's shell run a command."""

    def environment(self) -> Mapping[str, str]:
        """Return the environment of that command line."""
        return os.environ

    def run(self, script: str, arguments: Sequence[str], stdin: bytes, heard: Callable[[str], None]) -> int:
        """
        Run a bash script on the machine.

        Args:
            script: Its text; nothing secret, for it can be seen in the process lists of both sides.
            arguments: Of the script; nothing secret either.
            stdin: What it reads.
            heard: Is told each whole line of its stdout.

        Returns:
            Its exit code, or that of whatever failed to reach it.

        Raises:
            NotAllowedError: There is no login, or no such program here as the transport needs.
        """
        argv = self.argv(shlex.join(["bash", "-c", script, "receive", *arguments]))
        reading, writing = os.pipe()
        words = threading.Thread(target=_repeat, args=(reading,), daemon=True)
        words.start()
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
                    # The last one of a connection that was cut may be half a line.
                    if line.endswith(b"\n"):
                        heard(line.decode(errors="replace").rstrip("\n"))
            except BaseException:
                process.terminate()
                raise
            words.join(_LAST_WORDS_S)
        return process.returncode


def _repeat(reading: int) -> None:
    """Write what ssh or gcloud writes to its stderr, without secrets and without controls of a terminal."""
    with open(reading, errors="replace") as lines:
        for line in lines:
            write_progress(redacted(line.rstrip("\n")))


@dataclass(frozen=True)
class PlainSsh(Transport):
    """
    SSH to a host that is reached without Google.

    Args:
        to: Host, user, key and known hosts.
    """

    to: Ssh

    def argv(self, command: str) -> list[str]:
        """Return ssh's command line; nothing of the person's own configuration counts."""
        options = (
            *_OPTIONS,
            "StrictHostKeyChecking=yes",
            "IdentitiesOnly=yes",
            f"UserKnownHostsFile={self.to.known_hosts}",
        )
        return [
            "ssh",
            "-F",
            "none",
            "-T",
            *(word for option in options for word in ("-o", option)),
            "-i",
            str(self.to.identity_file),
            "-p",
            str(self.to.port),
            f"{self.to.user}@{self.to.host}",
            command,
        ]


@dataclass(frozen=True)
class Iap(Transport):
    """
    SSH through Identity-Aware Proxy: no public address, and OS Login with a key that lasts minutes.

    Args:
        machine: Name of the instance.
        zone: Of it.
        project: Of it.
        keys: Folder of this process, where gcloud makes the key, and finds the token.
        credentials: Credential file; None takes gcloud's own login.
        token_hosts: That the file may name, beside those of Google and GitHub.
    """

    machine: str
    zone: str
    project: str
    keys: Path
    credentials: Path | None = None
    token_hosts: tuple[str, ...] = ()

    def argv(self, command: str) -> list[str]:
        """
        Return gcloud's command line.

        Source: gcloud 528.0.0, surface/compute/ssh.py: with strict checking a host key must be known, or published by
        the machine itself (metadata `enable-guest-attributes=TRUE`); the expiry counts for OS Login too.
        """
        return [
            "gcloud",
            "compute",
            "ssh",
            self.machine,
            f"--project={self.project}",
            f"--zone={self.zone}",
            "--tunnel-through-iap",
            "--quiet",
            f"--ssh-key-file={self.keys / 'key'}",
            f"--ssh-key-expire-after={_KEY_LASTS}",
            "--strict-host-key-checking=yes",
            *(f"--ssh-flag=-o {option}" for option in _OPTIONS),
            f"--command={command}",
        ]

    def environment(self) -> Mapping[str, str]:
        """
        Return the environment, with a new token by the credential file: each connection may come hours after the last.

        Raises:
            AccessoryError: There is none.
        """
        if self.credentials is None:
            return os.environ
        login, token = log_in(self.credentials, self.token_hosts), self.keys / "token"
        token.touch(mode=0o600)
        token.write_text(login.token)
        quota = {"CLOUDSDK_BILLING_QUOTA_PROJECT": login.quota_project} if login.quota_project else {}
        account = {"CLOUDSDK_AUTH_ACCESS_TOKEN_FILE": str(token), "CLOUDSDK_CORE_ACCOUNT": login.account}
        return os.environ | account | quota
