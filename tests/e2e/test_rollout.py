"""Releases on the local environment, as a person runs them: successful, crashing, killed, and two at once."""

import json
import os
import re
import signal
from pathlib import Path

import pytest

from tests.e2e.checkouts import Checkout, answers, pushed
from tests.support.emulator import Emulator
from tests.support.gcloud import gcloud_at
from tests.support.loopback import free_port
from tests.support.readme_steps import readme_steps
from tests.support.reports import unwrapped
from tests.support.transcripts import comparable
from tests.support.waiting import wait_until


@pytest.fixture
def fresh(checkout: Checkout) -> None:
    """Reset the local environment: the group serves its first release."""
    reset = checkout.daggerw("call", "reset-local")
    assert reset.returncode == 0, reset.stderr


@pytest.fixture
def short_bakes(checkout: Checkout) -> None:
    """Let rollouts bake for a second, where the bake is not what is tested."""
    checkout.replace("environments/local.yaml", "bake_s: 8,", "bake_s: 1,")


def call(checkout: Checkout, *args: str) -> str:
    """Make a call that must succeed, and return its stdout."""
    ran = checkout.daggerw("call", *args)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def status(checkout: Checkout) -> dict[str, object]:
    return dict(json.loads(call(checkout, "status", "--format", "json")))


def change_the_image(checkout: Checkout, text: str) -> None:
    """Change the digest of the image without a change of the app, so that its tests do not run again."""
    with (checkout.path / "Dockerfile").open("a") as file:
        file.write(f'LABEL release="{text}"\n')


def kill_the_server_once_it_was_ready(checkout: Checkout) -> None:
    """Let the server of the image end 8 s after it is ready: after the smoke, and during the bake."""
    is_ready = "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/readyz')"
    killer = f'until python -c "{is_ready}" 2>/dev/null; do sleep 1; done; sleep 8; kill -KILL $$'
    command = json.dumps(["sh", "-c", f"({killer}) & exec python -m app"])
    checkout.replace("Dockerfile", 'CMD ["python", "-m", "app"]', f"CMD {command}")


def readme_summary() -> str:
    """Return the block of README.md that shows what a first release prints."""
    blocks = re.findall(
        r"<!-- tests/e2e/test_rollout.py .* -->\n```\n(.*?)```", Path("README.md").read_text(), re.DOTALL
    )
    assert len(blocks) == 1
    return str(blocks[0])


@pytest.mark.usefixtures("fresh", "short_bakes")
def test_two_releases_and_a_rollback(checkout: Checkout, tmp_path: Path) -> None:
    """Two releases are rolled out one after the other, and a rollback serves the first again."""
    summary = call(checkout, "pipeline")
    assert comparable(summary) == comparable(readme_summary())
    first = pushed(summary)
    change_the_image(checkout, "second")
    shown = call(checkout, "pipeline", "--commit", "bbbbbbb")
    second = pushed(shown)
    assert re.search(r"^deploy +\d+\.\d s", shown, re.MULTILINE)
    assert first != second
    assert gcloud_sees(checkout, tmp_path) == (second, ["HEALTHY"] * 3)
    planned = unwrapped(call(checkout, "plan", "--image", first))
    assert re.search(r"bill of materials sha256:[0-9a-f]{64}$", planned, re.MULTILINE)

    call(checkout, "reset-local", "--group", "other")
    rows = json.loads(call(checkout, "history", "--format", "json"))
    assert [row["digest"] for row in rows][:2] == [second.partition("@")[2], first.partition("@")[2]]
    call(checkout, "rollback")
    assert status(checkout)["image"] == first


def gcloud_sees(checkout: Checkout, tmp_path: Path) -> tuple[str, list[str]]:
    """Return the release of the group's template and the health of its instances, read with Google's own client."""
    port = free_port()
    up = checkout.start_daggerw("--silent", "call", "emulator", "up", "--ports", f"{port}:8080")
    emulator = Emulator(f"http://127.0.0.1:{port}")
    try:
        wait_until(lambda: answers(f"{emulator.address}/emulator/clock"), 120)
        gcloud = gcloud_at(emulator.address, tmp_path)
        group = gcloud.json("instance-groups managed describe dojangkok-dev-ai-server-mig")
        assert group["targetSize"] == 3
        assert group["status"]["isStable"]
        assert group["status"]["versionTarget"]["isReached"]
        [version] = group["versions"]
        template = gcloud.json(f"instance-templates describe {version['instanceTemplate'].rpartition('/')[2]}")
        rows = gcloud.json("instance-groups managed list-instances dojangkok-dev-ai-server-mig")
    finally:
        os.killpg(up.pid, signal.SIGINT)
        up.communicate(timeout=60)
    script = next(
        item["value"] for item in template["properties"]["metadata"]["items"] if item["key"] == "startup-script"
    )
    healths = [health["detailedHealthState"] for row in rows for health in row["instanceHealth"]]
    return re.findall(r"registry:5000/dojangkok-ai/ai-server@sha256:[0-9a-f]{64}", script)[0], healths


@pytest.mark.usefixtures("fresh")
def test_an_app_that_dies_after_smoke_is_rolled_back(checkout: Checkout) -> None:
    """A release that crashes during its bake is rolled back, and an image that the registry lacks is refused."""
    first = pushed(call(checkout, "pipeline"))
    kill_the_server_once_it_was_ready(checkout)
    checkout.replace("environments/local.yaml", "timeout_s: 120", "timeout_s: 25")
    failed = checkout.daggerw("call", "pipeline", "--commit", "ccccccc")
    assert failed.returncode == 7, failed.stderr
    assert failed.stdout == ""
    assert "rolled back" in failed.stderr
    assert status(checkout)["image"] == first
    report = call(checkout, "report", "--format", "markdown")
    assert "ccccccc" in report
    assert "gantt" in report

    [broken] = set(re.findall(r"registry:5000/dojangkok-ai/ai-server@sha256:[0-9a-f]{64}", failed.stderr)) - {first}
    absent = checkout.daggerw("call", "deploy", "--image", broken[:-8] + "00000000")
    assert absent.returncode == 3
    assert "push it first" in unwrapped(absent.stderr)


