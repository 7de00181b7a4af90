"""Plans that are performed with scripted answers, and what they did."""

from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, Final

import pytest

from deploy.documents.group_state import Version, parse_group
from deploy.errors import DeployError
from deploy.release.record import Fallback
from deploy.rollout.perform import Execution
from deploy.rollout.plan import Plan, RestoreRelease, UndoRollout, WaitForRollout
from deploy.rollout.result import RolloutResult
from tests.unit.deploy.observations import SEED
from tests.unit.deploy.scripted_compute import DONE, GROUP, REGIONAL_TEMPLATES, ScriptedCompute, group_document
from tests.unit.deploy.test_cases import BASE
from tests.unit.deploy.values import CONFIG

NEW: Final = Version("projects/dojangkok-dev/global/instanceTemplates/new", "v1")
OLD: Final = Version(SEED)
FALLBACK: Final = Fallback(SEED, BASE["template"]["id"])
ON_NEW: Final = group_document(versions=[{"instanceTemplate": NEW.link, "name": NEW.name}], fingerprint="new=")
ON_OLD: Final = group_document()
TEMPLATE: Final = "GET global/instanceTemplates/dojangkok-dev-ai-server-seed"
GET, PATCH, ROWS = f"GET {GROUP}", f"PATCH {GROUP}", f"POST {GROUP}/listManagedInstances"
NAME: Final = BASE["rows"][0]["name"]
SERIAL_PORT: Final = f"GET zones/{CONFIG.zone}/instances/{NAME}/serialPort"
POLICY: Final = {
    **BASE["group"]["updatePolicy"],
    "maxSurge": {"fixed": 1, "percent": None},
    "maxUnavailable": {"fixed": 0, "percent": None},
}


def rows(version: Version, **first: Any) -> dict[str, Any]:
    """Return the rows of three healthy instances of a version, with changes of the first row."""
    entry = {"instanceTemplate": version.link} | ({"name": version.name} if version.name else {})
    listed = [deepcopy(row) | {"version": entry} for row in BASE["rows"]]
    listed[0] |= first
    return {"managedInstances": listed}


def unhealthy(version: Version) -> dict[str, Any]:
    """Return rows whose first instance is not healthy."""
    health = deepcopy(BASE["rows"][0]["instanceHealth"])
    health[0]["detailedHealthState"] = "UNHEALTHY"
    return rows(version, instanceHealth=health)


FAILED: Final = parse_group(ON_NEW, unhealthy(NEW)["managedInstances"])
UNDO: Final = UndoRollout(
    target=NEW, fallback=FALLBACK, group=FAILED, is_empty=False, short_delay="", text="deploy of a, is late",
    warnings=("planned",),
)  # fmt: skip
WAIT: Final = WaitForRollout(
    target=NEW, fallback=FALLBACK, is_empty=False, budget_s=300.0, text="deploy of a", warnings=("planned",)
)
RESTORE: Final = RestoreRelease(
    restored=FALLBACK, image_entries=("startup-script",), before=NEW, fingerprint="new=", surge=3, is_empty=False,
    budget_s=300.0, warnings=("planned",),
)  # fmt: skip


@dataclass
class Performed:
    """
    A plan that is performed.

    Args:
        plan: the plan.
        answers: answers that differ from those of a rollback that succeeds.
    """

    plan: Plan
    answers: dict[str, list[Any]]
    lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.compute = ScriptedCompute(
            {
                GET: [ON_NEW, ON_OLD],
                ROWS: [rows(OLD)],
                PATCH: [DONE],
                TEMPLATE: [BASE["template"]],
                SERIAL_PORT: [{"contents": "application: no model"}],
                "GET global/instanceTemplates": [{}],
                REGIONAL_TEMPLATES: [{}],
                **self.answers,
            }
        )
        self.execution = Execution(self.compute.managed(), CONFIG, self.plan, self.lines.append, lambda _: None)

    def result(self) -> RolloutResult:
        """Perform the plan, and return its result."""
        return self.execution.perform()

    def failure(self) -> DeployError:
        """Perform the plan, and return its error."""
        with pytest.raises(DeployError) as error:
            self.execution.perform()
        return error.value

    def so_far(self) -> RolloutResult:
        """Return the result of a plan that failed."""
        result = self.execution.result_so_far()
        assert result is not None
        return result
