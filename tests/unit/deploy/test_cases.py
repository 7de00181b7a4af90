"""
Decisions, one JSON file for each case: the observation and the request, and the expected plan or refusal.

`cases/_base.json` is a settled group of three; a case changes the base by a merge patch (RFC 7396). Keys:

    what      one sentence                           verb      plan, promote, abort, rollback or reconcile
    image     digit of the requested release         now       UTC; the base was read at 2026-11-23T12:00:00Z
    to, force of a rollback; full of promote         config    merge patch of the environment
    observed  group, template, health_check: merge patches, null for none; metadata: of the template, null for none;
              templates: others of the project; rows: all managed instances;
              quotas: limit and usage by metric;
              serving_boot: phases that the serving instances have written, in seconds;
              autoscaler, missing_permissions, permissions_error, quotas_error: as in Observation
              a template with a release record gets the name of its content in place of its name in the case
    expect    refused and exit_code; or plan, fallback, warnings, serves, surge, restores_policy, budget_s,
              records: phases in the release record of the new template
"""

import copy
import json
import re
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, get_args

import pytest

from deploy.config import Config
from deploy.documents.group_state import parse_group
from deploy.documents.resource import name_of
from deploy.errors import DeployError
from deploy.group.health import is_settled
from deploy.group.observation import Observation
from deploy.group.quotas import Quota
from deploy.release import record, template
from deploy.release.boot_times import BootTimes
from deploy.rollout.abort_plan import is_abort, plan_abort
from deploy.rollout.deploy_plan import DeployRequest, plan_deploy
from deploy.rollout.plan import DeployRelease, Plan
from deploy.rollout.promote_plan import plan_promotion
from deploy.rollout.reconcile_plan import plan_reconcile
from deploy.rollout.rollback_plan import choose_rollback_target, plan_rollback
from lib.image_reference import Reference
from tests.unit.deploy.values import CONFIG, REPOSITORY, digest

