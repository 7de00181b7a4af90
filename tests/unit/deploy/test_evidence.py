"""What a failed machine has to say is shown, and never stands in front of the way back."""

from typing import Any

import pytest

from deploy import evidence
from deploy.errors import CloudError, NotAllowedError, RefusedError, RolledBackError
from deploy.observed import Group, Machine, Version
from tests.unit.deploy.faulty import behave, world

NEW = Version("new", "v")


@pytest.mark.parametrize("error", [CloudError("GET: 503"), NotAllowedError("no token"), RefusedError("not found")])
def test_group_that_can_not_be_read_for_evidence_is_rolled_back_all_the_same(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = world()
    behave(one, "b", never_healthy=True)

    def unreadable(*_: Any) -> Group:
        raise error

    monkeypatch.setattr(evidence, "read_group", unreadable)
    with pytest.raises(RolledBackError) as failure:
        one.deploy("b")
    assert failure.value.evidence == ()
    assert one.serving() == ["latest"] * 3


def test_machine_that_does_not_serve_is_the_one_that_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """At a deadline no machine is named; the first may well be healthy."""
    one = world()
    machines = (
        Machine("web-1", NEW, "RUNNING", "NONE", "HEALTHY"),
        Machine("web-2", NEW, "RUNNING", "VERIFYING", "UNHEALTHY"),
    )
    found = Group({}, (NEW,), 2, "f", False, False, machines)
    monkeypatch.setattr(evidence, "read_group", lambda *_: found)
    said = evidence.evidence(one.compute(), one.config, NEW, "")
    assert said == ("web-2: VERIFYING RUNNING UNHEALTHY",)
    compute = one.compute()
    key = [f"{mark} PRIVATE KEY-----" for mark in ("-----BEGIN", "-----END")]
    said_by_it = "\r\n".join(["first", key[0], *("MIIEow" * 9 for _ in range(20)), key[1], "last"])
    compute.get = lambda *_: {"contents": said_by_it}  # type: ignore[method-assign]
    assert evidence.evidence(compute, one.config, NEW, "")[1:] == ("  | first", "  | …", "  | last")
    assert evidence.evidence(one.compute(), one.config, NEW, "web-1")[0] == "web-1: NONE RUNNING HEALTHY"
