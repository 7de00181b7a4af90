"""The analysis of a rollout: reads the checks of the environment at each poll of a bake, and judges them."""

from dataclasses import dataclass, field

from deploy.analysis.reading import CheckSeries
from deploy.analysis.verdict import analysis_verdict
from deploy.documents.canary import Canary, Target, target_of
from deploy.documents.group_state import Group, Version
from deploy.errors import RefusedError
from deploy.prometheus.checks_reader import ChecksReader
from deploy.rollout.bake_check import BakeFinding


@dataclass
class Analysis:
    """
    A check of a bake by metrics, which remembers its readings.

    Args:
        reader: reads of the analysis.

    Attributes:
        series: each check with its readings, in the order of the environment file.
    """

    reader: ChecksReader
    series: tuple[CheckSeries, ...] = field(default=(), init=False)

    def __post_init__(self) -> None:
        self.series = tuple(CheckSeries(check.name) for check in self.reader.analysis.checks)

    def __call__(self, group: Group, target: Target, at_s: float) -> BakeFinding:
        """
        Read every check that applies, and judge all their readings.

        In the last bake no instance of the old version is left, so that nothing is compared with it.

        Args:
            group: the group at this poll.
            target: what the group is set to.
            at_s: time of this poll, seconds since the start of the rollout.
        """
        new = target.new if isinstance(target, Canary) else target
        old = _names(group, target.old) if isinstance(target, Canary) else None
        readings = self.reader.read(_names(group, new), old, round(at_s, 1))
        self.series = tuple(
            check.add(readings[check.name]) if check.name in readings else check for check in self.series
        )
        judged = [check for check in self.series if check.name in readings]
        verdict = analysis_verdict(judged, self.reader.analysis.scrape_s)
        return BakeFinding(verdict.state, verdict.text)


def present_checks(reader: ChecksReader | None, group: Group) -> tuple[CheckSeries, ...]:
    """
    Return the checks with one reading each, over a canary's instances, or over those of a group's only version.

    Without a canary a check that is only compared has no reading. Without an analysis there is no check.
    """
    target = target_of(group)
    if reader is None or target is None:
        return ()
    analysis = Analysis(reader)
    analysis(group, target, 0.0)
    return analysis.series


def refuse_canary_above_a_limit(reader: ChecksReader | None, group: Group) -> None:
    """
    Refuse to promote a canary whose checks are above their limits at this moment; checks without data say nothing.

    Raises:
        RefusedError: a check is above its limit; nothing was written.
    """
    for check in present_checks(reader, group):
        if check.readings and check.readings[-1].state == "above":
            text = f"promote: check '{check.name}' of the canary is above its limit at this moment"
            raise RefusedError(f"{text}. The group is unchanged.", "see `status`, and run `abort`, or `promote` again")


def _names(group: Group, version: Version) -> list[str]:
    return [instance.name for instance in group.active_instances if instance.version == version]
