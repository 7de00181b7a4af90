"""
What Google's global external Application Load Balancer does, as the balancer of the laboratory imitates it.

All parameters of the imitation are in this file, each with its source. Those that this repository sets are read from
the Terraform that sets them.

Not known, and so not imitated: how long Google's proxies, which are many, take to learn of a change of the group. The
laboratory's balancer learns of it within POLL_S. While a proxy does not know yet, the instance still runs: it is
stopped `draining_s` later.
"""

import re
from dataclasses import dataclass
from typing import Final

from tests.support.programs import ROOT

POLL_S: Final = 0.25  # between two reads of the group's members

# Seconds for which an idle connection to a backend is kept: "fixed at 10 minutes (600 seconds)", and 610 s by default
# for an idle connection of a client (docs.cloud.google.com/load-balancing/docs/https/request-distribution, read
# 2026-11-27).
BACKEND_KEEP_ALIVE_S: Final = 600
CLIENT_KEEP_ALIVE_S: Final = 610

# Without a retry policy, a request without a body that results in 502, 503 or 504 is retried once; a POST is not
# (docs.cloud.google.com/load-balancing/docs/l7-internal#retries, read 2026-11-27; the same words as for the external
# load balancer).
RETRIES: Final = 1
RETRIED_STATUSES: Final = (502, 503, 504)


@dataclass(frozen=True)
class GoogleBalancer:
    """
    The settings of a backend service and of its health check.

    Args:
        check_interval_s: seconds between two checks of an instance; its path is /readyz.
        check_timeout_s: seconds within which the answer to a check must come.
        healthy_threshold: successful checks in a row until an instance gets requests. A new instance gets none before.
        unhealthy_threshold: failed checks in a row until it gets none.
        request_timeout_s: seconds within which an answer must come.
        draining_s: seconds that requests in progress have when their instance leaves the group. It gets no new
            connection; the deletion of the instance waits so long; then all connections end
            (docs.cloud.google.com/load-balancing/docs/enabling-connection-draining, read 2026-11-27).
        retries: whether the balancer repeats requests by Google's rule; if not, it repeats none.
    """

    check_interval_s: int
    check_timeout_s: int
    healthy_threshold: int
    unhealthy_threshold: int
    request_timeout_s: int
    draining_s: int
    retries: bool = False


@dataclass(frozen=True)
class GroupCheck:
    """
    The health check of the group itself, /health, by which it replaces the next instance.

    Args:
        interval_s: seconds between two checks of an instance.
        healthy_threshold: successful checks in a row until an instance counts as healthy.
        unhealthy_threshold: failed checks in a row until the group recreates it.
    """

    interval_s: int
    healthy_threshold: int
    unhealthy_threshold: int


def production_check() -> GroupCheck:
    """Return the settings of the group's check in iac/."""
    group = (ROOT / "iac/modules/compute-mig/main.tf").read_text()
    return GroupCheck(
        interval_s=_number(group, "check_interval_sec"),
        healthy_threshold=_number(group, "healthy_threshold"),
        unhealthy_threshold=_number(group, "unhealthy_threshold"),
    )


def production() -> GoogleBalancer:
    """Return the settings of the load balancer in iac/."""
    ingress = (ROOT / "iac/modules/ingress/main.tf").read_text()
    fleet = (ROOT / "iac/modules/fleet/main.tf").read_text()
    return GoogleBalancer(
        check_interval_s=_number(ingress, "check_interval_sec"),
        check_timeout_s=_number(ingress, "timeout_sec"),
        healthy_threshold=_number(ingress, "healthy_threshold"),
        unhealthy_threshold=_number(ingress, "unhealthy_threshold"),
        request_timeout_s=_number(fleet, "request_timeout_s"),
        draining_s=_number(fleet, "draining_s"),
    )


def _number(text: str, name: str) -> int:
    """Return the first number that Terraform gives an argument."""
    found = re.search(rf"^\s*{name}\s*=\s*(\d+)\b", text, re.MULTILINE)
    assert found, f"iac: no number for '{name}'. Fix: change tests/system/loss/google_balancer.py with it"
    return int(found[1])
