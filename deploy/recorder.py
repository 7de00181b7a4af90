"""Records what a run of a verb does; of a verb that writes to a group, the record is kept in a file."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Final

from deploy.compute_engine.server_clock import own_time
from deploy.config import Config
from deploy.errors import DeployError, StoppedError
from deploy.options import Invocation
from deploy.report.last_run import read_last_run, write_last_run
from deploy.rollout.interruption import NOT_BEGUN, Interruption, read_interruption
from deploy.rollout.perform import Execution
from deploy.rollout.result import RolloutResult, RunResult
from deploy.rollout.served_release import ServedRelease
from lib.streams import write_error

_KEPT_VERBS: Final = ("deploy", "promote", "abort", "rollback", "reconcile")


class Recorder:
    """
    The record of one run.

    Args:
        invocation: the verb and its options.

    Attributes:
        result: what the run has done until now.
    """

    def __init__(self, invocation: Invocation) -> None:
        self._invocation = invocation
        self._folder = invocation.variables.results
        self._began_s = time.monotonic()
        self._execution: Execution | None = None
        self.result = RunResult(
            verb=invocation.verb,
            environment=invocation.options.env,
            run=invocation.variables.run,
            began_at=own_time(),
        )

    def record_group(self, config: Config) -> None:
        """Record the group, and write the file: the result of the run before must not be taken for this run's."""
        self.result = replace(
            self.result,
            project=config.project,
            zone=config.zone or "",
            region=config.region or "",
            group=config.group,
            compute_url=config.compute_url,
            endpoints=config.endpoint_overrides,
        )
        self._write()

    def record_before(self, release: ServedRelease) -> None:
        """Record the release that the group is set to before this run changes it."""
        self.result = replace(self.result, before=release)

    def record_target(self, release: ServedRelease) -> None:
        """Record the release that the group is to serve."""
        self.result = replace(self.result, target=release)

    def record_undo(self, command: str) -> None:
        """Record the command that restores the version before; empty if there is none."""
        self.result = replace(self.result, undo=command)

    def record_execution(self, execution: Execution) -> None:
        """Record the execution of a plan, whose result so far belongs to a run that fails or is interrupted."""
        self._execution = execution

    def finish(self, result: RolloutResult) -> RunResult:
        """Record the end of a run that succeeded, and write the file."""
        return self._end(replace(self.result, exit_code=0, rollout=result))

    def fail(self, error: DeployError) -> RunResult:
        """Record the end of a run that failed, and write the file."""
        return self._end(
            replace(
                self.result,
                exit_code=error.exit_code,
                rollout=self._rollout(),
                message=error.message,
                fix=error.fix,
                diagnostics=error.diagnostics,
            )
        )

    def interrupt(self) -> RunResult:
        """Record the end of a run that was interrupted, with the state of the group, and write the file."""
        rollout, interruption = self._rollout(), self._interruption()
        return self._end(
            replace(
                self.result,
                exit_code=StoppedError.exit_code,
                rollout=rollout and replace(rollout, changed=interruption.is_applied),
                undo=self.result.undo if interruption.is_applied else "",
                message=f"stopped before the end. {interruption.text}",
            )
        )

    def _rollout(self) -> RolloutResult | None:
        return self._execution.result_so_far() if self._execution else None

    def _interruption(self) -> Interruption:
        if self._execution is None:
            return NOT_BEGUN
        return read_interruption(self._execution.managed, self._execution.result_so_far())

    def _end(self, result: RunResult) -> RunResult:
        with_commands, rollout = self._invocation.with_commands, result.rollout
        if rollout is not None:
            rollout = replace(rollout, warnings=tuple(map(with_commands, rollout.warnings)))
        seconds = round(time.monotonic() - self._began_s, 1)
        self.result = replace(result, seconds=seconds, rollout=rollout, fix=with_commands(result.fix))
        self._write()
        return self.result

    def _write(self) -> None:
        if self._folder is None or self.result.verb not in _KEPT_VERBS or not self.result.group:
            return
        try:
            write_last_run(self._folder, self.result)
        except DeployError as error:
            write_error(f"warning: {error}")


def last_result(folder: Path | None, config: Config) -> RunResult | None:
    """Return the result of the group's last run; None if there is none, or the file can't be read."""
    try:
        return read_last_run(folder, config) if folder else None
    except DeployError as error:
        write_error(f"warning: {error}")
        return None
