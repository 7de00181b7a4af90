"""A rig whose instances have metrics in a fake of Prometheus."""

from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from deploy.analysis_settings import AnalysisSettings, CheckSettings
from deploy.compute_engine.client import Compute
from deploy.prometheus.checks_reader import ChecksReader
from deploy.prometheus.client import Prometheus
from deploy.release import template
from deploy.release.image_places import find_image
from deploy.report.progress import ChangedLines
from deploy.retry import Time
from deploy.rollout.analysis import Analysis
from deploy.rollout.perform import Execution
from deploy.rollout.plan import Plan
from deploy.rollout.snapshot import ShowSnapshot
from deploy.step_settings import StepSettings
from tests.integration.deploy.rig import Rig, new_rig
from tests.support.fake_prometheus import FakePrometheus
from tests.unit.deploy.values import CONFIG, REPOSITORY

ERRORS: Final = CheckSettings(name="errors", query='max(errors{instance=~"$instances"})', at_most=0.01)
P99: Final = CheckSettings(name="p99", query='max(p99{instance=~"$instances"})', compared_with="previous", factor=1.2)


@dataclass
class MeteredRig(Rig):
    """
    A rig with an analysis.

    Attributes:
        metrics: value of a metric by the release's letter or tag; None for no sample.
        prometheus: the server of the metrics.
    """

    metrics: dict[str, dict[str, float | None]] = field(default_factory=dict)
    prometheus: FakePrometheus = field(init=False)

    def __post_init__(self) -> None:
        """Serve the values of the instances that run."""
        super().__post_init__()
        self.prometheus = FakePrometheus(self._values)

    def execution(
        self, plan: Plan, compute: Compute | None = None, show_snapshot: ShowSnapshot | None = None
    ) -> Execution:
        """Return the execution of a plan, with the analysis of a process, if its environment has one."""
        show = show_snapshot or ChangedLines(self.progress.append)
        analysis = Analysis(self.reader()) if self.config.rollout.analysis else None
        return Execution(self.managed(compute), self.config, plan, self.print_line, show, analysis)

    def reader(self) -> ChecksReader:
        """Return the reads of the environment's analysis."""
        analysis, clock = self.config.rollout.analysis, self.emulator.environment.clock
        assert analysis is not None
        http = httpx.Client(transport=self.prometheus)
        server = Prometheus(http, analysis.prometheus, dict, Time(clock.now_s, clock.move))
        return ChecksReader(server, analysis, lambda reads: [read() for read in reads])

    def _values(self, metric: str) -> dict[str, float]:
        """Return the value of each running instance, by its release."""
        values = {}
        view = self.emulator.environment.view
        for instance in view.groups[self.group].instances:
            document = view.get(instance.intended.template) or {}
            reference = find_image(template.metadata(document), REPOSITORY, self.config.image_in).reference
            value = self.metrics.get(metric, {}).get(reference.digest[7:8] or reference.tag)
            if value is not None:
                values[instance.name] = value
        return values


def metered(*checks: CheckSettings, steps: tuple[dict[str, Any], ...] = (), **rollout: Any) -> MeteredRig:
    """
    Return a rig of three instances whose environment has checks.

    Args:
        checks: checks of the analysis.
        steps: steps of the environment file.
        rollout: more keys of `rollout`.
    """
    analysis = AnalysisSettings(prometheus="http://prometheus:9090", checks=checks)
    settings = {"steps": tuple(StepSettings(**step) for step in steps), "analysis": analysis, "bake_s": 60.0, **rollout}
    config = CONFIG.model_copy(update={"rollout": CONFIG.rollout.model_copy(update=settings)})
    return MeteredRig(new_rig().emulator, config)
