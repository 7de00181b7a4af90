"""Logins that a push may send: `python -m deploy.authfile`, as scripts/skopeo.py runs it."""

import base64
import contextlib
import io
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy.authfile import main
from tests.integration.deploy.test_credentials import keyless, write

GOOGLE = "oauth2accesstoken:ya29.typed"
ALICE = "alice:a-password"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with an environment, a token and logins."""
    (tmp_path / "environments").mkdir()
    text = "project: p\nzone: z\ngroup: g\nrepository: h.example/a/b\ngoogle_registries: [listed.example]\n"
    (tmp_path / "environments/x.yaml").write_text(text)
    (tmp_path / "token").write_text("ya29.typed\n")
    auth = base64.b64encode(ALICE.encode()).decode()
    auths = {name: {"auth": auth} for name in ("h.example", "asia-docker.pkg.dev/mine", "https://index.docker.io/v1/")}
    (tmp_path / "logins").write_text(json.dumps({"auths": auths}))
    return tmp_path


@dataclass(frozen=True)
class Done:
    """The outcome of a call of the program."""

    returncode: int
    stdout: str
    stderr: str


def authfile(folder: Path, repository: str, *options: str) -> Done:
    stdout, stderr = io.StringIO(), io.StringIO()
    with contextlib.chdir(folder), contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
        code = main(["--env", "x", "--repository", repository, *options])
    return Done(code, stdout.getvalue(), stderr.getvalue())


def decoded(printed: str) -> dict[str, str]:
    return {host: base64.b64decode(entry["auth"]).decode() for host, entry in json.loads(printed)["auths"].items()}


TOKEN = ("--registry-token", "token")
LOGINS = ("--registry-credentials", "logins")


@pytest.mark.parametrize(
    ("repository", "options", "auths"),
    [
        ("asia-docker.pkg.dev/p/r/a", TOKEN, {"asia-docker.pkg.dev": GOOGLE}),
        ("gcr.io/p/a", TOKEN, {"gcr.io": GOOGLE}),
        ("listed.example/a", TOKEN, {"listed.example": GOOGLE}),
        ("asia-docker.pkg.dev/mine/a", TOKEN + LOGINS, {"asia-docker.pkg.dev": ALICE}),
        ("asia-docker.pkg.dev/p/r/a", TOKEN + LOGINS, {"asia-docker.pkg.dev": GOOGLE}),
        ("h.example/a/b", LOGINS, {"h.example": ALICE}),
        ("h.example/a/b", TOKEN + LOGINS, {"h.example": ALICE}),
        ("docker.io/a/b", LOGINS, {"docker.io": ALICE}),
        ("other.example/a/b", LOGINS, {}),
        ("h.example:5000/a/b", LOGINS, {}),
        ("other.example/a/b", ("--credentials", "absent"), {}),
    ],
)
def test_authfile_has_only_the_login_of_its_registry(
    repository: str, options: tuple[str, ...], auths: dict[str, str], folder: Path
) -> None:
    """The authfile contains only the login that the registry of the repository may receive."""
    done = authfile(folder, repository, *options)
    assert (done.returncode, done.stderr, decoded(done.stdout)) == (0, "", auths)


@pytest.mark.parametrize("host", ["ghcr.io", "evil-pkg.dev", "a.pkg.dev.evil.example", "a.pkg.dev:8443"])
def test_a_token_for_a_registry_that_does_not_take_it_is_refused(host: str, folder: Path) -> None:
    """A Google access token is refused if the registry of the repository does not accept Google tokens."""
    done = authfile(folder, f"{host}/a/b", *TOKEN)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == (
        f"--registry-token: is a Google access token, which '{host}' does not accept."
        f" Fix: pass --registry-credentials FILE with a login of '{host}'.\n"
    )


@pytest.mark.parametrize(
    ("options", "code", "text"),
    [
        (("--registry-token", "absent"), 4, "--registry-token: is not an access token. Fix: "),
        (("--registry-token", "logins"), 4, "--registry-token: is not an access token. Fix: "),
        (("--registry-credentials", "absent"), 4, "registry credentials: absent: No such file or directory. Fix: "),
        (("--registry-credentials", "token"), 4, "registry credentials: token: is not JSON. Fix: "),
    ],
)
def test_unusable_file_is_named_and_its_content_is_not_printed(
    options: tuple[str, ...], code: int, text: str, folder: Path
) -> None:
    """An unusable file of an option is named in the error, and its content is not printed."""
    done = authfile(folder, "asia-docker.pkg.dev/p/r/a", *options)
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.startswith(text)
    assert "ya29" not in done.stderr


def test_module_runs_as_a_program(folder: Path) -> None:
    """`python -m deploy.authfile` prints the authfile when a push starts the module as a program."""
    command = [sys.executable, "-m", "deploy.authfile", "--env", "x", "--repository", "gcr.io/p/a", *TOKEN]
    environment = {**os.environ, "PYTHONPATH": str(Path.cwd())}
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=folder, env=environment)
    assert decoded(done.stdout) == {"gcr.io": GOOGLE}


def test_a_short_name_is_refused_before_anything_is_pushed(folder: Path) -> None:
    """A repository without a registry host is refused, and the error has the full name."""
    done = authfile(folder, "team/app", *LOGINS)
    assert (done.returncode, done.stdout) == (3, "")
    assert "names no registry; its full form is 'docker.io/team/app'" in done.stderr


def test_credentials_become_a_token_where_the_registry_takes_it_and_nowhere_else(served: str, folder: Path) -> None:
    """A credential file produces an access token for Google's registry and no login for another registry."""
    file = write(folder / "file.json", keyless(served))
    environment = folder / "environments/x.yaml"
    environment.write_text(environment.read_text() + f"token_hosts: ['{served.removeprefix('http://')}']\n")
    minted = authfile(folder, "asia-docker.pkg.dev/p/r/a", "--credentials", str(file))
    assert decoded(minted.stdout)["asia-docker.pkg.dev"].startswith("oauth2accesstoken:ya29.")
    assert decoded(authfile(folder, "ghcr.io/p/r/a", "--credentials", str(file)).stdout) == {}
