"""
The boot phases that a startup script has written to the guest attributes of its instance.

iac/scripts/phases.sh writes them: `BOOT-ID SECONDS`, and for `failed` also the reason. Any process of the instance can
write them, so only values of this form count, their text is bounded, and no value makes a release pass.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from deploy.documents.resource import Document
from deploy.group import serial_output
from deploy.group.observation import Observation
from deploy.release import template
from deploy.release.boot_times import LONGEST_S, PHASES, BootTimes
from lib.output import inline
from lib.redaction import redacted

NAMESPACE: Final = "release"
_FAILED: Final = "failed"
_BOOTED: Final = "booted"
_LATEST_BEGIN_S: Final = 300.0  # later, the script was started again by hand
_BOOT_ID: Final = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_VALUE: Final = re.compile(rf"({_BOOT_ID}) ([0-9]{{1,5}}(?:\.[0-9]{{1,3}})?)(?: (.*))?", re.DOTALL | re.ASCII)
_LONGEST_VALUE: Final = 4_096  # characters of a value that is read; the script writes at most 512
_LONGEST_REASON: Final = 300
_ENABLED: Final = "enable-guest-attributes"


@dataclass(frozen=True)
class Boot:
    """
    What an instance has written of its present boot.

    Args:
        id: id of the boot.
        times: seconds from the start of the VM to each phase.
        failure: why the startup script has failed, as one line without secrets; empty if it has not.
    """

    id: str
    times: BootTimes
    failure: str = ""

    @property
    def is_permanent(self) -> bool:
        """Whether the failure is known as one that no further attempt, and no other instance, resolves."""
        return serial_output.is_permanent(self.failure)


@dataclass(frozen=True)
class BootFacts:
    """
    What is known of the boots of a release before its rollout.

    Args:
        has_phases: whether the template lets a startup script write phases to guest attributes.
        started_s: seconds from the start of a VM to its started containers, of the slowest recorded boot; None if no
            boot was recorded.
    """

    has_phases: bool = False
    started_s: float | None = None


UNKNOWN_BOOT: Final = BootFacts()


def enables_guest_attributes(document: Document) -> bool:
    """Return whether a template enables guest attributes."""
    return template.metadata(document).get(_ENABLED, "").upper() == "TRUE"


def boot_facts(observed: Observation, document: Document) -> BootFacts:
    """
    Return what is known of the boots of a release.

    Args:
        observed: the group and its surroundings.
        document: template of the release.
    """
    return BootFacts(enables_guest_attributes(document), observed.boot.started_s)


def parse_boot(items: Any, ended: Iterable[str] = ()) -> Boot | None:
    """
    Return the present boot of an instance; None if its startup script has not begun to write, or wrote other text,
    or began more than 300 s after the VM.

    Guest attributes survive a restart, so that only values with the boot id of `booted`, the first phase, count.
    Source: two public repositories (read on 2026-11-27).

    Args:
        items: `queryValue.items` of the instance's guest attributes, in any shape.
        ended: ids of boots that have ended.
    """
    values = _values(items)
    boot, began_s, _ = values.get(_BOOTED, ("", 0.0, ""))
    if not boot or boot in ended or began_s > _LATEST_BEGIN_S:
        return None
    present = {key: (at_s, text) for key, (of, at_s, text) in values.items() if of == boot}
    times = BootTimes.of({key: at_s for key, (at_s, _) in present.items() if key in PHASES})
    _, text = present.get(_FAILED, (0.0, ""))
    return Boot(boot, times, _reason(text) if _FAILED in present else "")


def _values(items: Any) -> Mapping[str, tuple[str, float, str]]:
    """Return boot id, seconds and text of each value that has the form of a phase."""
    values = {}
    for item in items if isinstance(items, list) else []:
        row = item if isinstance(item, dict) else {}
        key, value = row.get("key"), row.get("value")
        if row.get("namespace") != NAMESPACE or key not in (*PHASES, _FAILED) or not isinstance(value, str):
            continue
        match = _VALUE.fullmatch(value[:_LONGEST_VALUE].strip())
        if match and float(match[2]) <= LONGEST_S:
            values[str(key)] = (match[1], float(match[2]), match[3] or "")
    return values


def _reason(text: str) -> str:
    """Return a reason as one line of at most 300 characters, without secrets; secrets are removed before the cut."""
    return inline(redacted(text).strip())[:_LONGEST_REASON] or "no reason was written"
