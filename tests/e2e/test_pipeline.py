"""The way of a release, as a person types it: good, and broken in every place."""

import json
import re
import subprocess
import urllib.request
import uuid
from typing import Any

from tests.e2e.checkouts import Checkout, embedded_registry, pushed

IMAGE = "dojangkok-ai/ai-server"


def skopeo(*args: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(["skopeo", *args], capture_output=True, text=True, check=False)


def a_commit() -> str:
    return uuid.uuid4().hex


def tags_in(address: str) -> list[str]:
    listed = skopeo("list-tags", "--tls-verify=false", f"docker://{address}/{IMAGE}")
    return list(json.loads(listed.stdout)["Tags"]) if listed.returncode == 0 else []


def bill_of_materials(address: str, digest: str) -> dict[str, Any]:
    """What lies beside an image: an artifact of one layer."""
    raw = skopeo(
        "inspect", "--raw", "--tls-verify=false", f"docker://{address}/{IMAGE}:{digest.replace(':', '-')}.sbom"
    )
    manifest = json.loads(raw.stdout)
    assert manifest["subject"]["digest"] == digest
    with urllib.request.urlopen(f"http://{address}/v2/{IMAGE}/blobs/{manifest['layers'][0]['digest']}") as blob:
        return dict(json.load(blob))


def plant_wrong_type(checkout: Checkout, file: str) -> None:
    """A failure that mypy reports and that changes nothing at run time."""
    with (checkout.path / file).open("a") as module:
        module.write('\nWRONG: int = "text"\n')


def stages(stdout: str) -> list[tuple[str, str]]:
    """Names of the stages in a summary, with what their programs counted."""
    return re.findall(r"^(\w+) +[\d.]+ (?:s|MB) *(app .*)?", stdout.partition("\n\n")[0], re.MULTILINE)


def test_good_run_ends_with_what_the_registry_serves(checkout: Checkout) -> None:
    commit = a_commit()
    ran = checkout.daggerw("call", "pipeline", "--commit", commit)
    assert ran.returncode == 0, ran.stderr
    name, digest = pushed(ran.stdout).split("@")
    assert name == f"registry:5000/{IMAGE}"
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", digest)
    for stage in ("lint", "types", "test", "build", "smoke", "publish", "deploy", "image"):
        assert re.search(rf"^{stage} +\d+\.\d ", ran.stdout, re.MULTILINE)
    with embedded_registry(checkout) as address:
        assert {commit[:7], "latest"} <= set(tags_in(address))
        for tag in (commit[:7], "latest"):
            inspected = skopeo("inspect", "--tls-verify=false", f"docker://{address}/{IMAGE}:{tag}")
            assert json.loads(inspected.stdout)["Digest"] == digest
        bill = bill_of_materials(address, digest)
        config = json.loads(
            skopeo("inspect", "--config", "--tls-verify=false", f"docker://{address}/{IMAGE}@{digest}").stdout
        )
    assert bill["metadata"]["component"]["version"] == digest
    assert {one["purl"].partition("@")[0] for one in bill["components"]} >= {
        "pkg:generic/cpython",
        "pkg:pypi/fastapi",
        "pkg:deb/debian/libc6",
    }
    assert (config["os"], config["architecture"]) == ("linux", "amd64")
    assert config["config"]["User"] == "appuser"
    assert config["config"]["Cmd"] == ["python", "-m", "app"]
    assert commit[:7] not in json.dumps(config)


def test_second_run_gives_the_same_digest_and_a_dev_tag(checkout: Checkout, another_checkout: Checkout) -> None:
    first = checkout.daggerw("call", "publish")
    second = another_checkout.daggerw("call", "publish")
    assert first.returncode == second.returncode == 0, first.stderr + second.stderr
    assert first.stdout == second.stdout
    with embedded_registry(checkout) as address:
        assert f"dev-{first.stdout.split('sha256:')[1][:12]}" in tags_in(address)


def test_two_pipelines_at_once(checkout: Checkout, another_checkout: Checkout) -> None:
    commits = [a_commit(), a_commit()]
    running = [
        one.start_daggerw("call", verb, "--commit", commit)
        for one, verb, commit in zip((checkout, another_checkout), ("pipeline", "release"), commits, strict=True)
    ]
    ended = [(process.communicate(timeout=900), process.returncode) for process in running]
    assert [code for _, code in ended] == [0, 0], ended
    assert len({pushed(stdout) for (stdout, _), _ in ended}) == 1
    of_pipeline, of_release = (stages(stdout) for (stdout, _), _ in ended)
    assert of_pipeline == of_release
    assert [name for name, _ in of_release][-2:] == ["deploy", "image"]
    with embedded_registry(checkout) as address:
        assert {commit[:7] for commit in commits} <= set(tags_in(address))


def test_broken_route_stops_at_the_gates(checkout: Checkout) -> None:
    commit = a_commit()
    checkout.replace("app/health.py", '@router.get("/readyz"', '@router.get("/reedyz"')
    plant_wrong_type(checkout, "app/health.py")
    ran = checkout.daggerw("call", "pipeline", "--commit", commit)
    assert ran.returncode == 6
    assert "nothing was pushed; failed: types, test, smoke" in ran.stderr
    assert "test_ready_only_between_start_and_close" in ran.stderr
    assert "was not ready within 20 s" in ran.stderr
    assert ran.stdout == ""
    with embedded_registry(checkout) as address:
        assert commit[:7] not in tags_in(address)
    told = checkout.daggerw("call", "report")
    assert told.returncode == 0, told.stderr
    assert "rebuilt from the group and its templates; the run itself left no outcome" in told.stdout
    checked = checkout.daggerw("check", "types")
    assert checked.returncode == 6
    assert "types of app: failed with code 1" in checked.stderr


def test_failure_in_a_tool_fails_its_check_and_no_release(checkout: Checkout) -> None:
    plant_wrong_type(checkout, "deploy/serial.py")
    checked = checkout.daggerw("check", "types")
    assert checked.returncode == 6
    assert "types of deploy: failed with code 1" in checked.stderr
    assert re.search(r"types: failed: deploy; passed: accessory \d+ files, app \d+ files, ci ", checked.stderr)
    released = checkout.daggerw("call", "release")
    assert released.returncode == 0, released.stderr
    assert re.search(r"^types +\d+\.\d s  app \d+ files$", released.stdout, re.MULTILINE)
    assert re.search(r"^test +\d+\.\d s  app \d+ passed$", released.stdout, re.MULTILINE)


def test_app_that_dies_at_start_is_caught_by_smoke(checkout: Checkout) -> None:
    checkout.replace(
        "app/__main__.py", "    configure_logs(", "    raise RuntimeError('no way to start')\n    configure_logs("
    )
    ran = checkout.daggerw("call", "smoke")
    assert ran.returncode == 6
    assert "the server ended with code 1 instead of becoming ready" in ran.stderr
    assert "  RuntimeError: no way to start" in ran.stderr


def test_image_that_does_not_build_is_a_failed_gate(checkout: Checkout) -> None:
    checkout.replace("Dockerfile", "RUN python -m compileall", "RUN false && python -m compileall")
    ran = checkout.daggerw("call", "build")
    assert ran.returncode == 6
    assert "build: " in ran.stderr
    assert "did not complete successfully" in ran.stderr


def test_failing_unit_test_is_shown(checkout: Checkout) -> None:
    (checkout.path / "tests/unit/app/test_broken.py").write_text(
        "def test_two_is_three() -> None:\n    assert 2 == 3\n"
    )
    ran = checkout.daggerw("check", "test")
    assert ran.returncode == 6
    assert "FAILED tests/unit/app/test_broken.py::test_two_is_three - assert 2 == 3" in ran.stderr


def test_advisory_reports_and_pushes(checkout: Checkout) -> None:
    (checkout.path / "app/unused.py").write_text('"""A module with a fault."""\n\nimport os\n')
    stopped = checkout.daggerw("call", "pipeline")
    assert stopped.returncode == 6
    assert "F401" in stopped.stderr
    advisory = checkout.daggerw("call", "pipeline", "--advisory")
    assert advisory.returncode == 0, advisory.stderr
    assert "F401" in advisory.stdout
    assert re.search(r"^lint +\d+\.\d s  FAILED, advisory$", advisory.stdout, re.MULTILINE)


def test_wrong_arguments_are_refused(checkout: Checkout) -> None:
    ran = checkout.daggerw("call", "publish", "--commit", "HEAD")
    assert ran.returncode == 3
    assert "--commit: got 'HEAD'. Fix: 7 to 40 lower-case hexadecimal digits" in ran.stderr


def test_image_on_stand_ins_is_refused_outside(checkout: Checkout) -> None:
    repository = "asia-northeast3-docker.pkg.dev/no-project/dojangkok-ai/ai-server"
    ran = checkout.daggerw("call", "publish", "--repository", repository)
    assert ran.returncode == 3
    assert "the image is built on a stand-in of docker.io/library/python:3.10-slim" in ran.stderr


def test_help_names_every_argument(checkout: Checkout) -> None:
    said = checkout.daggerw("call", "pipeline", "--help").stdout
    for flag in (
        "--commit",
        "--repository",
        "--registry-token",
        "--no-latest",
        "--allow-stand-in",
        "--advisory",
        "--all-checks",
    ):
        assert flag in said
    said = checkout.daggerw("call", "rollback", "--help").stdout
    for flag in (
        "--to",
        "--force",
        "--timeout",
        "--env",
        "--credentials",
        "--project",
        "--zone",
        "--group",
        "--format",
    ):
        assert flag in said
