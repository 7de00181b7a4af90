"""The result of a group's last rollout, read from the group itself."""

import re
from dataclasses import replace

from deploy.report import text
from deploy.report.heading import heading
from deploy.report.rebuilt_result import rebuilt_result
from deploy.rollout.served_release import ServedRelease
from tests.integration.deploy.rig import new_rig
from tests.unit.deploy.run_results import command
from tests.unit.deploy.values import REPOSITORY, digest


def test_settled_group_shows_its_last_release() -> None:
    """The group's version and the release record have the run, the releases and the commit, but no times."""
    rig = new_rig()
    rig.deploy("a")
    result = rebuilt_result(rig.config, "dev", rig.observed(), rig.now())
    assert (result.verb, result.run, result.exit_code, result.is_rebuilt) == ("deploy", "19000000001", 0, True)
    assert result.before == ServedRelease("dojangkok-dev-ai-server-seed", f"{REPOSITORY}:latest")
    assert result.target is not None
    assert (result.target.reference, result.target.commit) == (f"{REPOSITORY}@{digest('a')}", "a" * 40)
    assert result.rollout is not None
    states = {(times.state, times.running_s, times.healthy_s) for times in result.rollout.instances}
    assert states == {("healthy", None, None)}
    report = text.run_report(result, command, is_long=True)
    assert report.startswith("? dojangkok-dev-ai-server-mig: the run left no result\n")
    assert "read from the group and its templates; the run itself left no result" in report
    assert re.search(r"(?m)^  serves +ai-server aaaaaaa \(aaaaaaa\) 3/3$", report)
    assert len(re.findall(r" healthy +- +-", report)) == 3


def test_group_without_a_rollout_has_no_run() -> None:
    """A group that deploy never changed has a result without a run and without a release before."""
    rig = new_rig()
    result = rebuilt_result(rig.config, "dev", rig.observed(), rig.now())
    assert (result.verb, result.run, result.exit_code, result.before) == ("rollout", "", 0, None)


def test_group_that_is_not_settled_has_no_exit_code() -> None:
    """The end of a rollout that goes on is not known."""
    rig = new_rig()
    observed = rig.observed()
    unsettled = replace(observed, group=replace(observed.group, is_stable=False))
    result = rebuilt_result(rig.config, "dev", unsettled, rig.now())
    assert result.exit_code is None
    assert heading(result) == "? dojangkok-dev-ai-server-mig: rollout, whose end was not recorded"
    assert "was not rolled out by deploy" in result.message
