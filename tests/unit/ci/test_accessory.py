"""Updates of single VMs: the command line, and what is refused before the container runs."""

import asyncio

import dagger
import pytest
from dagger import dag

from ci import accessory_runner
from ci.errors import PipelineError
from ci.main import Ci
from ci.steps import accessory
from ci.steps.accessory import Update
from tests.unit.ci.doubles import PROJECT, REPOSITORY, SOURCE, TOOLS, executed, options, secret_paths


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
def test_environment_and_name_are_checked_before_credentials(update: Update, code: int, text: str) -> None:
    """A typing error is reported even where no credentials are passed."""
    with pytest.raises(PipelineError) as refused:
        asyncio.run(accessory_runner.run(options(source=REPOSITORY), update))
    assert (refused.value.exit_code, text in str(refused.value)) == (code, True)


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"env": "local"}, "--env: got 'local', which has no such VM. Fix: dev or prod"),
        (
            {"env": "dev", "image": "host/vllm:v2", "rollback": True},
            "--rollback: got --image 'host/vllm:v2', too. Fix: leave one of them out",
        ),
    ],
)
def test_arguments_without_a_meaning_are_refused(values: dict[str, object], text: str) -> None:
    """The local environment has no single VM, and a rollback has its own image."""
    verb = Ci(credentials=None).accessory  # type: ignore[call-arg]  # dagger writes the constructor
    with pytest.raises(dagger.ExecError) as error:
        asyncio.run(verb(source=SOURCE, tools=TOOLS, name="vllm", credentials=None, **values))  # type: ignore[arg-type]  # a coroutine
    assert (error.value.exit_code, error.value.stderr) == (3, text)


def test_command_line_holds_what_was_typed() -> None:
    """A rollback has no image."""
    secret = dag.set_secret("credentials", "word")
    named = ["--name", "vllm", "--env", "dev", "--format", "text"]
    assert Update("vllm", "dev", secret).command == ["update", *named]
    assert Update("vllm", "dev", secret, image="host/vllm:v2").command == ["update", *named, "--image", "host/vllm:v2"]
    assert Update("vllm", "dev", secret, is_rollback=True).command == ["rollback", *named]


def test_every_update_runs_anew_with_a_mounted_secret() -> None:
    """The run id keeps an update from being answered from a cache."""
    update = Update("vllm", "dev", dag.set_secret("credentials", "word"))
    first, second = (accessory.run(options(), PROJECT, update, run_id) for run_id in ("a", "b"))
    assert first != second
    assert secret_paths(first) == ["/run/secrets/credentials"]
    assert executed(first)[-1] == ["python", "-m", "accessory", *update.command]
