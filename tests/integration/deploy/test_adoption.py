"""`init` on an emulator in this process: the file and the report for each kind of template, in each format."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from deploy.adoption import init
from deploy.call import Call
from deploy.environment_file import read_config
from deploy.errors import ConfigError, NotAllowedError
from deploy.google_apis.client import GoogleApis
from deploy.google_apis.readings_reader import ReadingsReader
from deploy.options import Invocation, Options, read_variables
from deploy.recorder import Recorder
from deploy.retry import Time
from emulator.inprocess import Transport
from tests.integration.deploy.doctor_rig import EnvironmentPlan, one_by_one
from tests.integration.deploy.rig import Rig
from tests.support.reports import unwrapped
from tests.unit.deploy.values import CONFIG

SEVERAL = "#!/bin/bash\ndocker run ghcr.io/team/web:1\ndocker run ghcr.io/team/worker:1\n"
NONE = "#!/bin/bash\ndocker run nginx:1\n"


@dataclass
class Outcome:
    """How a call of `init` ended."""

    code: int
    stdout: str
    stderr: str


Init = Callable[..., Outcome]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Init:
    """Return a function that runs `init` on a rig's group, or with a login that fails."""

    def call(rig: Rig | None, overwrite: bool = False, **values: Any) -> Outcome:
        def open_session(_: Call, __: Any) -> Any:
            if rig is None:
                raise NotAllowedError("credentials: none were given.", "pass FILE")
            clock, client = rig.emulator.environment.clock, httpx.Client(transport=Transport(rig.emulator))
            apis = GoogleApis(client, dict, Time(clock.now_s, clock.move), "http://emulator", "")
            return SimpleNamespace(
                headers=dict,
                account="me",
                member="user:me@example.com",
                readings_reader=lambda config: ReadingsReader(config, rig.managed(), apis, lambda _: None, one_by_one),
            )

        monkeypatch.setattr(Call, "open_session", open_session)
        place = {"project": CONFIG.project, "zone": CONFIG.zone or "", "group": CONFIG.group}
        invocation = Invocation(
            "init",
            Options(env="dev", **(place | values)),
            read_variables({}, "uv run --project deploy python -m deploy"),
        )
        code = 0
        try:
            init(Call(invocation, Recorder(invocation)), overwrite)
        except SystemExit as ended:
            code = int(str(ended.code))
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return call


def with_script(script: str) -> Rig:
    """Return a rig whose template has a startup script."""
    plan = EnvironmentPlan()
    plan.script["value"] = script
    return plan.rig()


def test_kept_policy_makes_a_group_ready(run: Init) -> None:
    """The group's own surge goes into the file, so that nothing is wrong, in each format of the report."""
    plan = EnvironmentPlan()
    plan.resource("instanceGroupManagers")["updatePolicy"]["maxSurge"] = {"fixed": 2}
    rig = plan.rig()
    text = run(rig)
    assert (text.code, text.stderr, text.stdout.splitlines()[0]) == (0, "", "wrote environments/dev.yaml")
    assert "next: uv run --project deploy python -m deploy plan --env dev --image " in text.stdout
    assert read_config("dev", {}).rollout.surge == 2
    markdown = run(rig, overwrite=True, format="markdown")
    assert (markdown.code, markdown.stdout.startswith("wrote environments/dev.yaml\n\n### ")) == (0, True)
    report = json.loads(run(rig, overwrite=True, format="json").stdout)
    assert (report["file"], report["is_ready"], report["group"]) == ("environments/dev.yaml", True, CONFIG.group)
    with pytest.raises(
        ConfigError, match=r"environments/dev.yaml: exists already. Fix: name another environment by --e"
    ):
        run(rig)


@pytest.mark.parametrize(("script", "comments"), [(SEVERAL, 2), (NONE, 1)])
def test_undecided_repository_is_one_finding(run: Init, folder: Path, script: str, comments: int) -> None:
    """The file has a line to complete for each candidate, one finding is wrong, and its command completes the file."""
    rig = with_script(script)
    outcome = run(rig, format="json")
    assert (outcome.code, outcome.stdout) == (3, "")
    wrong = [finding for finding in json.loads(outcome.stderr)["findings"] if finding["state"] == "wrong"]
    assert [finding["check"] for finding in wrong] == ["repository"]
    assert wrong[0]["command"].endswith("--repository HOST/PATH --overwrite")
    assert (folder / "environments/dev.yaml").read_text().count("\n# repository: ") == comments
    run(rig, overwrite=True, repository="ghcr.io/team/web")
    assert read_config("dev", {}).repository == "ghcr.io/team/web"


def test_unread_group_gets_no_file(run: Init, folder: Path) -> None:
    """Without a login, or without permission to read group or template, the findings are all there is."""
    denied = ("compute.instanceGroupManagers.get", "compute.instanceTemplates.get")
    rigs: list[tuple[Rig | None, str]] = [(EnvironmentPlan(denied=[text]).rig(), text) for text in denied]
    rigs.append((None, "credentials: none were given"))
    for rig, text in rigs:
        outcome = run(rig)
        assert (outcome.code, outcome.stdout, text in outcome.stderr) == (3, "", True)
        assert outcome.stderr.startswith("no file was written, because the group or its template could not be read\n")
        assert (
            unwrapped(outcome.stderr)
            .splitlines()[-1]
            .startswith("next: uv run --project deploy python -m deploy init --env dev")
        )
        assert not (folder / "environments").exists()


def test_given_repository_needs_no_template(run: Init) -> None:
    """With --repository, a group whose template cannot be read gets a file with it."""
    outcome = run(EnvironmentPlan(denied=["compute.instanceTemplates.get"]).rig(), repository="ghcr.io/team/web")
    assert outcome.stderr.startswith("wrote environments/dev.yaml\n")
    assert read_config("dev", {}).repository == "ghcr.io/team/web"
