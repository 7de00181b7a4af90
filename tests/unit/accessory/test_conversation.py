"""Listening over as many connections as it takes."""

from collections.abc import Callable, Sequence

import pytest

from accessory.conversation import Conversation
from accessory.errors import NotAllowedError, StoppedError
from accessory.request import Request
from accessory.result import Outcome
from accessory.transport import Transport
from tests.unit.accessory.outcomes import BEGUN
from tests.unit.accessory.settings import CHROMA


class Connections(Transport):
    """Says, connection by connection, what it was told to; the last one again and again."""

    def __init__(self, *said: Sequence[str]) -> None:
        self.said = list(said)
        self.asked: list[tuple[str, str]] = []

    def argv(self, command: str) -> list[str]:
        raise NotImplementedError

    def run(self, script: str, arguments: Sequence[str], stdin: bytes, heard: Callable[[str], None]) -> int:
        self.asked.append((arguments[0], arguments[3]))
        said = self.said.pop(0) if len(self.said) > 1 else self.said[0]
        heard("Generating public/private rsa key pair.")
        for number, line in enumerate(said, start=int(arguments[3]) + 1):
            heard(f"{number}\t{line}")
        return 255


def held(transport: Connections) -> tuple[Outcome, list[float]]:
    slept: list[float] = []
    request = Request("rollback", "chromadb", CHROMA, "r1", "me")
    return Conversation(transport, request, BEGUN, lambda _: None, slept.append).hold(), slept


def test_cut_connection_is_taken_up_behind_the_last_whole_line() -> None:
    transport = Connections(["begins\tpull", "took\tpull\t5"], [], ["note\tx"], ["end\t0"])
    outcome, slept = held(transport)
    assert outcome.exit_code == 0
    assert transport.asked == [("r1", "0"), ("r1", "2"), ("r1", "2"), ("r1", "3")]
    assert slept == [1, 2, 1]


def test_line_that_came_already_is_not_heard_again() -> None:
    class Twice(Connections):
        def run(self, script: str, arguments: Sequence[str], stdin: bytes, heard: Callable[[str], None]) -> int:
            for line in ("1\ttook\tpull\t5", "1\ttook\tpull\t5", "2\tend\t0"):
                heard(line)
            return 0

    assert len(held(Twice())[0].phases) == 1


def test_equal_wish_of_somebody_else_is_followed_from_its_beginning() -> None:
    transport = Connections(["joins\tr0"], ["took\tpull\t5", "end\t0"])
    outcome, slept = held(transport)
    assert (outcome.run, outcome.notes, slept) == ("r0", ("run r0 was at it already, and was followed",), [])
    assert transport.asked == [("r1", "0"), ("r0", "0")]


def test_login_that_is_refused_is_not_waited_for() -> None:
    with pytest.raises(NotAllowedError, match=r"dojangkok-dev-chromadb: nobody was let in \(exit code 255\)"):
        held(Connections([]))


def test_login_that_fails_later_is_tried_again() -> None:
    class Google(Connections):
        def run(self, script: str, arguments: Sequence[str], stdin: bytes, heard: Callable[[str], None]) -> int:
            if len(self.asked) == 1:
                self.asked.append(("", ""))
                raise NotAllowedError("no token")
            return super().run(script, arguments, stdin, heard)

    assert held(Google(["begins\tpull"], ["end\t0"]))[0].exit_code == 0


def test_machine_that_is_lost_goes_on_by_itself() -> None:
    transport = Connections(["begins\tpull"], [])
    with pytest.raises(StoppedError, match=r"the connection is lost; run r1 goes on there. Fix: 'status', or the same"):
        held(transport)
    assert len(transport.asked) == 7
