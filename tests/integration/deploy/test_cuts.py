"""
Deploys and rollbacks with one fault, kill or edit at each HTTP exchange; the output of the client is never read.

After the fault, the run itself or the next process ends with one version, one template for each content, and a true
exit code. The tests use every 16th exchange, beginning at another exchange for each fault; with `CUTS=all` (.ci/run)
they use every exchange. The number of cases is printed at the end.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from deploy.group import update_policy
from deploy.release import template
from tests.integration.deploy.clients import Client, KilledError
from tests.integration.deploy.counts import LINES
from tests.integration.deploy.rig import Rig, closed_stderr, new_rig
from tests.unit.deploy.values import CONFIG, GROUP
from tests.unit.lib.depth import ALL_CUTS

POLICY = CONFIG.rollout.model_copy(update={"bake_s": 0.0, "poll_s": (20.0, 20.0)})
VALUES: tuple[Any, ...] = ({}, None, [], {"error": {"code": 503, "message": "backend"}})
# Malformed bodies of status 200.
ODD: tuple[dict[str, Any], ...] = (
    *({"body": {"value": value}} for value in VALUES),
    {"body": {"members": {"versions": None, "items": [None], "managedInstances": [None], "status": 7}}},
    {"body": {"members": {"name": "another", "fingerprint": "eA==", "items": "x", "managedInstances": {}}}},
)
FAULTS: tuple[dict[str, Any], ...] = (
    *({"status": status} for status in (408, 429, 500, 502, 503, 504)),
    {"cut": "before"}, {"cut": "after"}, {"hang": True},
    {"status": 502, "body": "html"}, {"body": "html"}, {"body": "empty"}, {"body": "truncated"}, *ODD,
    {"drip_s": 0.05}, {"date_skew_s": 600}, {"date_skew_s": -600},
)  # fmt: skip
TEMPLATES = "projects/dojangkok-dev/global/instanceTemplates"
EDITS: dict[str, dict[str, Any]] = {
    "description": {"description": "another"},
    "opportunistic": {"updatePolicy": {"type": "OPPORTUNISTIC"}},
    "mask": {"allInstancesConfig": {"properties": {"metadata": {"startup-script": "echo masked"}}}},
}
RESTORED = {"updatePolicy": {"type": "PROACTIVE"}, "allInstancesConfig": None}
VERBS = ("deploy", "rollback")
STRIDE = 1 if ALL_CUTS else 16


@pytest.fixture(scope="module", autouse=True)
def counted() -> Iterator[list[str]]:
    """Print the number of cases at the end."""
    CASES.clear()
    yield CASES
    each = {verb: exchanges(verb) for verb in VERBS}
    which = "each" if STRIDE == 1 else f"every {STRIDE}th"
    LINES.append(
        f"exchanges: {each}; {len(CASES)} cases, {len(FAULTS)} faults, 3 kills, {len(EDITS)} edits,"
        f" copied and re-created templates at {which} of them, stderr closed, 0 violations"
    )


CASES: list[str] = []
_EXCHANGES: dict[str, int] = {}


def new_rig_for(verb: str) -> Rig:
    """Return a rig in the state before a verb: the seed's release serves, or for a rollback release a."""
    rig = new_rig()
    rig.config = CONFIG.model_copy(update={"rollout": POLICY})
    rig.stderr = closed_stderr()
    if verb == "rollback":
        started(rig, "deploy").go()
    return rig


def started(rig: Rig, verb: str) -> Client:
    """Return a process that deploys release a, rolls back to the release before, or reconciles."""
    work = {"deploy": lambda compute: rig.deploy("a", compute), "rollback": lambda compute: rig.rollback("", compute)}
    work["reconcile"] = rig.reconcile
    return Client(rig.emulator, rig.config.project, verb, work[verb])


