"""Releases as a person runs them: successful, and with a fault in each stage."""

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
    """Plant a failure that mypy alone reports, and that changes nothing at run time."""
    with (checkout.path / file).open("a") as module:
        module.write('\n\nWRONG: int = "text"\n')  # as ruff formats it


def stages(stdout: str) -> list[tuple[str, str]]:
    """Names of the stages in a summary, with what their programs counted."""
    return re.findall(r"^(\w+) +[\d.]+ (?:s|MB) *(app .*)?", stdout.partition("\n\n")[0], re.MULTILINE)


def served(stdout: str) -> tuple[str, str]:
    """
    Release and group in the heading of a report, after its other lines are checked.

    A run that changed the group has what was before and how to undo it; one that had nothing to do has neither.
    """
    report = stdout.partition("\n\n")[2]
    heading = re.match(r"✓ (nothing to do: )?(\S.*?) serves ([\w-]+)", " ".join(report.split()))
    assert heading, report
    names = set(re.findall(r"^  (\w+) {2,}\S", report, re.MULTILINE))
    assert names & {"before", "undo"} == (set() if heading[1] else {"before", "undo"}), report
    return heading[2], heading[3]


def test_two_good_runs_at_once_end_with_what_the_registry_serves(
    checkout: Checkout, another_checkout: Checkout
) -> None:
    """Two checkouts of the same files give one digest and report; without a commit the digest becomes a tag."""
    commit = a_commit()
    running = [
        checkout.start_daggerw("call", "pipeline", "--commit", commit),
        another_checkout.start_daggerw("call", "release"),
    ]
    ended = [(process.communicate(timeout=900), process.returncode) for process in running]
    assert [code for _, code in ended] == [0, 0], ended
    with_commit, without = (stdout for (stdout, _), _ in ended)
    assert pushed(with_commit) == pushed(without)
    assert stages(with_commit) == stages(without)
    assert served(with_commit) == served(without)
    name, digest = pushed(with_commit).split("@")
    assert name == f"registry:5000/{IMAGE}"
    for stage in ("lint", "types", "test", "build", "smoke", "publish", "deploy", "image"):
        assert re.search(rf"^{stage} +\d+\.\d ", with_commit, re.MULTILINE)
    tags = (commit[:7], "latest", f"dev-{digest.removeprefix('sha256:')[:12]}")
    with embedded_registry(checkout) as address:
        assert set(tags) <= set(tags_in(address))
        for tag in tags:
            inspected = skopeo("inspect", "--tls-verify=false", f"docker://{address}/{IMAGE}:{tag}")
            assert json.loads(inspected.stdout)["Digest"] == digest
        bill = bill_of_materials(address, digest)
        config = json.loads(
            skopeo("inspect", "--config", "--tls-verify=false", f"docker://{address}/{IMAGE}@{digest}").stdout
        )
    assert bill["metadata"]["component"]["version"] == digest
    assert {component["purl"].partition("@")[0] for component in bill["components"]} >= {
        "pkg:generic/cpython",
        "pkg:pypi/fastapi",
        "pkg:deb/debian/libc6",
    }
    assert (config["os"], config["architecture"]) == ("linux", "amd64")
    assert config["config"]["User"] == "appuser"
    assert config["config"]["Cmd"] == ["python", "-m", "app"]
    assert commit[:7] not in json.dumps(config)


def keep_one_test(checkout: Checkout) -> None:
    """Delete the tests of app but for a fast one, with the paths that stay in the tables."""
    tests = checkout.path / "tests/unit/app"
    for path in tests.rglob("test_*.py"):
        if path.name != "test_health.py":
            path.unlink()


