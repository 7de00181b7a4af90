"""Virtual time and its timestamps."""

from emulator.environment.clock import Clock, reopened_s, timestamp


def test_a_clock_runs_at_its_speed_or_by_hand() -> None:
    """A scaled clock follows real time at its speed; a manual clock changes only by a move."""
    real_s = [100.0]
    scaled, manual = Clock(1_000, 60, lambda: real_s[0]), Clock(1_000, None, lambda: real_s[0])
    real_s[0] += 2
    manual.move(5)
    assert (scaled.now_s(), manual.now_s()) == (1_120, 1_005)
    assert (scaled.real_s(60), manual.real_s(60)) == (1, 0)


def test_timestamps_are_in_pacific_time() -> None:
    """A timestamp has the offset of Pacific time, in summer and in winter."""
    assert timestamp(1_767_225_600.5) == "2025-12-31T16:00:00.500-08:00"
    assert timestamp(1_782_864_000) == "2026-06-30T17:00:00.000-07:00"


def test_only_a_settled_state_continues_at_the_present() -> None:
    """A state with a scheduled change continues where it stopped, and no state runs backwards."""
    assert reopened_s(100, 500, is_settled=True) == 500
    assert reopened_s(100, 500, is_settled=False) == 100
    assert reopened_s(900, 500, is_settled=True) == 900
