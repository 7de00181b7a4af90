"""The options of every verb and the environment variables of the caller."""

from pathlib import Path
from typing import Any

import pytest

from deploy.options import Invocation, Options, read_variables

SAME_GROUP = "--compute-url http://emulator --registry-url http://registry --group web"


@pytest.mark.parametrize(
    ("environ", "arguments", "expected"),
    [
        (
            {},
            ("reconcile",),
            f"mig-deploy reconcile --env dev {SAME_GROUP} --credentials 'my key.json'",
        ),
        (
            {"GOOGLE_APPLICATION_CREDENTIALS": "my key.json"},
            ("reconcile",),
            f"mig-deploy reconcile --env dev {SAME_GROUP}",
        ),
        (
            {"GOOGLE_APPLICATION_CREDENTIALS": "my key.json", "DEPLOY_COMMAND": "./daggerw call"},
            ("rollback", "--to", "x y"),
            f"./daggerw call rollback --env dev {SAME_GROUP} --to 'x y'",
        ),
        (
            {"DEPLOY_COMMAND": "./daggerw call", "DEPLOY_ARGUMENTS": "--group web"},
            ("rollback",),
            "./daggerw call rollback --env dev --group web",
        ),
    ],
)
def test_command_of_another_verb_repeats_the_flags_of_this_call(
    environ: dict[str, str], arguments: tuple[str, ...], expected: str
) -> None:
    """A flag that a variable of the caller has already is left out."""
    flags: dict[str, Any] = {"group": "web", "compute_url": "http://emulator", "registry_url": "http://registry"}
    options = Options(env="dev", credentials=Path("my key.json"), **flags)
    assert Invocation("deploy", options, read_variables(environ, "mig-deploy")).command(*arguments) == expected


def test_run_has_the_id_of_the_workflow_or_a_random_one() -> None:
    """Two runs outside of GitHub have different ids."""
    assert read_variables({"GITHUB_RUN_ID": "42"}, "").run == "42"
    assert read_variables({}, "").run != read_variables({}, "").run


def test_folder_of_results_is_read_from_its_variable() -> None:
    """An empty variable is no folder."""
    assert read_variables({"DEPLOY_RESULTS": "/results"}, "").results == Path("/results")
    assert read_variables({"DEPLOY_RESULTS": ""}, "").results is None


def test_verbs_in_backticks_become_whole_command_lines() -> None:
    """A verb in backticks keeps its own options and gets the flags of this call; other texts in backticks stay."""
    options = Options(env="my env", settings=Path("ops/settings"), zone="us-a")
    invocation = Invocation("deploy", options, read_variables({}, "mig-deploy"))
    flags = "--env 'my env' --settings ops/settings --zone us-a"
    assert invocation.with_commands("run `reconcile`, or `rollback --to TEMPLATE`; `group` is wrong") == (
        f"run `mig-deploy reconcile {flags}`, or `mig-deploy rollback {flags} --to TEMPLATE`; `group` is wrong"
    )
