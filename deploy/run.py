"""One run of a verb: what it works with, what is known of it, and how it ends."""

import contextlib
import os
import secrets
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from pathlib import Path

from deploy.compute_engine.managed_group import ManagedGroup
from deploy.compute_engine.server_clock import own_time
from deploy.config import Config
from deploy.documents.group_state import Version
from deploy.endpoints import with_endpoint_lines
from deploy.environment_file import read_config
from deploy.errors import DeployError, StoppedError
from deploy.group.observation import Observation
from deploy.group.unattended_rollout import unattended_rollout
from deploy.options import Settings
from deploy.release import history
from deploy.report import formats, lastrun
from deploy.report.progress import shown
from deploy.report.rebuilt import serving
from deploy.rollout.perform import Rollout
from deploy.rollout.result import Outcome, Result
from deploy.session import Session, opened
from lib.streams import write_error, write_progress

_RESULTS = "DEPLOY_RESULTS"
# GitHub sends SIGTERM 7.5 s after SIGINT, and kills 2.5 s later.
_LAST_LOOK_S = 5.0
_KEPT = ("deploy", "rollback", "reconcile")


class Run:
    """
    One run of a verb.

    Args:
        verb: As it is typed.
        settings: Of every verb.

    Attributes:
        outcome: What is known of this run until now.
    """

    def __init__(self, verb: str, settings: Settings) -> None:
        self.settings = settings
        self.id = os.environ.get("GITHUB_RUN_ID") or secrets.token_hex(4)
        self.outcome = Outcome(verb, settings.env, "", "", "", self.id, own_time())
        self._began_s = time.monotonic()
        self._rollout: Rollout | None = None

    @cached_property
    def config(self) -> Config:
        """
        The environment.

        Raises:
            ConfigError: It can't be.
        """
        config = read_config(self.settings.env, self.settings.overrides())
        self.outcome = replace(
            self.outcome,
            project=config.project,
            zone=config.zone,
            group=config.group,
            compute_url=config.compute_url,
            endpoints=config.endpoint_overrides,
        )
        self._keep()
        return config

    def within(self, timeout_s: float | None) -> None:
        """
        Give this run another time than its environment's; None keeps that.

        Raises:
            ConfigError: It is no time.
        """
        if timeout_s is not None:
            self.config = self.config.with_timeout(timeout_s)

    @cached_property
    def session(self) -> Session:
        """
        The API and the registry.

        Raises:
            NotAllowedError: There are no credentials.
        """
        return opened(self.config, self.settings.credentials, self.settings.registry_credentials)

    def observed(self) -> Observation:
        """Read everything that a decision needs, and remember what the group served before this run."""
        observed = self.session.observed()
        self.outcome = replace(self.outcome, was=serving(observed.template, self.config.repository))
        return observed

    def server_time(self) -> datetime:
        """Return what time it is at Compute Engine, as far as its answers until now tell."""
        return self.session.compute.server_clock.now()

    @contextlib.contextmanager
    def rollout(self) -> Iterator[Rollout]:
        """Give what performs a rollout, and show on stderr how it goes until the end of the block."""
        with shown(sys.stderr) as show:
            self._rollout = Rollout(self.session.compute, self.config, write_progress, show)
            yield self._rollout

    def knows(self, **known: object) -> None:
        """Add to what is known of this run."""
        self.outcome = replace(self.outcome, **known)  # type: ignore[arg-type]

    def undo(self, observed: Observation, target: Version | None, *, is_proven: bool = True) -> str:
        """
        Return the command that puts the group back onto a version; empty if there is none.

        Args:
            observed: Before this run changed it.
            target: To go back to; None if nothing ever was good.
            is_proven: Whether a template will name it as the last good one, so that nobody has to insist.
        """
        if target is None:
            return ""
        known = history.releases(observed.templates, self.config.repository, observed.group.qualified_name, serving="")
        release = next((one for one in known if one.is_in({target.link})), None)
        if release is None:
            # Nobody's release: what the first release of a group took the place of, and `rollback` alone goes back to.
            return self.command("rollback")
        insisting = [] if is_proven or release.is_proven else ["--force"]
        return self.command("rollback", "--to", target.template, *insisting)

    def command(self, verb: str, *arguments: str) -> str:
        """Return what a person types for another verb on the same group."""
        prefix = os.environ.get("DEPLOY_COMMAND") or "uv run --project deploy python -m deploy"
        typed = os.environ.get("DEPLOY_ARGUMENTS")
        flags = self.settings.flags() if typed is None else typed.split()
        return " ".join((prefix, verb, "--env", self.settings.env, *flags, *arguments))

    def headed(self, report: str) -> str:
        """Return a report below the endpoints that are not the environment file's."""
        return with_endpoint_lines(self.config.endpoint_overrides, report, self.settings.shape)

    def done(self, result: Result) -> str:
        """Keep what a rollout came to, and return its report."""
        return self._ended(0, result=result)

    def failed(self, error: DeployError) -> str:
        """Keep what went wrong, and return its report."""
        result = self._rollout.so_far() if self._rollout else None
        return self._ended(
            error.exit_code, result=result, message=error.message, fix=error.fix, evidence=error.diagnostics
        )

    def interrupted(self) -> str:
        """Keep that somebody stopped this run, and return its report: what the cloud still does, and what to type."""
        result = self._rollout.so_far() if self._rollout else None
        text, is_told = self._aftermath(result)
        if result is not None:
            result = replace(result, changed=is_told)
        if not is_told:
            self.knows(undo="")
        return self._ended(StoppedError.exit_code, result=result, message=f"stopped driving. {text}")

    def _aftermath(self, result: Result | None) -> tuple[str, bool]:
        """Read the group once more, as long as somebody who is leaving waits."""
        if result is None:
            return "Nothing was written.", False
        found: list[tuple[str, bool]] = []

        def read() -> None:
            with contextlib.suppress(DeployError):
                managed = ManagedGroup(self.session.compute, self.config.zone, self.config.group)
                state = unattended_rollout(managed.read(), result.version, result.before, is_patched=result.changed)
                found.append(state)

        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        reader.join(_LAST_LOOK_S)
        return found[0] if found else ("The group can't be read: what it was told is not known.", True)

    def last(self) -> Outcome | None:
        """Return what the last run of this group came to; None if that is not kept, or can't be read."""
        folder = os.environ.get(_RESULTS)
        try:
            return lastrun.read(Path(folder), self.config) if folder else None
        except DeployError as error:
            write_error(f"warning: {error}")
            return None

    def _ended(self, exit_code: int, **known: object) -> str:
        self.knows(exit_code=exit_code, seconds=round(time.monotonic() - self._began_s, 1), **known)
        self._keep()
        return formats.outcome(self.outcome, self.command, self.settings.shape)

    def _keep(self) -> None:
        """Write the outcome as it is; from the first moment on, so that of a killed run the one before is not told."""
        folder = os.environ.get(_RESULTS)
        if not (folder and self.outcome.verb in _KEPT and self.outcome.group):
            return
        try:
            lastrun.keep(Path(folder), self.outcome)
        except DeployError as error:
            write_error(f"warning: {error}")
