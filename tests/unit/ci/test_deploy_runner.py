"""From an image to machines: what deploy is told, and what is refused before it runs."""

import asyncio
import inspect
import subprocess
from pathlib import Path
from typing import Any

import dagger
import pytest
import yaml
from dagger import dag
from dagger._exceptions import QueryErrorValue
from gql import GraphQLRequest

from ci import deploy_runner, environments
from ci.deploy_verbs import target
from ci.errors import DeployError, NotAllowedError, PipelineError, RefusedError
from ci.main import Ci
from ci.steps import deployer, emulator, python_checks, registry
from ci.steps.accessory import Update
from ci.steps.deployer import Rehearsal, Target
from ci.steps.local_volumes import LocalVolumes
from tests.unit.ci.test_steps import calls, executed, secrets

SOURCE = dag.directory()
VOLUMES = LocalVolumes("project", "group")
TOOLS = python_checks.Project("deploy", "[project]", "version = 1")


def query_error(text: str) -> dagger.QueryError:
    """What the SDK raises for an answer of the engine that is an error."""
    return dagger.QueryError([QueryErrorValue(text)], GraphQLRequest("{ version }"))


class Folder:
    """A directory of the engine's that is one of this machine's."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def directory(self, name: str) -> "Folder":
        return Folder(self.path / name)

    def file(self, name: str) -> "Folder":
        return Folder(self.path / name)

    async def entries(self) -> list[str]:
        return [one.name for one in self.path.iterdir()]

    async def contents(self) -> str:
        try:
            return self.path.read_text()
        except (OSError, ValueError) as error:
            raise query_error(str(error)) from error


def read(folder: Path, env: str) -> environments.Environment:
    source: Any = Folder(folder)
    return asyncio.run(environments.read(source, env))


def test_overrides_are_flags_and_nothing_else_is() -> None:
    assert Target("dev").flags == ["--env", "dev"]
    whose = target(None, "prod", "p", "z", "g", "host.test/project/repository/app")
    assert whose.flags == [
        "--env", "prod", "--project", "p", "--zone", "z", "--group", "g",
        "--repository", "host.test/project/repository/app",
    ]  # fmt: skip


def test_deploy_is_told_what_a_person_types() -> None:
    """For the command that undoes it: the repository in full; .env passes the Google credential file."""
    logins = dag.set_secret("logins", "{}")
    whose = target(
        dag.set_secret("credentials", "word"),
        "prod",
        repository="host.test/repository/app",
        registry_credentials=logins,
    )
    assert whose.typed == "--repository host.test/repository/app --registry-credentials file:$REGISTRY_CREDENTIALS"
    variables = [args for name, args in calls(deployer.deploy(SOURCE, TOOLS, whose, ["status"], "a", None))]
    assert {"name": "DEPLOY_ARGUMENTS", "value": whose.typed} in variables
    assert Target("local").typed == ""


class Ran:
    """A container that has run."""

    def __init__(self, code: int, stdout: str, stderr: str) -> None:
        self.said = {"exit_code": code, "stdout": stdout, "stderr": stderr}

    def __getattr__(self, name: str) -> Any:
        async def said() -> object:
            return self.said[name]

        return said


@pytest.mark.parametrize(
    ("ran", "code", "said"),
    [
        (Ran(2, "the plan", "looking"), 2, "the plan"),
        (Ran(2, "", "python: no module"), 2, "python: no module"),
        (Ran(7, "", "rolled back"), 7, "rolled back"),
    ],
)
def test_what_deploy_says_leaves_with_its_code(ran: Ran, code: int, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def tools(*_: object) -> Any:
        return TOOLS

    async def check_target(_: object, whose: Target) -> Target:
        return whose

    monkeypatch.setattr(deploy_runner, "check_target", check_target)
    monkeypatch.setattr(python_checks, "project", tools)
    monkeypatch.setattr(deployer, "deploy", lambda *_: ran)
    with pytest.raises(DeployError) as left:
        asyncio.run(deploy_runner.run(SOURCE, Target("dev", dag.set_secret("credentials", "word")), ["plan"]))
    assert (left.value.exit_code, str(left.value)) == (code, said)


def test_the_deployer_holds_its_own_source_and_a_mounted_credential_file() -> None:
    whose = Target("dev", dag.set_secret("credentials", "word"))
    container = deployer.deploy(SOURCE, TOOLS, whose, ["status"], "a", None)
    assert executed(container)[-1] == ["python", "-m", "deploy", "status", "--env", "dev"]
    assert [args["path"] for name, args in calls(container) if name == "withMountedDirectory"] == [
        "/src/deploy",
        "/src/lib",
        "/src/environments",
    ]
    assert secrets(container) == ["/run/secrets/credentials"]
    assert "withServiceBinding" not in dict(calls(container))


def test_every_rollout_runs_anew() -> None:
    first, second = (deployer.deploy(SOURCE, TOOLS, Target("dev"), ["status"], run, None) for run in ("a", "b"))
    assert first != second


def test_the_rehearsal_logs_in_and_ties_the_image() -> None:
    service = dag.container().as_service()
    rehearsing = Rehearsal(service, VOLUMES, "host/app@sha256:1=http://release:8000/health")
    container = deployer.deploy(SOURCE, TOOLS, Target("local"), ["plan"], "a", rehearsing)
    assert executed(container)[-1] == [
        "python", "/scripts/rehearse.py", "http://emulator:8080", "host/app@sha256:1=http://release:8000/health", "--",
        "python", "-m", "deploy", "plan", "--env", "local",
    ]  # fmt: skip
    aliases = [args["alias"] for name, args in calls(container) if name == "withServiceBinding"]
    assert aliases == ["emulator", "registry"]
    assert not secrets(container)


def test_plan_takes_the_arguments_of_deploy(monkeypatch: pytest.MonkeyPatch) -> None:
    """What `deploy` with the same command line writes is what `plan` shows: the record and the timeout too."""
    told: list[list[str]] = []

    async def run(_: object, __: Target, args: list[str]) -> str:
        told.append(args)
        return ""

    monkeypatch.setattr(deploy_runner, "run", run)
    verbs = Ci(credentials=None)
    record = {"commit": "1234567", "timeout": "600", "by": "alice"}
    given: dict[str, Any] = {"source": SOURCE, "image": "host.test/app:1", **record, "credentials": None}
    bound = inspect.signature(verbs.plan).bind(**given)
    asyncio.run(verbs.plan(*bound.args, **bound.kwargs))
    assert told == [
        [
            "plan", "--image", "host.test/app:1", "--format", "text", "--commit", "1234567", "--by", "alice",
            "--timeout", "600",
        ]
    ]  # fmt: skip
    assert set(given) <= set(inspect.signature(Ci.deploy).parameters)


def test_a_verb_tells_deploy_its_own_arguments_and_the_group(monkeypatch: pytest.MonkeyPatch) -> None:
    """Called as the engine does it: every argument bound by the signature that is shown in `--help`."""
    told: list[object] = []

    async def run(_: object, whose: Target, args: list[str]) -> str:
        told.extend((whose, args))
        return "said"

    monkeypatch.setattr(deploy_runner, "run", run)
    verbs = Ci(credentials=None)
    bound = inspect.signature(verbs.rollback).bind(
        source=SOURCE, to="1234567", force=True, env="prod", group="g", credentials=None
    )
    assert asyncio.run(verbs.rollback(*bound.args, **bound.kwargs)) == "said"
    assert told == [Target("prod", group="g"), ["rollback", "--format", "text", "--to", "1234567", "--force"]]


def test_a_real_environment_needs_credentials() -> None:
    with pytest.raises(NotAllowedError) as refused:
        deploy_runner.refuse_without_credentials(Target("prod"))
    said = str(refused.value)
    assert said.startswith("--credentials: 'prod' needs a Google credential file. Fix: set GOOGLE_APPLICATION_")
    assert "set GOOGLE_APPLICATION_CREDENTIALS to its path" in said
    assert "or pass --credentials file:PATH" in said
    assert "gcloud auth application-default login" in said
    deploy_runner.refuse_without_credentials(Target("local"))


def test_the_environment_is_judged_before_credentials() -> None:
    source: Any = Folder(Path())
    with pytest.raises(RefusedError, match="got 'staging', and there is no environments/staging"):
        asyncio.run(deploy_runner.check_target(source, Target("staging")))
    with pytest.raises(NotAllowedError, match="--credentials: 'prod' needs a Google credential file"):
        asyncio.run(deploy_runner.check_target(source, Target("prod")))


@pytest.mark.parametrize(
    ("update", "code", "text"),
    [
        (Update("vllm", "staging", None), 3, "--env: got 'staging', and there is no environments/staging.yaml"),
        (
            Update("redis", "dev", None), 3,
            "--name: got 'redis', which environments/dev.yaml has not under 'accessories'. Fix: one of chromadb, vllm",
        ),
        (Update("vllm", "dev", None), 4, "--credentials: 'dev' needs a Google credential file, of a service account"),
    ],
)  # fmt: skip
def test_environment_and_name_of_an_accessory_are_judged_before_credentials(
    update: Update, code: int, text: str
) -> None:
    source: Any = Folder(Path())
    with pytest.raises(PipelineError) as refused:
        asyncio.run(deploy_runner.accessory(source, update))
    assert (refused.value.exit_code, text in str(refused.value)) == (code, True)


def test_an_image_beside_a_rollback_is_refused() -> None:
    verbs = Ci(credentials=None)
    with pytest.raises(dagger.ExecError) as left:
        asyncio.run(verbs.accessory(SOURCE, "vllm", "dev", credentials=None, image="host/vllm:v2", rollback=True))
    assert left.value.exit_code == 3
    assert "--rollback: got --image 'host/vllm:v2', too. Fix: leave one of them out" in left.value.stderr


def test_an_environment_names_the_image() -> None:
    assert read(Path(), "local").image == "registry:5000/dojangkok-ai/ai-server"


def test_an_unknown_environment_is_refused_with_those_that_are(tmp_path: Path) -> None:
    (tmp_path / "environments").mkdir()
    for name in ("prod", "dev"):
        (tmp_path / f"environments/{name}.yaml").write_text("repository: host/path/app\n")
    with pytest.raises(
        RefusedError, match=r"got 'staging', and there is no environments/staging\.yaml\. Fix: one of dev, prod"
    ):
        read(tmp_path, "staging")


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "got NoneType, must be keys with values. Fix: see environments/dev.yaml"),
        (b"- repository", "got list, must be keys with values"),
        (b"project: p", "repository: missing"),
        (b"repository: [1]", "repository: got a value of type list, must be HOST/PATH without tag"),
        (b"repository: 0x" + b"f" * 5_000, "repository: got a value of type int"),
        (b"repository: host/path:tag", "repository: got 'host/path:tag', must be HOST/PATH without tag"),
        (b"repository: team/app", "repository: got 'team/app', must be HOST/PATH without tag"),
        (b"repository: app", "repository: got 'app', must be HOST/PATH without tag"),
        (b"repository: " + b"9" * 5_000, "a value cannot be read: Exceeds the limit (4300 digits)"),
        (b"repository: " + b"[" * 5_000 + b"]" * 5_000, "a value cannot be read: "),
        (b"repository: caf\xe9", "cannot be read: 'utf-8' codec"),
        (b"repository: a\0b", "unacceptable character"),
        (b"{", "while parsing"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_an_environment_with_a_wrong_value_is_refused(tmp_path: Path, content: bytes, text: str) -> None:
    (tmp_path / "environments").mkdir()
    (tmp_path / "environments/dev.yaml").write_bytes(content)
    with pytest.raises(RefusedError) as refused:
        read(tmp_path, "dev")
    assert str(refused.value).startswith("environments/dev.yaml: ")
    assert text in str(refused.value)
    assert refused.value.exit_code == 3


def test_an_environment_that_the_engine_cannot_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "environments/dev.yaml").mkdir(parents=True)
    with pytest.raises(RefusedError, match=r"environments/dev\.yaml: cannot be read: .* Fix: make it a text file"):
        read(tmp_path, "dev")


def test_an_image_is_asked_for_by_its_own_name() -> None:
    assert registry.without_tag("registry:5000/a/b:1") == "registry:5000/a/b"
    assert registry.without_tag("registry:5000/a/b@sha256:1") == "registry:5000/a/b"
    assert registry.without_tag("registry:5000/a/b") == "registry:5000/a/b"


def test_only_the_report_of_the_group_is_deleted_at_a_gate(monkeypatch: pytest.MonkeyPatch) -> None:
    """The file's names, and those of the flags, which stand first."""
    deleted: list[tuple[str, tuple[str, str, str]]] = []

    class Synced:
        async def sync(self) -> None:
            """Do nothing."""

    def forget(env: str, names: tuple[str, str, str], _: LocalVolumes | None, __: str) -> Synced:
        deleted.append((env, names))
        return Synced()

    source: Any = Folder(Path())
    monkeypatch.setattr(deployer, "forget_report", forget)
    asyncio.run(deploy_runner.forget_report(source, Target("prod")))
    asyncio.run(deploy_runner.forget_report(source, Target("prod", zone="z", group="g")))
    assert deleted == [
        ("prod", ("dojangkok-prod", "asia-northeast3-a", "dojangkok-prod-ai-server-mig")),
        ("prod", ("dojangkok-prod", "z", "g")),
    ]
    monkeypatch.undo()
    [command] = executed(deployer.forget_report("prod", ("p", "z", "g"), None, "a"))
    assert command == ["find", "/var/lib/deploy", "-path", "/var/lib/deploy/prod/p_z_g_*.json", "-delete"]
    assert deployer.forget_report("prod", ("p", "z", "g"), None, "a") != deployer.forget_report(
        "prod", ("p", "z", "g"), None, "b"
    )


