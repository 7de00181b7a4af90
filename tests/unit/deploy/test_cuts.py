"""
Every HTTP exchange of a clean deploy and of a clean rollback, spoilt once in every way, and the client killed at each.

After the faults stop, the run itself or the next process ends with one version, one template for each content, and an
exit code that is true. How many cases ran is printed at the end: every fourth exchange of each fault, another
one for each; all of them with `CUTS=all` (.ci/run).
"""

import os
from collections.abc import Iterator
from typing import Any

import pytest

from deploy import template
from tests.unit.deploy.clients import Client, KilledError
from tests.unit.deploy.counts import LINES
from tests.unit.deploy.rig import CONFIG, GROUP, Rig, rig

POLICY = CONFIG.rollout.model_copy(update={"bake_s": 0.0, "poll_s": (20.0, 20.0)})
FAULTS: tuple[dict[str, Any], ...] = (
    *({"status": status} for status in (408, 429, 500, 502, 503, 504)),
    {"cut": "before"}, {"cut": "after"}, {"hang": True},
    {"status": 502, "body": "html"}, {"body": "html"}, {"body": "empty"}, {"body": "truncated"},
)  # fmt: skip
VERBS = ("deploy", "rollback")
STRIDE = 1 if os.environ.get("CUTS") == "all" else 4


@pytest.fixture(scope="module", autouse=True)
def counted() -> Iterator[list[str]]:
    """Says at the end how many cases ran."""
    CASES.clear()
    yield CASES
    each = {verb: exchanges(verb) for verb in VERBS}
    which = "each" if STRIDE == 1 else f"every {STRIDE}th"
    LINES.append(
        f"exchanges: {each}; {len(CASES)} cases, {len(FAULTS)} faults and 3 kills at {which} of them, 0 violations"
    )


CASES: list[str] = []
_EXCHANGES: dict[str, int] = {}


def world(verb: str) -> Rig:
    """What a verb begins with: the seed's release, or one that was deployed over it."""
    one = rig()
    one.config = CONFIG.model_copy(update={"rollout": POLICY})
    if verb == "rollback":
        started(one, "deploy").go()
    return one


def started(one: Rig, verb: str) -> Client:
    """A process that deploys release a, or that goes back from it to the seed's."""
    work = {"deploy": lambda compute: one.deploy("a", compute), "rollback": lambda compute: one.roll_back("", compute)}
    work["reconcile"] = one.reconcile
    return Client(one.api, one.config.project, verb, work[verb])


def exchanges(verb: str) -> int:
    """How many requests it makes when nothing goes wrong."""
    if verb not in _EXCHANGES:
        clean = started(world(verb), verb)
        clean.go()
        assert clean.code == 0
        _EXCHANGES[verb] = clean.exchanges
    return _EXCHANGES[verb]


def assert_one_version(one: Rig, *expected: str) -> None:
    """One version at rest, of what was expected, one template for each content, and nobody missed a machine."""
    group = one.api.world.view.groups[GROUP]
    document = one.api.world.view.get(GROUP)
    assert document is not None
    assert len(document["versions"]) == 1
    assert len({machine.intended for machine in group.machines}) == 1
    assert one.serving() in [[letter] * 3 for letter in expected]
    documents = one.api.world.view.collections["projects/dojangkok-dev/global/instanceTemplates"].values()
    contents = [(entry.base_id, entry.digest) for each in documents if (entry := template.entry(each))]
    assert len(contents) == len(set(contents))
    assert one.never_fewer_than(3)


@pytest.mark.parametrize("fault", FAULTS, ids=str)
@pytest.mark.parametrize("verb", VERBS)
def test_one_spoilt_exchange_changes_nothing(verb: str, fault: dict[str, Any]) -> None:
    for number in range(1 + FAULTS.index(fault) % STRIDE, exchanges(verb) + 1, STRIDE):
        one = world(verb)
        one.control("POST", "emulator/faults", {"faults": [{"on": "*", "nth": [number], **fault}]})
        spoilt = started(one, verb)
        spoilt.go()
        assert spoilt.code == 0, f"exchange {number}: {spoilt.error}"
        assert one.control("GET", "emulator/faults")[0]["fired"] == [1]
        assert_one_version(one, "a" if verb == "deploy" else "latest")
        CASES.append(f"{verb} {number} {fault}")


@pytest.mark.parametrize("next_one", ["again", "reconcile", "other"])
@pytest.mark.parametrize("verb", VERBS)
def test_killed_at_any_exchange_the_next_process_goes_on(verb: str, next_one: str) -> None:
    """The same verb again ends as it would have; reconcile with that or with what was before; the other verb undoes."""
    done, before = ("a", "latest") if verb == "deploy" else ("latest", "a")
    for number in range(len(next_one) % STRIDE, exchanges(verb), STRIDE):
        one = world(verb)
        dying = started(one, verb)
        assert not dying.go(number)
        dying.kill()
        assert isinstance(dying.error, KilledError)
        other = "rollback" if verb == "deploy" else "deploy"
        following = started(one, {"again": verb, "reconcile": "reconcile", "other": other}[next_one])
        following.go()
        assert following.code in ((0,) if next_one == "reconcile" else (0, 3)), f"exchange {number}: {following.error}"
        one.api.world.clock.move(600)
        one.api.world.advance()
        if following.code == 3:
            assert one.writes().count(("instanceGroupManagers.patch", 200)) in (0, 1, 2)
        assert_one_version(one, *((done,) if next_one == "again" and not following.code else (done, before)))
        CASES.append(f"{verb} {number} killed, {next_one}")


def test_way_back_from_a_broken_release_survives_every_spoilt_exchange() -> None:
    """Each exchange from the failure on answered 503 once."""
    for number in range(1, 40, 3):
        one = world("deploy")
        one.control("POST", "emulator/machines", {"never_healthy": True})
        spoilt = {"on": "*", "nth": list(range(number, 400, 40)), "status": 503}
        one.control("POST", "emulator/faults", {"faults": [spoilt]})
        failing = started(one, "deploy")
        failing.go()
        assert failing.code == 7
        assert_one_version(one, "latest")
        CASES.append(f"way back {number}")
