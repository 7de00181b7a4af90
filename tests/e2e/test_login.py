"""The Google credential file of a call: by GOOGLE_APPLICATION_CREDENTIALS and .env, or by the flag, which wins."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

from ci.scripts.rehearse import keyless
from tests.e2e.checkouts import Checkout, pushed
from tests.support.reports import unwrapped

IMAGE = f"asia-northeast3-docker.pkg.dev/dojangkok-prod/dojangkok-ai/ai-server@sha256:{'0' * 64}"
DEPLOY = ("call", "deploy", "--env", "prod", "--image", IMAGE)
REQUEST_TOKEN = "token-of-a-job"


def credential_file(path: Path, content: Mapping[str, object]) -> str:
    path.write_text(json.dumps(content))
    return str(path)


def reason(ran: "subprocess.CompletedProcess[str]") -> str:
    """Return what the program printed last, without the line breaks of 80 columns."""
    return unwrapped(ran.stderr.rpartition("Stderr:")[2])


def test_variable_names_the_credential_file_and_the_flag_wins(checkout: Checkout, tmp_path: Path) -> None:
    """Each file has a fault of its own, which the login names; for `local` the file is not read."""
    with_key = {"type": "service_account", "client_email": "a@p.iam.gserviceaccount.com", "private_key": "no key"}
    by_variable = credential_file(tmp_path / "by variable.json", with_key)
    by_flag = credential_file(tmp_path / "by flag.json", {"type": "of-the-flag"})
    variable = {"GOOGLE_APPLICATION_CREDENTIALS": by_variable}

    ran = checkout.daggerw(*DEPLOY, **variable)
    assert ran.returncode == 4, ran.stderr
    assert "private_key" in reason(ran)
    ran = checkout.daggerw(*DEPLOY, "--credentials", f"file:{by_flag}", **variable)
    assert ran.returncode == 4, ran.stderr
    assert "type: is not a known kind of credential file" in reason(ran)

    Path(by_variable).unlink()
    ran = checkout.daggerw(*DEPLOY, **variable)
    assert ran.returncode == 4, ran.stderr
    last = reason(ran)
    assert f"--credentials: file '{by_variable}' cannot be read: no such file or directory. Fix: " in last
    assert "GOOGLE_APPLICATION_CREDENTIALS" in last
    ran = checkout.daggerw("call", "status", "--env", "local", **variable)
    assert ran.returncode == 0, ran.stderr


def rehearsal_as_prod(checkout: Checkout) -> None:
    """
    Make `prod` of a checkout the local environment, without the login that the rehearsal brings along.

    The engine resolves `emulator` for containers that are bound to the service, so the binding stays. The command in
    the container gets the credential file of the call, and the emulator takes the request token of this test.
    """
    environments = checkout.path / "environments"
    (environments / "prod.yaml").write_text((environments / "local.yaml").read_text())
    checkout.replace("ci/deploy_runner.py", "built) if options.is_local else None", "built)")
    checkout.replace(
        "ci/scripts/rehearse.py",
        '{**os.environ, "GOOGLE_APPLICATION_CREDENTIALS": str(_CREDENTIALS)}',
        "dict(os.environ)",
    )
    checkout.replace(
        "emulator/api/tokens.py", "field(default_factory=lambda: secrets.token_urlsafe(24))", f'"{REQUEST_TOKEN}"'
    )


def test_whole_keyless_login_by_the_variable(checkout: Checkout, another_checkout: Checkout, tmp_path: Path) -> None:
    """The job's token, the exchange, the impersonation, the rollout; a wrong token in the same file ends with 4."""
    published = another_checkout.daggerw("call", "publish")
    assert published.returncode == 0, published.stderr
    image = pushed(published.stdout)
    rehearsal_as_prod(checkout)
    path = tmp_path / "gha-creds-0.json"
    variable = {"GOOGLE_APPLICATION_CREDENTIALS": credential_file(path, keyless("http://emulator:8080", "wrong"))}
    deploy = ("call", "deploy", "--env", "prod", "--image", image, "--format", "json")
    refused = checkout.daggerw(*deploy, **variable)
    assert refused.returncode == 4, refused.stderr

    credential_file(path, keyless("http://emulator:8080", REQUEST_TOKEN))
    ran = checkout.daggerw(*deploy, **variable)
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["target"]["reference"] == image
    assert "--credentials" not in ran.stdout