def test_failure_of_each_gate_is_shown_and_nothing_is_pushed(checkout: Checkout) -> None:
    """
    A fault for lint, types, the tests of app and smoke each; those of types and tests fail `check` too.

    One test of app is left beside the planted one: how long the others take is no part of a gate.
    """
    commit = a_commit()
    keep_one_test(checkout)
    (checkout.path / "app/unused.py").write_text('"""A module with faults."""\n\nimport os\n\nPORT: int = "8000"\n')
    (checkout.path / "tests/unit/app/test_broken.py").write_text(
        "def test_two_is_three() -> None:\n    assert 2 == 3\n"
    )
    dies_at_start = 'CMD ["python", "-c", "raise RuntimeError(\'no way to start\')"]'
    checkout.replace("Dockerfile", 'CMD ["python", "-m", "app"]', dies_at_start)
    ran = checkout.daggerw("call", "pipeline", "--commit", commit)
    assert (ran.returncode, ran.stdout) == (6, ""), ran.stderr
    assert "nothing was pushed; failed: lint, types, test, smoke" in ran.stderr
    assert "F401" in ran.stderr
    assert "app/unused.py:5: error: Incompatible types in assignment" in ran.stderr
    assert "FAILED tests/unit/app/test_broken.py::test_two_is_three - assert 2 == 3" in ran.stderr
    assert "the server ended with code 1 instead of becoming ready" in ran.stderr
    assert "  RuntimeError: no way to start" in ran.stderr
    with embedded_registry(checkout) as address:
        assert commit[:7] not in tags_in(address)
    report = checkout.daggerw("call", "report")
    assert report.returncode == 0, report.stderr
    assert report.stdout.startswith("? dojangkok-dev-ai-server-mig: the run left no result\n")
    assert "✓" not in report.stdout
    checked = checkout.daggerw("check", "test", "types")
    assert checked.returncode == 6
    assert "types of app: failed with code 1" in checked.stderr
    assert "FAILED tests/unit/app/test_broken.py::test_two_is_three - assert 2 == 3" in checked.stderr


def test_failure_in_a_tool_fails_its_check_and_no_release(checkout: Checkout) -> None:
    """A fault in a tool fails `check`, and a release does not run that check."""
    plant_wrong_type(checkout, "deploy/group/serial_output.py")
    checked = checkout.daggerw("check", "types")
    assert checked.returncode == 6
    assert "types of deploy: failed with code 1" in checked.stderr
    passed = r"types: failed: deploy; passed: app \d+ files, acceptance \d+ files, accessory \d+ files, ci "
    assert re.search(passed, checked.stderr)
    released = checkout.daggerw("call", "release")
    assert released.returncode == 0, released.stderr
    assert re.search(r"^types +\d+\.\d s  app \d+ files$", released.stdout, re.MULTILINE)
    assert re.search(r"^test +\d+\.\d s  app \d+ passed(, \d+ warnings?)?$", released.stdout, re.MULTILINE)


def test_image_that_does_not_build_is_a_failed_gate(checkout: Checkout) -> None:
    """An image that cannot be built ends `build` with exit code 6."""
    checkout.replace("Dockerfile", "RUN python -m compileall", "RUN false && python -m compileall")
    ran = checkout.daggerw("call", "build")
    assert ran.returncode == 6
    assert "build: " in ran.stderr
    assert "did not complete successfully" in ran.stderr


def test_advisory_reports_and_pushes(checkout: Checkout) -> None:
    """An advisory run reports a failure of lint, in a file that no other gate reads, and pushes the image."""
    (checkout.path / "tests/system/unused.py").write_text('"""A module with a fault."""\n\nimport os\n')
    advisory = checkout.daggerw("call", "pipeline", "--advisory")
    assert advisory.returncode == 0, advisory.stderr
    assert "F401" in advisory.stdout
    assert re.search(r"^lint +\d+\.\d s  FAILED, advisory$", advisory.stdout, re.MULTILINE)
    assert pushed(advisory.stdout)


def test_wrong_arguments_are_refused(checkout: Checkout) -> None:
    """A commit that is not hexadecimal is refused with exit code 3."""
    ran = checkout.daggerw("call", "publish", "--commit", "HEAD")
    assert ran.returncode == 3
    assert "--commit: got 'HEAD'. Fix: 7 to 40 lower-case hexadecimal digits" in ran.stderr


def test_image_on_stand_ins_is_refused_outside(checkout: Checkout) -> None:
    """An image that was built on stand-ins is pushed to the embedded registry alone."""
    repository = "asia-northeast3-docker.pkg.dev/no-project/dojangkok-ai/ai-server"
    ran = checkout.daggerw("call", "publish", "--repository", repository)
    assert ran.returncode == 3
    assert "got an image that is built on a stand-in of docker.io/library/python:3.10-slim" in ran.stderr


def test_help_names_every_argument(checkout: Checkout) -> None:
    """`--help` of each verb lists its arguments."""
    help_text = checkout.daggerw("call", "pipeline", "--help").stdout
    for flag in (
        "--commit",
        "--repository",
        "--registry-token",
        "--no-latest",
        "--allow-stand-in",
        "--advisory",
        "--all-checks",
    ):
        assert flag in help_text
    help_text = checkout.daggerw("call", "rollback", "--help").stdout
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
        assert flag in help_text