FOLDER = Path(__file__).parent / "cases"
BASE = json.loads((FOLDER / "_base.json").read_text())
CASES = sorted(path for path in FOLDER.glob("*.json") if path.stem[0] != "_")
COLLECTION = "https://www.googleapis.com/compute/v1/projects/dojangkok-dev/global/instanceTemplates"
KEYS = {"what", "verb", "image", "now", "to", "force", "full", "config", "observed", "expect"}
OBSERVED = {*BASE, "metadata", "serving_boot", "templates"}
EXPECTED = {
    "refused", "exit_code", "plan", "fallback", "warnings", "serves", "surge", "restores_policy", "budget_s", "records",
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A checked case."""

    verb: str
    image: str
    now: datetime
    to: str
    force: bool
    full: bool
    config: dict[str, Any]
    observed: dict[str, Any]
    expect: dict[str, Any]


def read(data: dict[str, Any]) -> Case:
    """
    Read a case.

    Raises:
        ValueError: the case has an unknown key, or lacks a required key.
    """
    observed, expect = data.get("observed", {}), data["expect"]
    unknown = (data.keys() - KEYS) | (observed.keys() - OBSERVED) | (expect.keys() - EXPECTED)
    if unknown or not data["what"] or not expect:
        raise ValueError(f"unknown keys {sorted(unknown)}" if unknown else "lacks a required key")
    now = datetime.fromisoformat(data.get("now", "2026-11-23T12:00:00+00:00"))
    more = data.get("to", ""), data.get("force", False), data.get("full", False), data.get("config", {})
    return Case(data.get("verb", "plan"), data.get("image", "a"), now, *more, observed, expect)


def merged(document: Any, patch: Any) -> Any:
    """Return a document with a merge patch laid over it."""
    if not isinstance(patch, dict):
        return patch
    result = dict(document) if isinstance(document, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result


def documents(changes: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the base as a case changes it, and all templates, the group's first."""
    result = copy.deepcopy(BASE)
    result |= {key: merged(result[key], patch) for key, patch in changes.items() if key in BASE}
    if result["template"]:
        own = result["template"]["properties"]["metadata"]
        items = merged({item["key"]: item["value"] for item in own["items"]}, changes.get("metadata", {}))
        own["items"] = [
            {"key": key, "value": text if isinstance(text, str) else json.dumps(text)} for key, text in items.items()
        ]
    base = [result["template"]] if result["template"] else []
    templates = [*base, *(merged(result["template"], template_) for template_ in changes.get("templates", []))]
    for template_ in templates:
        template_["selfLink"] = f"{COLLECTION}/{template_['name']}"
    return result, templates


def observed(changes: dict[str, Any]) -> Observation:
    """Return the observation of a case."""
    result, templates = documents(changes)
    observation, rows, templates = named([result["group"], result["rows"], templates], names(templates))
    return Observation(
        group=parse_group(observation, rows),
        templates=tuple(templates),
        template=templates[0] if result["template"] else {},
        health_check=result["health_check"],
        autoscaler=result["autoscaler"],
        missing_permissions=tuple(result["missing_permissions"]),
        permissions_error=result["permissions_error"],
        quotas=tuple(Quota(metric, *numbers) for metric, numbers in result["quotas"].items()),
        quotas_error=result["quotas_error"],
        serving_boot=BootTimes.of(changes.get("serving_boot", {})),
    )


def names(templates: list[dict[str, Any]]) -> dict[str, str]:
    """Return the name by content of each template that has a record, by its name in the case."""
    metadata = {document["name"]: template.metadata(document) for document in templates}
    records = {name: record.parse_record(entries.get(record.RECORD_KEY, "")) for name, entries in metadata.items()}
    return {
        alias: template.content_name("dojangkok-dev", release, metadata[alias])
        for alias, release in records.items()
        if release
    }


def named(value: Any, names_: dict[str, str]) -> Any:
    """Return a value with other names in it."""
    text = json.dumps(value)
    for name, other in names_.items():
        text = re.sub(rf"(?<![\w-]){name}(?![\w-])", other, text)
    return json.loads(text)


def decided(case: Case) -> dict[str, Any]:
    """Return a plan or refusal in the form of a case."""
    config = type(CONFIG).model_validate(merged(CONFIG.model_dump(), case.config))
    observation = observed(case.observed)
    by_content = names(documents(case.observed)[1])
    case = replace(case, to=by_content.get(case.to, case.to))
    aliases = {name: alias for alias, name in by_content.items()}
    decision: dict[str, Any] = named(outcome(case, config, observation), aliases)
    return decision


def outcome(case: Case, config: Config, observation: Observation) -> dict[str, Any]:
    """Return the decision about an observation."""
    try:
        plan = decide(case, config, observation)
    except DeployError as error:
        return {"refused": str(error), "exit_code": error.exit_code}
    fallback = getattr(plan, "fallback", None)
    return {
        "plan": type(plan).__name__,
        "fallback": fallback and fallback.template,
        "serves": plan.target.template,
        "warnings": list(plan.warnings),
        "surge": getattr(plan, "surge", None),
        "restores_policy": getattr(plan, "restores_policy", None),
        "budget_s": getattr(plan, "budget_s", None),
        "records": recorded_boot(plan),
    }


def recorded_boot(plan: Plan) -> dict[str, float] | None:
    """Return the phases in the release record of a plan's template; None if there are none."""
    if not isinstance(plan, DeployRelease):
        return None
    release = record.parse_record(template.metadata(plan.template)[record.RECORD_KEY])
    return dict(release.boot.reached()) or None if release else None


def decide(case: Case, config: Config, observation: Observation) -> Plan:
    """Return the plan of a case's verb."""
    if case.verb == "reconcile":
        return plan_reconcile(config, observation, case.now)
    if case.verb == "promote":
        return plan_promotion(config, observation, case.now, is_full=case.full)
    if case.verb == "abort":
        return plan_abort(config, observation)
    if case.verb == "rollback":
        if is_abort(observation.group, case.to):
            return plan_abort(config, observation)
        chosen = choose_rollback_target(config, observation, case.now, case.to, force=case.force)
        return plan_rollback(config, observation, chosen, "run1", case.now)
    reference = Reference(REPOSITORY, digest=digest(case.image))
    return plan_deploy(config, DeployRequest(reference=reference, run="run1", now=case.now), observation)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(path: Path) -> None:
    """The plan or refusal of a case is the expected one."""
    case = read(json.loads(path.read_text()))
    result = decided(case)
    assert {key: result.get(key) for key in case.expect} == case.expect
    assert ("refused" in result) == ("refused" in case.expect)


def test_every_kind_of_plan_has_a_case() -> None:
    """Each kind of plan, and each exit code of a refusal, has a case."""
    expected = [json.loads(path.read_text())["expect"] for path in CASES]
    assert {row.get("plan") for row in expected} >= {kind.__name__ for kind in get_args(Plan)}
    assert {row.get("exit_code") for row in expected} >= {3, 4}


@pytest.mark.parametrize("where", ["", "observed", "expect"])
def test_unknown_key_of_a_case_is_an_error(where: str) -> None:
    """An unknown key of a case is an error."""
    data: dict[str, Any] = {"what": "x", "observed": {}, "expect": {"plan": "DeployRelease"}}
    (data[where] if where else data)["colour"] = "blue"
    with pytest.raises(ValueError, match="'colour'"):
        read(data)


def test_base_is_settled() -> None:
    """Cases begin with a settled group."""
    assert is_settled(observed({}).group)
    assert name_of(BASE["group"]["versions"][0]["instanceTemplate"]) == BASE["template"]["name"]
