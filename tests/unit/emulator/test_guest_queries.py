"""How often the guest attributes of an instance may be read."""

from emulator.environment.guest_queries import GuestQueries


def test_burst_is_three_reads_a_second() -> None:
    """The fourth read within a second is refused, and counts neither then nor later; other instances are apart."""
    queries = GuestQueries()
    assert [queries.add("a", at_s) for at_s in (10.0, 10.1, 10.2, 10.3, 10.9)] == [True, True, True, False, False]
    assert queries.add("b", 10.9)
    assert queries.add("a", 11.0)


def test_minute_has_ten_reads() -> None:
    """The eleventh read of a minute is refused, until the first is a minute old."""
    queries = GuestQueries()
    assert [queries.add("a", 5.0 * number) for number in range(12)] == [True] * 10 + [False] * 2
    assert queries.add("a", 60.0)
    assert not queries.add("a", 61.0)
