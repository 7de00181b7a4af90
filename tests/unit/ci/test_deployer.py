"""The container that runs deploy, and the containers that delete its reports and the local environment."""

import fcntl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from dagger import dag

from ci.destination import Destination
from ci.steps import deployer, push, registry
from ci.steps.deployer import Rehearsal
from tests.unit.ci.doubles import PROJECT, SOURCE, TOOLS, VOLUMES, calls, executed, options, secret_paths


def test_container_holds_its_own_source_and_a_mounted_credential_file() -> None:
    """Nothing else of the module or of the source is in it, and no service is bound to it."""
    dev = options("dev", credentials=dag.set_secret("credentials", "word"))
    container = deployer.deploy(PROJECT, dev, ["status"], "a", None)
    assert executed(container)[-1] == ["python", "-m", "deploy", "status", "--env", "dev"]
    mounted = {args["path"]: args["source"] for name, args in calls(container) if name == "withMountedDirectory"}
    assert mounted == {
        "/src/deploy": TOOLS.directory("deploy"),
        "/src/lib": TOOLS.directory("lib"),
        "/src/environments": SOURCE.directory("environments"),
    }
    assert secret_paths(container) == ["/run/secrets/credentials"]
    assert "withServiceBinding" not in dict(calls(container))


def test_token_of_prometheus_is_a_mounted_file() -> None:
    """Its value stands in no command line and in no variable; the variable has the path."""
    container = deployer.deploy(
        PROJECT, options(prometheus_token=dag.set_secret("token", "word")), ["status"], "a", None
    )
    assert secret_paths(container) == ["/run/secrets/prometheus-token"]
    variables = {args["name"]: args["value"] for name, args in calls(container) if name == "withEnvVariable"}
    assert variables["PROMETHEUS_TOKEN_FILE"] == "/run/secrets/prometheus-token"
    assert "word" not in str([args for name, args in calls(container) if name in ("withExec", "withEnvVariable")])


def test_deploy_receives_the_flags_for_the_command_that_undoes_a_rollout() -> None:
    """They are the flags of the call beside `--env`."""
    container = deployer.deploy(PROJECT, options("dev", group="g"), ["status"], "a", None)
    variables = [args for name, args in calls(container) if name == "withEnvVariable"]
    assert {"name": "DEPLOY_ARGUMENTS", "value": "--group g"} in variables


def test_every_run_of_deploy_runs_anew() -> None:
    """The run id keeps a run from being answered from a cache."""
    first, second = (deployer.deploy(PROJECT, options("dev"), ["status"], run, None) for run in ("a", "b"))
    assert first != second


def test_rehearsal_logs_in_and_binds_the_image() -> None:
    """The script that wraps deploy gets the address of the emulator and the binding."""
    rehearsal = Rehearsal(dag.container().as_service(), VOLUMES, "host/app@sha256:1=http://release:8000/health")
    container = deployer.deploy(PROJECT, options(), ["plan"], "a", rehearsal)
    assert executed(container)[-1] == [
        "python", "/scripts/rehearse.py", "http://emulator:8080", "host/app@sha256:1=http://release:8000/health", "--",
        "python", "-m", "deploy", "plan", "--env", "local",
    ]  # fmt: skip
    aliases = [args["alias"] for name, args in calls(container) if name == "withServiceBinding"]
    assert aliases == ["emulator", "registry"]
    assert not secret_paths(container)


def test_deletion_of_a_report_runs_anew_for_the_names_of_the_group() -> None:
    """The file's name begins with project, zone and group."""
    first, second = (deployer.delete_report("prod", ("p", "z", "g"), None, run) for run in ("a", "b"))
    assert executed(first) == [["find", "/var/lib/deploy", "-path", "/var/lib/deploy/prod/p_z_g_*.json", "-delete"]]
    assert first != second


