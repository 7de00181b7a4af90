"""A run on the VM and its log, which the client reads over as many connections as necessary."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from accessory.errors import NotAllowedError, StoppedError
from accessory.request import RECEIVE, Request, arguments
from accessory.result import Outcome, add_line
from accessory.transport import Transport

# Seconds before the next connection; each line from the VM restarts the list.
_PAUSES_S: Final = (1.0, 2.0, 5.0, 10.0, 20.0, 30.0)
# Attempts without any line from the VM: more attempts do not help after a refused login.
_FIRST_ATTEMPTS: Final = 3


class Conversation:
    """
    A request and its outcome so far.

    Args:
        transport: connection to the VM.
        request: request for the run.
        outcome: outcome before the first line.
        report_progress: function that prints a line of progress.
        sleep: function that waits some seconds.

    Attributes:
        outcome: outcome after the lines that have arrived.
    """

    def __init__(
        self,
        transport: Transport,
        request: Request,
        outcome: Outcome,
        report_progress: Callable[[str], None],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.outcome = outcome
        self._transport = transport
        self._script = request.script()
        self._state = request.accessory.state
        self._report_progress = report_progress
        self._sleep = sleep
        self._lines = 0

    def run(self) -> Outcome:
        """
        Start or follow the run, and return its outcome with an exit code.

        Raises:
            NotAllowedError: the login to the VM was refused.
            StoppedError: the connection is lost, and the run continues by itself.
        """
        silent_attempts, has_lines = 0, False
        while self.outcome.exit_code is None:
            run, lines = self.outcome.run, self._lines
            try:
                given = arguments(self._state, run, self._script, lines)
                code = self._transport.run(RECEIVE, given, self._script, self._receive)
            except NotAllowedError as error:
                if not has_lines and (self.outcome.run, self._lines) == (run, lines):
                    raise
                # The run continues on the VM, and a later attempt may get a token; a delivered outcome stays.
                if self.outcome.exit_code is None:
                    self._report_progress(str(error))
                code = NotAllowedError.exit_code
            if self.outcome.exit_code is not None:
                break
            if (self.outcome.run, self._lines) != (run, lines):
                silent_attempts, has_lines = 0, True
                if self.outcome.run != run:
                    continue
            if silent_attempts == len(_PAUSES_S) or (not has_lines and silent_attempts + 1 == _FIRST_ATTEMPTS):
                raise self._connection_error(code, has_lines=has_lines)
            self._report_progress(
                f"the connection ended (exit code {code}); next attempt in {_PAUSES_S[silent_attempts]:.0f} s"
            )
            self._sleep(_PAUSES_S[silent_attempts])
            silent_attempts += 1
        return self.outcome

    def _receive(self, numbered: str) -> None:
        number, _, line = numbered.partition("\t")
        if number != str(self._lines + 1):
            # Not a line of the log: gcloud and ssh-keygen print to stdout too.
            return
        self._lines += 1
        word, _, value = line.partition("\t")
        if word == "joins":
            # An equal request is already running: the client follows its run from the first line.
            note = f"run {value} was already in progress; this command followed it"
            self.outcome = replace(self.outcome, run=value, notes=(*self.outcome.notes, note))
            self._lines = 0
        elif word == "begins":
            self._report_progress(f"{value} …")
        self.outcome = add_line(self.outcome, line)

    def _connection_error(self, code: int, *, has_lines: bool) -> NotAllowedError | StoppedError:
        vm, run = self.outcome.vm, self.outcome.run
        if has_lines:
            message = f"{vm}: the connection is lost; run {run} continues on the VM."
            return StoppedError(message, "'status', or the same command again")
        return NotAllowedError(
            f"{vm}: the login was refused (exit code {code}); the output of ssh or gcloud is above.",
            "a login with roles/iap.tunnelResourceAccessor and roles/compute.osAdminLogin, and the VM's host key",
        )
