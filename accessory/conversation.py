"""Having a machine carry out a request, and listening until it is done, over as many connections as that takes."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from accessory.errors import NotAllowedError, StoppedError
from accessory.request import RECEIVE, Request, arguments
from accessory.result import Outcome, heard
from accessory.transport import Transport

# Seconds before the next connection; any word of the machine's begins them anew.
_PAUSES_S: Final = (1.0, 2.0, 5.0, 10.0, 20.0, 30.0)
# Whoever never was let in will not be: a refused login is not to be waited for.
_FIRST_ATTEMPTS: Final = 3


class Conversation:
    """
    One request, and what is known of it.

    Args:
        transport: To the machine.
        request: To be carried out.
        outcome: As it begins.
        say: Told what goes on.
        sleep: Waits some seconds.

    Attributes:
        outcome: What is known until now.
    """

    def __init__(
        self,
        transport: Transport,
        request: Request,
        outcome: Outcome,
        say: Callable[[str], None],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.outcome = outcome
        self._transport = transport
        self._script = request.script()
        self._say = say
        self._sleep = sleep
        self._lines = 0

    def hold(self) -> Outcome:
        """
        Return what the run came to; its exit code is known then.

        Raises:
            NotAllowedError: The machine let nobody in.
            StoppedError: The connection is lost, and the run goes on by itself.
        """
        silent, was_heard = 0, False
        while self.outcome.exit_code is None:
            run, lines = self.outcome.run, self._lines
            try:
                code = self._transport.run(RECEIVE, arguments(run, self._script, lines), self._script, self._hear)
            except NotAllowedError as error:
                if not was_heard:
                    raise
                # The run goes on, and a token that is not had now may be had later.
                self._say(str(error))
                code = NotAllowedError.exit_code
            if self.outcome.exit_code is not None:
                break
            if (self.outcome.run, self._lines) != (run, lines):
                silent, was_heard = 0, True
                if self.outcome.run != run:
                    continue
            if silent == len(_PAUSES_S) or (not was_heard and silent + 1 == _FIRST_ATTEMPTS):
                raise self._lost(code, was_heard=was_heard)
            self._say(f"the connection ended (exit code {code}); again in {_PAUSES_S[silent]:.0f} s")
            self._sleep(_PAUSES_S[silent])
            silent += 1
        return self.outcome

    def _hear(self, numbered: str) -> None:
        number, _, line = numbered.partition("\t")
        if number != str(self._lines + 1):
            # Not the log's: gcloud and ssh-keygen say things on stdout, too.
            return
        self._lines += 1
        word, _, value = line.partition("\t")
        if word == "joins":
            # Somebody wished the same already: their run is followed, from its first line.
            note = f"run {value} was at it already, and was followed"
            self.outcome = replace(self.outcome, run=value, notes=(*self.outcome.notes, note))
            self._lines = 0
        elif word == "begins":
            self._say(f"{value} …")
        self.outcome = heard(self.outcome, line)

    def _lost(self, code: int, *, was_heard: bool) -> NotAllowedError | StoppedError:
        machine, run = self.outcome.machine, self.outcome.run
        if was_heard:
            message = f"{machine}: the connection is lost; run {run} goes on there."
            return StoppedError(message, "'status', or the same again")
        return NotAllowedError(
            f"{machine}: nobody was let in (exit code {code}); what ssh or gcloud says stands above.",
            "a login with roles/iap.tunnelResourceAccessor and roles/compute.osAdminLogin, and the machine's host key",
        )