def test_reports_of_other_groups_stay(tmp_path: Path) -> None:
    """The command itself, on files that are named as deploy names them."""
    names = ("p_z_g_0123abcd.json", "p_z_g2_0123abcd.json", "p_z2_g_0123abcd.json")
    for env in ("dev", "prod"):
        (tmp_path / env).mkdir()
        for name in names:
            (tmp_path / env / name).write_text("{}")
    [command] = executed(deployer.delete_report("prod", ("p", "z", "g"), None, "a"))
    subprocess.run([part.replace("/var/lib/deploy", str(tmp_path)) for part in command], check=True)
    assert {path.name for path in (tmp_path / "prod").iterdir()} == set(names[1:])
    assert {path.name for path in (tmp_path / "dev").iterdir()} == set(names)


def test_every_environment_keeps_its_own_reports() -> None:
    """Only the reports of the local environment are emptied."""
    container = deployer.deploy(PROJECT, options("dev"), ["report"], "a", None)
    variables = [args for name, args in calls(container) if name == "withEnvVariable"]
    assert {"name": "DEPLOY_RESULTS", "value": "/var/lib/deploy/dev"} in variables
    [*_, reset] = executed(deployer.empty(VOLUMES, "a"))
    assert "/var/lib/deploy/local -mindepth" in str(reset)


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Hold a lock during the block."""
    with file.open("w") as holder:
        fcntl.flock(holder, fcntl.LOCK_EX)
        yield


def reset_script(root: Path, wait_s: int = 900) -> list[str]:
    """Return the command that empties the local environment, with its volumes below a folder of the test."""
    for folder in ("emulator", "registry", "deploy"):
        (root / folder).mkdir(exist_ok=True)
        (root / folder / "content").write_text("")
    script = executed(deployer.empty(VOLUMES, "a"))[-1]
    return [part.replace("/var/lib", str(root)).replace("+ 900", f"+ {wait_s}") for part in script]


LOCKS = ("registry/push.lock", "emulator/state.sqlite.lock")


@pytest.mark.parametrize(("held", "other"), [LOCKS, LOCKS[::-1]])
def test_reset_holds_no_lock_while_it_waits_for_the_other(held: str, other: str, tmp_path: Path) -> None:
    """A release takes both locks in either order, so a reset that waited with a lock could stop it."""
    command = reset_script(tmp_path)
    with locked(tmp_path / held):
        reset = subprocess.Popen(command)
        time.sleep(1)
        assert reset.poll() is None
        assert (tmp_path / "registry/content").exists()
        subprocess.run(["flock", "--timeout", "10", tmp_path / other, "true"], check=True)
    assert reset.wait(20) == 0
    names = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert names == {"push.lock", "state.sqlite.lock", "content"}
    assert not (tmp_path / "registry/content").exists()


def test_reset_gives_up_after_its_time(tmp_path: Path) -> None:
    """A lock that stays held ends the command with a failure, and nothing is deleted."""
    command = reset_script(tmp_path, wait_s=1)
    with locked(tmp_path / "emulator/state.sqlite.lock"):
        assert subprocess.run(command, check=False, timeout=20).returncode == 75
    assert (tmp_path / "registry/content").exists()


def test_push_shares_the_volume_of_the_registry_with_a_reset() -> None:
    """A push that has begun ends first; a reset that has begun keeps the next push waiting."""
    name = "registry:5000/a/ai-server"
    embedded = Destination(name, ("latest",), volumes=VOLUMES)
    pushed = push.push(SOURCE, options(), embedded, registry.embedded(VOLUMES), "a", PROJECT)
    mounts = {args["path"]: args["cache"] for call, args in calls(pushed) if call == "withMountedCache"}
    assert mounts["/var/lib/registry"] == VOLUMES.registry


def test_push_to_a_real_registry_has_no_volume_of_a_local_environment() -> None:
    """It waits for no reset."""
    real = Destination("host.test/a/ai-server", ("latest",), "dev", volumes=VOLUMES)
    assert "withMountedCache" not in dict(calls(push.push(SOURCE, options(), real, None, "a", PROJECT)))
