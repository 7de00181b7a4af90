"""A canary over a real socket: each verb in a process of its own."""

import json
import re
import shlex
from pathlib import Path

from tests.support import fake_prometheus
from tests.support.deployer import Deployer
from tests.support.readme_steps import readme_steps
from tests.support.releases import digest, reference
from tests.support.reports import unwrapped
from tests.support.waiting import wait_until

GROUP = "dojangkok-dev-ai-server-mig"
TIMES = "bake_s: 1, poll_s: [0.1, 0.1]"
STEPS = "[{instances: 1, bake_s: 1}, {pause: true}, {percent: 50, bake_s: 1}]"


def readme_commands() -> dict[str, list[str]]:
    """Return the words of each command under "Canaries" of README.md by its verb."""
    section = Path("README.md").read_text().partition("## Canaries")[2]
    typed = re.findall(r"^\./daggerw call (.*?) +#", section, re.MULTILINE)
    return {words[0]: words for words in map(shlex.split, typed)}


def test_commands_of_the_readme_ship_a_canary_or_take_it_back(deployer: Deployer) -> None:
    """The four commands of README.md, in its order, with its steps; the abort is that of a second canary."""
    commands = readme_commands()
    assert list(commands) == ["deploy", "status", "promote", "abort"]
    deployer.rollout = f"{{{TIMES}, steps: {readme_steps(bake_s=1)}}}"

    def typed(verb: str, image: str) -> str:
        shown = {commands["deploy"][-1]: reference(image), commands["promote"][-1]: image * 7}
        words = [shown.get(word, word) for word in commands[verb]]
        code, report, stderr = deployer.run(*(word for word in words if word not in ("--env", "dev")))
        assert code == 0, stderr
        return report

    assert "paused at step 1 of 3" in typed("deploy", "a")
    assert "step 1 of 3" in unwrapped(typed("status", "a"))
    assert typed("promote", "a").startswith(f"✓ ai-server aaaaaaa serves {GROUP} · 3/3 · ")
    assert "paused at step 1 of 3" in typed("deploy", "b")
    assert typed("abort", "b").startswith("✓ aborted: ai-server aaaaaaa ")
    assert len(deployer.versions()) == 1


def test_canary_is_promoted_by_another_process(deployer: Deployer) -> None:
    """A deploy pauses with exit 0 and prints both commands; another release is refused; promote finishes, once."""
    deployer.rollout = f"{{{TIMES}, steps: {STEPS}}}"
    code, report, progress = deployer.run("deploy", "--image", reference("a"))
    assert (code, report.splitlines()[0].startswith(f"◐ {GROUP}: paused at step 1 of 3 · ")) == (0, True), progress
    assert "step 1 of 3: 1 instance\n" in progress
    printed = dict(line.split(maxsplit=1) for line in unwrapped(report).splitlines() if "--env dev" in line)
    assert printed == {
        "promote": f"{deployer.typed} promote --env dev --step 1 --to aaaaaaa",
        "abort": f"{deployer.typed} abort --env dev",
    }
    canary = deployer.json("status")["canary"]
    assert (canary["step"], canary["steps"], canary["share"], canary["is_serving"]) == (1, 3, "1 of 3 instances", True)
    assert canary["digest"] == digest("a")
    code, _, stderr = deployer.run("deploy", "--image", reference("b"))
    assert (code, f"run `{deployer.typed} promote --env dev` to go on" in unwrapped(stderr)) == (3, True)
    assert f"or `{printed['abort']}` to restore" in unwrapped(stderr)
    promote = printed["promote"].removeprefix(f"{deployer.typed} ").split()
    code, report, stderr = deployer.run(*promote)
    assert code == 0, stderr
    assert report.startswith(f"✓ ai-server aaaaaaa serves {GROUP} · 3/3 · "), report
    assert deployer.run(*promote)[0] == 0
    assert [row["state"] for row in deployer.json("history")] == ["proven"]
    assert len(deployer.versions()) == 1


def test_canary_without_its_checks_is_refused_by_every_verb_that_goes_on(deployer: Deployer) -> None:
    """`status` shows the check that has no data; by an environment file without the check no process goes on."""
    steps = {"bake_s": 1, "poll_s": [0.1, 0.1], "steps": [{"instances": 1}]}
    query = 'max(errors{instance=~"$instances"})'
    with fake_prometheus.served(fake_prometheus.FakePrometheus()) as url:
        checks = [{"name": "errors", "query": query, "at_most": 0.01}]
        deployer.rollout = json.dumps({**steps, "analysis": {"prometheus": url, "scrape_s": 1, "checks": checks}})
        code, report, stderr = deployer.run("deploy", "--image", reference("a"))
        assert (code, "paused at step 1 of 2" in report, "check 'errors' has no data" in report) == (0, True, True), (
            stderr
        )
        shown = deployer.json("status")
    assert shown["canary"]["checks_without_data"] == ["errors"]
    assert shown["checks"][0]["readings"][0]["state"] == "no data"
    deployer.rollout = json.dumps(steps)
    for words in (["promote"], ["reconcile"], ["deploy", "--image", reference("a")]):
        code, report, stderr = deployer.run(*words)
        assert (code, report, "was deployed with check 'errors', and the environment file" in unwrapped(stderr)) == (
            3,
            "",
            True,
        )
    assert deployer.run("abort")[0] == 0


def test_canary_is_aborted_by_another_process(deployer: Deployer) -> None:
    """An abort during the bake of a step restores the old release; the process that bakes ends as superseded."""
    deployer.rollout = f"{{{TIMES}, steps: [{{instances: 1, bake_s: 600}}]}}"
    baking = deployer.start("deploy", "--image", reference("a"))
    wait_until(lambda: len(deployer.emulator.group()["versions"]) == 2)
    code, report, stderr = deployer.run("abort")
    heading = f"✓ aborted: ai-server:latest serves {GROUP} · 3/3 · "
    assert (code, report.startswith(heading)) == (0, True), stderr
    _, stderr = baking.communicate(timeout=deployer.longest_s)
    assert (baking.returncode, "superseded by another change of the group" in unwrapped(stderr)) == (5, True)
    text = "the canary was aborted meanwhile: the group is set to 'dojangkok-dev-ai-server-seed' alone"
    assert text in unwrapped(stderr)
    assert deployer.versions() == ["dojangkok-dev-ai-server-seed"]


def test_canary_is_aborted_without_the_token_of_its_checks(deployer: Deployer) -> None:
    """A file of a token that is not there ends a promote before any write, and is in the way of no abort."""
    check = "{name: errors, query: 'max(errors{instance=~\"$instances\"})', at_most: 1}"
    analysis = f"{{prometheus: 'http://127.0.0.1:9', scrape_s: 1, checks: [{check}]}}"
    deployer.rollout = f"{{{TIMES}, steps: {STEPS}, analysis: {analysis}}}"
    code, report, progress = deployer.run("deploy", "--image", reference("a"))
    assert (code, "paused at step 1 of 3" in report) == (0, True), progress
    token = ("--prometheus-token", "absent")
    code, _, stderr = deployer.run("promote", *token)
    assert (code, "--prometheus-token: the file can't be read" in unwrapped(stderr)) == (4, True), stderr
    assert deployer.run("abort", *token)[0] == 0
    assert len(deployer.versions()) == 1
