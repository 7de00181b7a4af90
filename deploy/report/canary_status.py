"""The canary of a rollout with steps, as `status` shows it: pure."""

from collections.abc import Callable
from dataclasses import dataclass

from deploy.analysis.reading import CheckSeries
from deploy.config import Config
from deploy.group.canary_health import is_canary_serving
from deploy.group.observation import Observation
from deploy.group.step_rollout import is_paused, share_text, step_rollout
from deploy.report import checks
from deploy.report.described_release import DescribedRelease, described_release
from deploy.rollout.served_release import ServedRelease


@dataclass(frozen=True, kw_only=True)
class CanaryStatus:
    """
    A canary beside the release that the rest of the group serves.

    Args:
        release: the release of the canary.
        step: number of the step that the group is at, from 1.
        steps: number of the steps; the whole group is the last one.
        share: how much of the group is on the canary, such as `1 of 3 instances`.
        is_serving: whether the canary serves from every one of these.
        pauses: whether the rollout pauses after this step until `promote` is called.
        checks_without_data: names of the checks that have no data now. If this is so at the end of the step's bake, the
            rollout pauses although the step has no pause; the group stores no such pause.
    """

    release: DescribedRelease
    step: int
    steps: int
    share: str
    is_serving: bool
    pauses: bool
    checks_without_data: tuple[str, ...]


def canary_status(config: Config, observed: Observation, read_checks: tuple[CheckSeries, ...]) -> CanaryStatus | None:
    """Return the canary of a group; None if it is in no rollout with steps. Args: as `status`."""
    rollout = step_rollout(observed)
    if rollout is None:
        return None
    return CanaryStatus(
        release=described_release(config, rollout.canary.new.template, rollout.template),
        step=rollout.index + 1,
        steps=len(rollout.record.steps) + 1,
        share=share_text(observed.group, rollout.canary),
        is_serving=is_canary_serving(observed.group, rollout.canary),
        pauses=is_paused(observed.group, rollout),
        checks_without_data=checks.without_data(read_checks),
    )


def canary_lines(canary: CanaryStatus, name: Callable[[ServedRelease], str]) -> list[str]:
    """Return what `status` prints of a canary; `name` returns the name of a release."""
    state = "serves" if canary.is_serving else "does not serve yet"
    names = ", ".join(f"'{name}'" for name in canary.checks_without_data)
    no_data = [f"no data of check{'s' if ',' in names else ''} {names}"] if names else []
    unplanned = ["a pause after the bake, until `promote`, or `reconcile` with data"] if names else []
    pause = ["then a pause until `promote`"] if canary.pauses else unplanned
    step = [f"step {canary.step} of {canary.steps}", canary.share, state, *no_data, *pause]
    return [f"canary {canary.release.named(name)}", " · ".join([*canary.release.origin, *step])]
