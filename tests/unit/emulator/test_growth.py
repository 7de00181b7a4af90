"""The work of a rollout grows linearly with the group: executed lines are counted, because times vary."""

import sys
from types import FrameType
from typing import Any

from tests.unit.emulator.group_rollout import NEW, settings, settled

_LINEAR = 4.0
_TOLERANCE = 1.2


def executed_lines(size: int) -> int:
    """Return the lines and calls that a rollout of a whole group executes, with a surge of a fifth."""
    rollout, count = settled(size, surge=size // 5), 0

    def add(_frame: FrameType, _event: str, _value: Any) -> Any:
        nonlocal count
        count += 1
        return add

    rollout.patch(settings(NEW, size, surge=size // 5))
    before = sys.gettrace()
    sys.settrace(add)
    try:
        rollout.settle()
    finally:
        sys.settrace(before)
    assert set(rollout.versions()) == {NEW}
    return count


def test_rollout_of_four_times_as_many_instances_is_four_times_the_work() -> None:
    """A search of all instances at each event would be sixteen times the work; bench/scale.py has the seconds."""
    small, large = executed_lines(100), executed_lines(400)
    assert large / small <= _LINEAR * _TOLERANCE, f"{small:,} lines for 100 instances, {large:,} for 400"
