"""The lines of iac/README.md that print quotas, run by gcloud 528 on the emulator."""

import re
import shlex

import pytest

from tests.support.gcloud import Gcloud
from tests.support.programs import ROOT

_LINES = re.findall(r"^gcloud compute (.*quotas.*)$", (ROOT / "iac/README.md").read_text(), re.MULTILINE)


@pytest.mark.parametrize(
    ("scope", "metric"), [("regions describe", "INSTANCES"), ("project-info describe", "INSTANCE_TEMPLATES")]
)
def test_line_prints_each_quota_with_usage_and_limit(gcloud: Gcloud, scope: str, metric: str) -> None:
    """Each line prints a table with metric, usage and limit: one of the region, and one of the project."""
    (line,) = (line for line in _LINES if line.startswith(scope))
    command, *arguments = shlex.split(line.replace("PROJECT", "dojangkok-dev"))
    heading, *rows = gcloud(command, *arguments).splitlines()
    assert heading.split() == ["METRIC", "USAGE", "LIMIT"]
    assert len(_LINES) == 2
    (row,) = (row.split() for row in rows if row.startswith(f"{metric} "))
    assert len(row) == 3
    assert float(row[2]) > 0