@pytest.mark.usefixtures("fresh")
def test_canary_is_promoted_by_the_next_call(checkout: Checkout) -> None:
    """A release with the steps of README.md pauses at its canary; the next calls show it, and go on to the end."""
    checkout.replace("environments/local.yaml", "bake_s: 8,", f"bake_s: 2, steps: {readme_steps(bake_s=2)},")
    shown = call(checkout, "pipeline")
    assert "\n◐ dojangkok-dev-ai-server-mig: paused at step 1 of 3 · " in shown
    assert re.search(r"^ +promote +\./daggerw call promote --env local --step 1 --to [0-9a-f]{7}$", shown, re.MULTILINE)
    canary = json.loads(call(checkout, "status", "--format", "json"))["canary"]
    assert (canary["image"], canary["share"]) == (pushed(shown), "1 of 3 instances")
    promoted = call(checkout, "promote", "--step", "1")
    assert re.match(r"✓ ai-server [0-9a-f]{7} serves dojangkok-dev-ai-server-mig · 3/3 · ", promoted), promoted
    assert status(checkout)["image"] == pushed(shown)


@pytest.mark.usefixtures("fresh", "short_bakes")
def test_a_call_that_is_killed_is_taken_up_by_the_next(checkout: Checkout) -> None:
    """After Dagger has killed the process without a signal, the next call continues the rollout from the group."""
    cut = checkout.start_daggerw("call", "pipeline", "--commit", "ddddddd")
    assert cut.stderr is not None
    for line in cut.stderr:
        if re.search(r"[0-3]/3 on ", line):
            break
    os.killpg(cut.pid, signal.SIGINT)
    cut.communicate(timeout=120)
    assert cut.returncode != 0
    assert call(checkout, "reconcile")
    assert status(checkout)["commit"] == "ddddddd"


@pytest.mark.usefixtures("fresh", "short_bakes")
def test_second_release_waits_for_the_first(checkout: Checkout, another_checkout: Checkout) -> None:
    """Of two releases at once the second waits until the first has ended."""
    change_the_image(another_checkout, "other")
    commits = {"1111111": checkout, "2222222": another_checkout}
    running = [
        checkout_of_commit.start_daggerw("call", "pipeline", "--commit", commit)
        for commit, checkout_of_commit in commits.items()
    ]
    ended = [(process.communicate(timeout=900), process.returncode) for process in running]
    assert [code for _, code in ended] == [0, 0], ended
    rows = json.loads(call(checkout, "history", "--format", "json"))
    assert {row["commit"] for row in rows} == set(commits)


def test_a_real_environment_asks_for_credentials_before_any_work(checkout: Checkout) -> None:
    """Without a credential file each verb with `--env prod` ends with exit code 4."""
    for verb in (("deploy",), ("pipeline",), ("publish",), ("rollback",), ("status",), ("accessory", "--name", "vllm")):
        ran = checkout.daggerw("call", *verb, "--env", "prod")
        assert ran.returncode == 4, ran.stderr
        assert "--credentials: 'prod' needs a Google credential file" in ran.stderr


def test_wrong_arguments_are_refused(checkout: Checkout) -> None:
    """An unknown environment, VM, group or release is refused with exit code 3."""
    unknown = checkout.daggerw("call", "status", "--env", "staging")
    assert unknown.returncode == 3
    assert "got 'staging', and there is no environments/staging.yaml. Fix: one of dev, local, prod" in unknown.stderr
    nowhere = checkout.daggerw("call", "accessory", "--name", "vllm", "--env", "local")
    assert nowhere.returncode == 3
    assert "--env: got 'local', which has no such VM. Fix: dev or prod" in nowhere.stderr
    absent = checkout.daggerw("call", "status", "--group", "other")
    assert absent.returncode == 3
    assert "group 'other': not found in zone asia-northeast3-a of project dojangkok-dev." in unwrapped(absent.stderr)
    nonsense = checkout.daggerw("call", "rollback", "--to", "nothing")
    assert nonsense.returncode == 3
    assert "is no release of this group" in unwrapped(nonsense.stderr)


def test_command_line_that_dagger_does_not_accept_ends_with_1_and_says_why(checkout: Checkout) -> None:
    """README.md explains this code: the CLI itself ends before any code of this repository runs."""
    for arguments, text in (
        (("nosuch",), 'unknown command "nosuch"'),
        (("status", "--nosuch"), "unknown flag: --nosuch"),
        (("status", "--credentials", ""), "resource cannot have empty address"),
    ):
        ran = checkout.daggerw("call", *arguments)
        assert (ran.returncode, ran.stdout) == (1, "")
        assert text in ran.stderr


def test_secret_that_cannot_be_read_is_named_before_any_work(checkout: Checkout) -> None:
    """A secret whose file is absent is named before any check runs."""
    verbs = (("status", "--env", "dev"), ("publish", "--env", "dev"), ("accessory", "--name", "vllm", "--env", "dev"))
    for verb in verbs:
        ran = checkout.daggerw("call", *verb, "--credentials", "file:/nope.json")
        assert ran.returncode == 4, ran.stderr
        assert "--credentials: file '/nope.json' cannot be read: no such file or directory. Fix: " in ran.stderr
        assert "Installed" not in ran.stderr.rpartition("Stderr:")[2]
