"""A run continues over several connections."""

from collections.abc import Callable, Sequence

import pytest

from accessory.conversation import Conversation
from accessory.errors import NotAllowedError, StoppedError
from accessory.request import Request
from accessory.result import Outcome
from accessory.transport import Transport
from tests.unit.accessory.outcomes import STARTED
from tests.unit.accessory.settings import CHROMA

RUNS = f"{CHROMA.state}/runs"


class Connections(Transport):
    """Connections with given lines; the lines of the last one repeat."""

    def __init__(self, *connections: Sequence[str]) -> None:
        self.connections = list(connections)
        self.calls: list[tuple[str, str]] = []

    def argv(self, command: str) -> list[str]:
        raise NotImplementedError

    def run(self, script: str, arguments: Sequence[str], stdin: bytes, receive: Callable[[str], None]) -> int:
        self.calls.append((arguments[0], arguments[3]))
        lines = self.connections.pop(0) if len(self.connections) > 1 else self.connections[0]
        receive("Generating public/private rsa key pair.")
        for number, line in enumerate(lines, start=int(arguments[3]) + 1):
            receive(f"{number}\t{line}")
        return 255


def run_conversation(transport: Connections) -> tuple[Outcome, list[float]]:
    """Run a conversation, and return its outcome and the pauses between connections."""
    pauses: list[float] = []
    request = Request("rollback", "chromadb", CHROMA, "r1", "me")
    return Conversation(transport, request, STARTED, lambda _: None, pauses.append).run(), pauses


def test_cut_connection_continues_after_the_last_complete_line() -> None:
    """The next connection requests the lines that the client lacks."""
    transport = Connections(["begins\tpull", "took\tpull\t5"], [], ["note\tx"], ["end\t0"])
    outcome, pauses = run_conversation(transport)
    assert outcome.exit_code == 0
    assert transport.calls == [(f"{RUNS}/r1", lines) for lines in ("0", "2", "2", "3")]
    assert pauses == [1, 2, 1]


def test_repeated_line_is_ignored() -> None:
    """A line with a number that the client already has changes nothing."""

    class Twice(Connections):
        def run(self, script: str, arguments: Sequence[str], stdin: bytes, receive: Callable[[str], None]) -> int:
            for line in ("1\ttook\tpull\t5", "1\ttook\tpull\t5", "2\tend\t0"):
                receive(line)
            return 0

    assert len(run_conversation(Twice())[0].phases) == 1


def test_equal_request_of_another_client_is_followed() -> None:
    """The client follows the other run from its first line and reports this."""
    transport = Connections(["joins\tr0"], ["took\tpull\t5", "end\t0"])
    outcome, pauses = run_conversation(transport)
    assert (outcome.run, outcome.notes, pauses) == (
        "r0",
        ("run r0 was already in progress; this command followed it",),
        [],
    )
    assert transport.calls == [(f"{RUNS}/r1", "0"), (f"{RUNS}/r0", "0")]


def test_refused_login_is_not_retried_for_long() -> None:
    """Without any line from the VM the client gives up after three attempts."""
    with pytest.raises(NotAllowedError, match=r"dojangkok-dev-chromadb: the login was refused \(exit code 255\)"):
        run_conversation(Connections([]))


def test_later_login_failure_is_retried() -> None:
    """After the first line a failed login does not end the client."""

    class Google(Connections):
        def run(self, script: str, arguments: Sequence[str], stdin: bytes, receive: Callable[[str], None]) -> int:
            if len(self.calls) == 1:
                self.calls.append(("", ""))
                raise NotAllowedError("no token")
            return super().run(script, arguments, stdin, receive)

    assert run_conversation(Google(["begins\tpull"], ["end\t0"]))[0].exit_code == 0


class RefusedAtTheEnd(Connections):
    """Connections of which the first fails after its lines, as one does whose stderr is about a disabled API."""

    def run(self, script: str, arguments: Sequence[str], stdin: bytes, receive: Callable[[str], None]) -> int:
        code = super().run(script, arguments, stdin, receive)
        if len(self.calls) == 1:
            raise NotAllowedError("gcloud failed, because the project has not enabled an API.")
        return code


@pytest.mark.parametrize(
    ("connections", "attempts", "code"),
    [([["begins\tpull", "end\t6"]], 1, 6), ([["begins\tpull"], ["end\t0"]], 2, 0), ([["joins\tr0"], ["end\t0"]], 2, 0)],
)
def test_refusal_after_the_first_line_changes_no_outcome(
    connections: list[list[str]], attempts: int, code: int
) -> None:
    """Once the VM has answered, an error of the connection is no refusal: the run's own exit code counts."""
    transport = RefusedAtTheEnd(*connections)
    assert run_conversation(transport)[0].exit_code == code
    assert len(transport.calls) == attempts


def test_refusal_before_the_first_line_ends_the_command() -> None:
    """Without a line of the log the refusal is the error, although gcloud has printed to stdout."""
    with pytest.raises(NotAllowedError, match="has not enabled an API"):
        run_conversation(RefusedAtTheEnd([]))


def test_lost_connection_is_reported_as_a_continuing_run() -> None:
    """After the last attempt the error says that the run continues on the VM."""
    transport = Connections(["begins\tpull"], [])
    with pytest.raises(
        StoppedError, match=r"connection is lost; run r1 continues on the VM. Fix: 'status', or the same"
    ):
        run_conversation(transport)
    assert len(transport.calls) == 7
