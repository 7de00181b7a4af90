"""Command lines of both transports, and the output of a script."""

import os
from pathlib import Path

import pytest

from accessory import transport
from accessory.config import Ssh
from accessory.errors import NotAllowedError
from accessory.login import Login
from accessory.transport import Iap, PlainSsh, Transport

PLAIN = PlainSsh(Ssh(host="10.0.0.2", user="me", identity_file=Path("/k/id"), known_hosts=Path("/k/known")))


class Local(Transport):
    """A transport to this computer."""

    def argv(self, command: str) -> list[str]:
        return ["sh", "-c", command]


def test_plain_ssh_ignores_the_configuration_and_refuses_unknown_hosts() -> None:
    """The command line has a fixed key, known hosts and no configuration."""
    assert PLAIN.argv("echo 'a b'") == [
        "ssh", "-F", "none", "-T",
        "-o", "BatchMode=yes",
        "-o", "ConnectTimeout=20",
        "-o", "ServerAliveInterval=10",
        "-o", "ServerAliveCountMax=3",
        "-o", "StrictHostKeyChecking=yes",
        "-o", "IdentitiesOnly=yes",
        "-o", "UserKnownHostsFile=/k/known",
        "-i", "/k/id",
        "-p", "22",
        "me@10.0.0.2",
        "echo 'a b'",
    ]  # fmt: skip


def test_iap_uses_a_short_lived_key_and_refuses_unknown_hosts() -> None:
    """The command line of gcloud has an expiring key and strict host key checking."""
    iap = Iap("dojangkok-dev-vllm", "asia-northeast3-a", "dojangkok-dev", Path("/tmp/k"))
    assert iap.argv("echo 'a b'") == [
        "gcloud", "compute", "ssh", "dojangkok-dev-vllm",
        "--project=dojangkok-dev",
        "--zone=asia-northeast3-a",
        "--tunnel-through-iap",
        "--quiet",
        "--ssh-key-file=/tmp/k/key",
        "--ssh-key-expire-after=5m",
        "--strict-host-key-checking=yes",
        "--ssh-flag=-o BatchMode=yes",
        "--ssh-flag=-o ConnectTimeout=20",
        "--ssh-flag=-o ServerAliveInterval=10",
        "--ssh-flag=-o ServerAliveCountMax=3",
        "--command=echo 'a b'",
    ]  # fmt: skip
    assert iap.environment() == os.environ


def test_each_connection_gets_a_new_token_in_a_file_of_this_process(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The token is in a private file and not on the command line."""
    tokens = iter(("first", "second"))
    monkeypatch.setattr(transport, "log_in", lambda *given: Login(f"me of {given}", next(tokens), "billing"))
    iap = Iap("m", "z", "p", tmp_path, credentials=Path("/c.json"), token_hosts=("h",))
    for token in ("first", "second"):
        variables = iap.environment()
        assert variables["CLOUDSDK_CORE_ACCOUNT"] == f"me of {(Path('/c.json'), ('h',))}"
        assert variables["CLOUDSDK_BILLING_QUOTA_PROJECT"] == "billing"
        file = Path(variables["CLOUDSDK_AUTH_ACCESS_TOKEN_FILE"])
        assert (file.parent, file.stat().st_mode & 0o777, file.read_text()) == (tmp_path, 0o600, token)
        assert token not in " ".join(iap.argv("true"))


def test_script_gets_arguments_and_stdin() -> None:
    """An incomplete last line of stdout is dropped."""
    lines: list[str] = []
    code = Local().run('echo "$1"; cat; printf half; exit 7', ["it's one"], b"from\nstdin\n", lines.append)
    assert (code, lines) == (7, ["it's one", "from", "stdin"])


def test_script_may_ignore_stdin() -> None:
    """A script that does not read its stdin keeps its exit code."""
    assert Local().run("exit 3", [], b"x" * 1_000_000, print) == 3


@pytest.mark.parametrize(
    "stderr",
    [
        (
            "ERROR: Compute Engine API has not been used in project 7 before or it is disabled. Enable it by visiting"
            " https://console.developers.google.com/apis/api/compute.googleapis.com/overview?project=7 then retry."
        ),
        "API [compute.googleapis.com] not enabled on\nproject [7]. Would you like to enable and retry?\nERROR: no.",
    ],
)
def test_disabled_api_is_reported_with_the_command_that_enables_it(stderr: str) -> None:
    """What gcloud prints about a disabled API becomes the fix of the error, also if gcloud wraps the line."""
    with pytest.raises(NotAllowedError) as error:
        Local().run(f"echo '{stderr}' >&2; exit 1", [], b"", print)
    assert str(error.value) == (
        "sh failed, because the project has not enabled an API. Fix: run 'gcloud services enable compute.googleapis.com"
        " --project 7', and try again in a few minutes."
    )


def test_login_without_a_quota_project_is_reported_as_that() -> None:
    """The error names the login and not the project, whose APIs are enabled."""
    text = "API [compute.googleapis.com] not enabled on project [764086051850]."
    with pytest.raises(NotAllowedError, match=r"^sh failed, because the login has no quota project\. Fix: run 'gcloud"):
        Local().run(f"echo '{text}' >&2; exit 1", [], b"", print)


def test_text_about_a_disabled_api_changes_no_success() -> None:
    """A command that succeeds is not refused for what it printed."""
    assert Local().run("echo 'API [a.googleapis.com] not enabled on project [7]' >&2", [], b"", print) == 0


def test_missing_program_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without ssh on PATH the error has its name and a fix."""
    monkeypatch.setattr(os, "environ", {"PATH": "/nowhere"})
    with pytest.raises(NotAllowedError, match=r"ssh: not found\. Fix: install ssh\."):
        PLAIN.run("true", [], b"", print)