def test_reports_of_other_groups_stay(tmp_path: Path) -> None:
    """The command itself, on files that are named as deploy/report/lastrun.py names them."""
    names = ("p_z_g_0123abcd.json", "p_z_g2_0123abcd.json", "p_z2_g_0123abcd.json")
    for env in ("dev", "prod"):
        (tmp_path / env).mkdir()
        for name in names:
            (tmp_path / env / name).write_text("{}")
    [command] = executed(deployer.forget_report("prod", ("p", "z", "g"), None, "a"))
    parts: Any = command
    subprocess.run([part.replace("/var/lib/deploy", str(tmp_path)) for part in parts], check=True)
    assert {path.name for path in (tmp_path / "prod").iterdir()} == set(names[1:])
    assert {path.name for path in (tmp_path / "dev").iterdir()} == set(names)


def test_every_environment_keeps_its_own_reports() -> None:
    container = deployer.deploy(SOURCE, TOOLS, Target("dev"), ["report"], "a", None)
    variables = [args for name, args in calls(container) if name == "withEnvVariable"]
    assert {"name": "DEPLOY_RESULTS", "value": "/var/lib/deploy/dev"} in variables
    [*_, reset] = executed(deployer.forget(VOLUMES, "a"))
    assert "/var/lib/deploy/local -mindepth" in str(reset)


def test_local_environment_names_the_service_that_the_pipeline_starts() -> None:
    """So the local environment has no endpoint that is not its file's."""
    local = yaml.safe_load(Path("environments/local.yaml").read_text())
    assert local["compute_url"] == f"{emulator.URL}/compute/v1"
    assert local["registry_url"] == f"http://{registry.EMBEDDED_HOST}"


def test_local_state_is_forgotten_under_its_lock() -> None:
    command = executed(deployer.forget(VOLUMES, "a"))[-1]
    assert command[:4] == ["flock", "--timeout", "900", "/var/lib/emulator/state.sqlite.lock"]  # type: ignore[index]
    assert dagger.Container is type(deployer.forget(VOLUMES, "b"))
