"""Results of a rollout and of a run of a verb: frozen data, kept as JSON, printed by report/."""

from dataclasses import dataclass
from datetime import datetime

from deploy.analysis.reading import CheckSeries
from deploy.documents.group_state import Version
from deploy.endpoints import EndpointOverride
from deploy.errors import DeployError
from deploy.release.boot_times import NO_BOOT, BootTimes
from deploy.rollout.served_release import ServedRelease


@dataclass(frozen=True)
class Phase:
    """
    A part of a rollout that took time.

    Args:
        name: milestone at the end of the phase, such as `first healthy`.
        seconds: length of the phase; the lengths of all phases add up to the length of the rollout.
    """

    name: str
    seconds: float


@dataclass(frozen=True)
class InstanceTimes:
    """
    When an instance was in which state, in seconds from the start of the rollout; None for what no poll showed.

    Args:
        name: name of the instance.
        template: name of the template that the instance has, or is meant to have.
        release: first 12 digits of the image's digest, if the version's name has them; else empty.
        is_new: whether the instance is of the version that is rolled out.
        state: state at the last poll, such as verifying, healthy, deleting or deleted.
        since_s: time of the first poll that showed this state.
        first_poll_s: time of the first poll that showed the instance.
        running_s: time of the first poll that showed the instance RUNNING.
        healthy_s: time of the first poll that showed the instance HEALTHY.
        deleted_s: time of the first poll that lacked the instance.
        boot: phases that the instance wrote of its last boot, which began at running_s.
    """

    name: str
    template: str
    release: str
    is_new: bool
    state: str
    since_s: float
    first_poll_s: float
    running_s: float | None = None
    healthy_s: float | None = None
    deleted_s: float | None = None
    boot: BootTimes = NO_BOOT


@dataclass(frozen=True)
class Pause:
    """
    The step at which a rollout waits for a person.

    Args:
        step: number of the step, from 1.
        steps: number of the steps; the whole group is the last one, and the only one of a rollout without steps.
        share: how much of the group has the new release, such as `1 of 3 instances`.
        text: why the rollout pauses although the step has no pause; empty for a pause of the environment file.
    """

    step: int
    steps: int
    share: str
    text: str = ""

    def __str__(self) -> str:
        return f"paused at step {self.step} of {self.steps}" if self.steps > 1 else "paused after the bake"


@dataclass(frozen=True, kw_only=True)
class RolloutResult:
    """
    What a rollout has done, up to its end or its interruption.

    Args:
        changed: whether this process wrote a target version to the group.
        target: version entry that the group was to have.
        before: version entry that the group had.
        phases: parts of the rollout, in order.
        instances: every instance that a poll showed, in the order of the polls.
        pruned: names of the templates that were deleted.
        warnings: facts that the operator should read, one line each.
        requests: number of requests to Compute Engine.
        prunable: number of templates that a later prune may delete.
        is_empty: whether the group had no instances at the end, so that nothing proves its version.
        restored_policy: whether this process replaced the surge of a rollout by that of the environment file.
        surge: instances above the target size, if they are more than the environment file's; None if they are not.
        pause: step at which the rollout waits for `promote` or `abort`; None if it does not.
        checks: checks of the analysis with their readings.
    """

    changed: bool
    target: Version
    before: Version
    phases: tuple[Phase, ...] = ()
    instances: tuple[InstanceTimes, ...] = ()
    pruned: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    requests: int = 0
    prunable: int = 0
    is_empty: bool = False
    restored_policy: bool = False
    surge: int | None = None
    pause: Pause | None = None
    checks: tuple[CheckSeries, ...] = ()


@dataclass(frozen=True)
class PruneResult:
    """
    What a prune has done.

    Args:
        templates: names of the deleted templates, oldest first.
        remaining: number of templates that a later prune may delete.
        error: why the prune ended early; None if it did not.
    """

    templates: tuple[str, ...] = ()
    remaining: int = 0
    error: DeployError | None = None


@dataclass(frozen=True, kw_only=True)
class RunResult:
    """
    One run of a verb that writes.

    Args:
        verb: deploy, promote, abort, rollback or reconcile.
        environment: name of the environment file, as `--env` has it.
        project: project of the group.
        zone: zone of a zonal group; empty for a regional one.
        region: region of a regional group; empty for a zonal one.
        group: name of the group; empty while the environment file is not read.
        run: id of the run.
        began_at: start of the run, UTC.
        seconds: time from the start to the end.
        exit_code: exit code of the run; None while the run has not ended, or if its end was not recorded.
        before: release that the group was set to before the run; None if the group was not read.
        target: release that the group was to serve; None if that was not decided.
        rollout: result of the rollout; None if no rollout began.
        message: what failed; empty on success.
        fix: one action against the failure; empty if there is none.
        diagnostics: lines about the failed instance, without secrets.
        undo: command that restores the version before; empty if there is none.
        is_rebuilt: whether this result was read from the group, because the run itself left none.
        compute_url: Compute Engine endpoint of the group.
        endpoints: endpoints that differ from the environment file.
    """

    verb: str
    environment: str
    project: str = ""
    zone: str = ""
    region: str = ""
    group: str = ""
    run: str
    began_at: datetime
    seconds: float = 0.0
    exit_code: int | None = None
    before: ServedRelease | None = None
    target: ServedRelease | None = None
    rollout: RolloutResult | None = None
    message: str = ""
    fix: str = ""
    diagnostics: tuple[str, ...] = ()
    undo: str = ""
    is_rebuilt: bool = False
    compute_url: str = ""
    endpoints: tuple[EndpointOverride, ...] = ()