def exchanges(verb: str) -> int:
    """Return the number of requests of a verb without a fault."""
    if verb not in _EXCHANGES:
        clean = started(new_rig_for(verb), verb)
        clean.go()
        assert clean.code == 0
        _EXCHANGES[verb] = clean.exchanges
    return _EXCHANGES[verb]


def assert_policy_of_file(rig: Rig) -> None:
    """Check that the group has the update policy of the environment file, and not the surge of a rollback."""
    document = rig.emulator.environment.view.get(GROUP)
    assert document is not None
    expected = update_policy.policy_values(update_policy.rollout_policy(POLICY, zones=1))
    assert update_policy.policy_values(document["updatePolicy"]) == expected


def assert_one_version(rig: Rig, *expected: str) -> None:
    """Check that the group has settled on one expected release, with unique templates and full capacity throughout."""
    group = rig.emulator.environment.view.groups[GROUP]
    document = rig.emulator.environment.view.get(GROUP)
    assert document is not None
    assert len(document["versions"]) == 1
    assert len({instance.intended for instance in group.instances}) == 1
    assert rig.serving() in [[letter] * 3 for letter in expected]
    documents = rig.emulator.environment.view.collections["projects/dojangkok-dev/global/instanceTemplates"].values()
    contents = [(entry.base_id, entry.digest) for document in documents if (entry := template.release_record(document))]
    assert len(contents) == len(set(contents))
    assert rig.never_fewer_than(3)


@pytest.mark.parametrize("fault", FAULTS, ids=str)
@pytest.mark.parametrize("verb", VERBS)
def test_one_spoilt_exchange_changes_nothing(verb: str, fault: dict[str, Any]) -> None:
    """A run with one spoilt exchange ends as a clean run does."""
    for number in range(1 + FAULTS.index(fault) % STRIDE, exchanges(verb) + 1, STRIDE):
        rig = new_rig_for(verb)
        rig.control("POST", "emulator/faults", {"faults": [{"on": "*", "nth": [number], **fault}]})
        spoilt = started(rig, verb)
        spoilt.go()
        assert spoilt.code == 0, f"exchange {number}: {spoilt.error}"
        assert rig.control("GET", "emulator/faults")[0]["fired"] == [1]
        assert_one_version(rig, "a" if verb == "deploy" else "latest")
        assert_policy_of_file(rig)
        CASES.append(f"{verb} {number} {fault}")


@pytest.mark.parametrize("next_verb", ["again", "reconcile", "other"])
@pytest.mark.parametrize("verb", VERBS)
def test_next_process_continues_after_a_kill_at_any_exchange(verb: str, next_verb: str) -> None:
    """The same verb completes the run, reconcile completes or undoes it, and the other verb undoes it."""
    done, before = ("a", "latest") if verb == "deploy" else ("latest", "a")
    for number in range(len(next_verb) % STRIDE, exchanges(verb), STRIDE):
        rig = new_rig_for(verb)
        dying = started(rig, verb)
        assert not dying.go(number)
        dying.kill()
        assert isinstance(dying.error, KilledError)
        other = "rollback" if verb == "deploy" else "deploy"
        following = started(rig, {"again": verb, "reconcile": "reconcile", "other": other}[next_verb])
        following.go()
        assert following.code in ((0,) if next_verb == "reconcile" else (0, 3)), f"exchange {number}: {following.error}"
        rig.emulator.environment.clock.move(600)
        rig.emulator.environment.advance()
        if following.code == 3:
            assert rig.writes().count(("instanceGroupManagers.patch", 200)) in (0, 1, 2, 3)
        assert_one_version(rig, *((done,) if next_verb == "again" and not following.code else (done, before)))
        if next_verb == "reconcile" or (next_verb == "again" and not following.code):
            assert_policy_of_file(rig)
        CASES.append(f"{verb} {number} killed, {next_verb}")


