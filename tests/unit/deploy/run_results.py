"""Results of runs that several tests of reports use."""

from dataclasses import replace
from datetime import UTC, datetime

from deploy.documents.group_state import Version
from deploy.rollout.result import InstanceTimes, Phase, RolloutResult, RunResult
from deploy.rollout.served_release import ServedRelease

DIGEST = f"sha256:{'a' * 64}"
OLD, NEW = Version("old"), Version("new", "deploy/aaaaaaaaaaaa/run1/20261123T150000Z/3600s")
INSTANCE = InstanceTimes("web-1", "new", "aaaaaaaaaaaa", True, "healthy", 30.0, 5.0, 12.0, 30.0)
ROLLOUT = RolloutResult(
    changed=True,
    target=NEW,
    before=OLD,
    phases=(Phase("template", 2.0), Phase("all healthy", 60.0)),
    instances=(INSTANCE,),
    pruned=("web-r-0",),
    warnings=("w",),
    requests=9,
)
SUCCESS = RunResult(
    verb="deploy",
    environment="dev",
    project="p",
    zone="z",
    group="web",
    run="run1",
    began_at=datetime(2026, 11, 23, 15, 0, tzinfo=UTC),
    seconds=62.0,
    exit_code=0,
    before=ServedRelease("old", "h/p:latest"),
    target=ServedRelease("new", f"h/p@{DIGEST}", "cafe123"),
    rollout=ROLLOUT,
    undo="back --to old",
)
FAILURE = replace(
    SUCCESS,
    exit_code=7,
    rollout=replace(ROLLOUT, instances=(replace(INSTANCE, template="old", release="", is_new=False),)),
    message="release 'new': web-1 <b> failed. 'old' serves again.",
    fix="correct the script",
    diagnostics=("web-1: RECREATING RUNNING UNHEALTHY", "  | ```docker: pull access denied"),
)


def command(verb: str, *arguments: str) -> str:
    """Return the command line of a verb."""
    return " ".join(("deploy", verb, *arguments))
