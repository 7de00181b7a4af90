"""Reads every check of an analysis at one moment, over the instances of the new and of the old version."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from deploy.analysis.reading import Answer, Reading, judged_reading
from deploy.analysis_settings import AnalysisSettings
from deploy.parallel import side_by_side
from deploy.prometheus.client import Prometheus
from deploy.prometheus.query import query_over

RunReads = Callable[[Sequence[Callable[[], Any]]], list[Any]]


@dataclass(frozen=True)
class ChecksReader:
    """
    The reads of an analysis.

    Args:
        prometheus: server of the metrics.
        analysis: checks of the environment file.
        run_reads: makes independent reads, and returns their results in order.
    """

    prometheus: Prometheus
    analysis: AnalysisSettings
    run_reads: RunReads = side_by_side

    def read(self, new: Collection[str], old: Collection[str] | None, at_s: float) -> dict[str, Reading]:
        """
        Return the reading of each check that applies, by its name.

        Args:
            new: names of the new version's instances.
            old: names of the old version's instances; None in the last bake, in which nothing is compared with it.
            at_s: seconds since the start of the rollout.
        """
        new_answers = [partial(self._read, check.query, new) for check in self.analysis.checks]
        compared = [check for check in self.analysis.checks if check.factor and old is not None]
        old_answers = [partial(self._read, check.query, old or ()) for check in compared]
        answers = iter(self.run_reads([*new_answers, *old_answers]))
        pairs = [(check, next(answers)) for check in self.analysis.checks]
        readings = {
            check.name: judged_reading(check, at_s, answer, next(answers) if check in compared else None)
            for check, answer in pairs
        }
        return {name: reading for name, reading in readings.items() if reading is not None}

    def read_once(self, instances: Collection[str]) -> dict[str, Answer]:
        """
        Return the result of each check over instances of any version, by its name.

        Args:
            instances: names of instances.
        """
        answers = self.run_reads([partial(self._read, check.query, instances) for check in self.analysis.checks])
        return {check.name: answer for check, answer in zip(self.analysis.checks, answers, strict=True)}

    def _read(self, query: str, instances: Collection[str]) -> Answer:
        if not instances:
            return Answer(None, "the version has no instance")
        try:
            return self.prometheus.read(query_over(query, instances))
        except ValueError as error:
            return Answer(None, str(error))