def test_automatic_rollback_survives_every_spoilt_exchange() -> None:
    """The rollback of a broken release ends well if exchanges of any number are answered 503."""
    for number in range(1, 40, 3):
        rig = new_rig_for("deploy")
        rig.control("POST", "emulator/instance-rules", {"never_healthy": True})
        spoilt = {"on": "*", "nth": list(range(number, 400, 40)), "status": 503}
        rig.control("POST", "emulator/faults", {"faults": [spoilt]})
        failing = started(rig, "deploy")
        failing.go()
        assert failing.code == 7
        assert_one_version(rig, "latest")
        CASES.append(f"rollback {number}")


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("verb", VERBS)
def test_edit_before_any_exchange_is_refused_or_named(verb: str, edit: str) -> None:
    """
    An edit before the PATCH is a refusal, a later edit is named in the error, and no edit is overwritten.

    A rollback is not refused for a type of the update policy: its PATCH sets the type.
    """
    done, before = ("a", "latest") if verb == "deploy" else ("latest", "a")
    for number in range(len(edit) % STRIDE, exchanges(verb), STRIDE):
        rig = new_rig_for(verb)
        edited = started(rig, verb)
        edited.go(number)
        patches = rig.writes().count(("instanceGroupManagers.patch", 200))
        rig.control("PATCH", GROUP, EDITS[edit])
        patches += 1
        edited.go()
        document = rig.emulator.environment.view.get(GROUP)
        assert document is not None
        own = rig.writes().count(("instanceGroupManagers.patch", 200)) - patches
        if edit == "description":
            assert edited.code == 0, f"exchange {number}: {edited.error}"
        elif edited.code == 3:
            assert own == 0, f"exchange {number}: refused, and patched"
            assert (
                EDITS[edit].items() <= {**document, "updatePolicy": {"type": document["updatePolicy"]["type"]}}.items()
            )
        elif edited.code:
            assert edited.code in (7, 8), f"exchange {number}: {edited.error}"
            assert "The group was edited during the rollout: " in str(edited.error)
        rig.control("PATCH", GROUP, RESTORED)
        following = started(rig, verb)
        following.go()
        assert following.code in (0, 3), f"exchange {number}: {following.error}"
        rig.emulator.environment.clock.move(600)
        rig.emulator.environment.advance()
        assert_one_version(rig, *((done,) if following.code == 0 else (done, before)))
        CASES.append(f"{verb} {number} {edit}")


@pytest.mark.parametrize("how", ["copied", "created again"])
@pytest.mark.parametrize("verb", VERBS)
def test_template_that_is_copied_or_created_again_before_any_exchange_decides_nothing(verb: str, how: str) -> None:
    """A run ends well although all templates are copied, or deleted and created again; a template in use stays."""
    done, before = ("a", "latest") if verb == "deploy" else ("latest", "a")
    for number in range(len(how) % STRIDE, exchanges(verb), STRIDE):
        rig = new_rig_for(verb)
        running = started(rig, verb)
        running.go(number)
        for index, document in enumerate([*rig.emulator.environment.view.collections[TEMPLATES].values()]):
            body = {"name": document["name"], "properties": document["properties"]}
            if how == "copied":
                rig.control("POST", TEMPLATES, {**body, "name": f"alice-debug-box-{number}-{index}"})
            else:
                rig.control("DELETE", f"{TEMPLATES}/{document['name']}")
                rig.emulator.environment.clock.move(2)
                rig.control("POST", TEMPLATES, body)
        rig.emulator.environment.clock.move(2)
        running.go()
        assert running.code in ((0,) if how == "copied" else (0, 3, 8)), f"exchange {number}: {running.error}"
        rig.emulator.environment.clock.move(600)
        rig.emulator.environment.advance()
        assert_one_version(rig, *((done,) if running.code == 0 else (done, before)))
        kept = [name for name in rig.templates() if name.startswith("alice-")]
        assert len(kept) == (0 if how != "copied" else len({name.rpartition("-")[2] for name in kept}))
        CASES.append(f"{verb} {number} {how}")
