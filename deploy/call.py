"""One call of a verb: what every verb reads, performs and prints."""

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NoReturn

from deploy.config import Config
from deploy.environment_file import read_config
from deploy.errors import ExitCode
from deploy.group.observation import Observation
from deploy.options import Invocation
from deploy.recorder import Recorder
from deploy.report.formats import run_report, with_endpoint_lines
from deploy.report.progress import progress_on
from deploy.rollout.analysis import Analysis
from deploy.rollout.perform import Execution
from deploy.rollout.plan import Plan
from deploy.rollout.result import RunResult
from deploy.rollout.served_release import served_release
from deploy.session import Session, open_session
from lib.streams import write_error, write_progress, write_report


@dataclass(frozen=True)
class Call:
    """
    One call of a verb.

    Args:
        invocation: options and environment variables of the call.
        recorder: record of the run.
    """

    invocation: Invocation
    recorder: Recorder

    def read_config(self, timeout_s: float | None = None) -> Config:
        """
        Read the environment file.

        Args:
            timeout_s: seconds until a rollout has failed; None for the time of the environment file.

        Raises:
            ConfigError: the file is absent, or a value is wrong.
        """
        options = self.invocation.options
        config = read_config(options.env, options.overrides(), options.settings)
        self.recorder.record_group(config)
        return config if timeout_s is None else config.with_timeout(timeout_s)

    def open_session(self, config: Config) -> Session:
        """Connect to Compute Engine and the registry."""
        options = self.invocation.options
        return open_session(config, options.credentials, options.registry_credentials, options.prometheus_token)

    def read_observation(self, session: Session, config: Config, *, reads_region: bool = False) -> Observation:
        """Read the group and its surroundings, and record what it is set to; `reads_region` is that of the reader."""
        observed = session.read_observation(reads_region=reads_region)
        self.recorder.record_before(served_release(observed.template, config.repository, config.image_in))
        return observed

    def print_warnings(self, warnings: Iterable[str]) -> None:
        """Print the warnings of a plan before its first write."""
        for warning in warnings:
            write_error(f"warning: {warning}")

    def perform(self, session: Session, config: Config, plan: Plan) -> None:
        """Perform a plan, show its progress on stderr, and print the report."""
        with progress_on(sys.stderr) as show_snapshot:
            analysis = Analysis(session.checks) if session.checks else None
            execution = Execution(session.managed, config, plan, write_progress, show_snapshot, analysis)
            self.recorder.record_execution(execution)
            result = execution.perform()
        self.print_result(self.recorder.finish(result))

    def print_result(self, result: RunResult) -> None:
        """Print the report of a run."""
        options = self.invocation.options
        write_report(run_report(result, self.invocation.command, options.format, is_long=options.long))

    def refuse(self, config: Config, report: str) -> NoReturn:
        """Print a report as the last block of stderr, and end as a refusal."""
        write_error(with_endpoint_lines(config.endpoint_overrides, report, self.invocation.options.format))
        raise SystemExit(ExitCode.REFUSED)

    def print_report(self, config: Config, report: str) -> None:
        """Print a report below the endpoints that differ from the environment file."""
        write_report(with_endpoint_lines(config.endpoint_overrides, report, self.invocation.options.format))
