"""Which firewall rules admit the probes of health checks."""

from typing import Any

import pytest

from deploy.doctor.firewall import PROBE_RANGES, blocked_ranges

PROPERTIES: dict[str, Any] = {
    "tags": {"items": ["ai-server"]},
    "serviceAccounts": [{"email": "ai-server@p.iam.gserviceaccount.com"}],
}
ALLOWANCE: dict[str, Any] = {
    "direction": "INGRESS",
    "priority": 1000,
    "sourceRanges": list(PROBE_RANGES),
    "allowed": [{"IPProtocol": "tcp", "ports": ["8000"]}],
}
DENIAL: dict[str, Any] = {"direction": "INGRESS", "sourceRanges": ["0.0.0.0/0"], "denied": [{"IPProtocol": "all"}]}


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"targetTags": ["ai-server"]},
        {"targetServiceAccounts": ["ai-server@p.iam.gserviceaccount.com"]},
        {"sourceRanges": ["::/0", "0.0.0.0/0"]},
        {"sourceRanges": []},
        {"allowed": [{"IPProtocol": "all"}]},
        {"allowed": [{"IPProtocol": "tcp"}]},
        {"allowed": [{"IPProtocol": "udp"}, {"IPProtocol": "6", "ports": ["22", "7999-8001"]}]},
    ],
)
def test_rule_that_admits_probes(change: dict[str, Any]) -> None:
    """A rule for these instances, this port and both ranges admits the probes."""
    assert blocked_ranges([ALLOWANCE | change], PROPERTIES, 8000) == ()


@pytest.mark.parametrize(
    ("change", "blocked"),
    [
        ({"disabled": True}, PROBE_RANGES),
        ({"direction": "EGRESS"}, PROBE_RANGES),
        ({"targetTags": ["vllm"]}, PROBE_RANGES),
        ({"targetServiceAccounts": ["vllm@p.iam.gserviceaccount.com"]}, PROBE_RANGES),
        ({"sourceRanges": [], "sourceTags": ["ai-server"]}, PROBE_RANGES),
        ({"sourceRanges": ["35.191.0.0/16"]}, PROBE_RANGES[1:]),
        ({"sourceRanges": ["35.191.0.0/17", "130.211.0.0/22"]}, PROBE_RANGES[:1]),
        ({"allowed": [{"IPProtocol": "udp", "ports": ["8000"]}]}, PROBE_RANGES),
        ({"allowed": [{"IPProtocol": "tcp", "ports": ["8001-9000"]}]}, PROBE_RANGES),
    ],
)
def test_rule_that_admits_no_probes(change: dict[str, Any], blocked: tuple[str, ...]) -> None:
    """A rule for other instances, sources, protocols or ports leaves the ranges blocked."""
    assert blocked_ranges([ALLOWANCE | change], PROPERTIES, 8000) == blocked


@pytest.mark.parametrize(("priority", "is_blocked"), [(999, True), (1000, True), (1001, False)])
def test_rule_of_the_lowest_priority_number_decides(priority: int, is_blocked: bool) -> None:
    """A denial before the allowance blocks the probes, also one of the same priority."""
    rules = [ALLOWANCE, DENIAL | {"priority": priority}]
    assert blocked_ranges(rules, PROPERTIES, 8000) == (PROBE_RANGES if is_blocked else ())


def test_without_a_rule_every_range_is_blocked() -> None:
    """A network without rules denies ingress, and an unknown port matches each allowed one."""
    assert blocked_ranges([], PROPERTIES, 8000) == PROBE_RANGES
    assert blocked_ranges([ALLOWANCE], PROPERTIES, 0) == ()
