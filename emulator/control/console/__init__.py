"""One page: a group over time, live or as the replay of a finished rollout."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from emulator.api.fault_plans import FaultPlans
from emulator.control.console.releases import releases
from emulator.environment.environment import Environment
from emulator.environment.group_status import snapshot
from emulator.environment.operations import Operation, render

_HERE: Final = Path(__file__).parent
_MARK: Final = '<script id="recorded" type="application/json">null</script>'


def state(environment: Environment, faults: FaultPlans) -> dict[str, Any]:
    """Return what the page draws: groups, releases, the last operations, fault plans, instance rules and the clock."""
    operations = [
        Operation(**document["operation"])
        for path, documents in environment.view.collections.items()
        if path.endswith("/operations")
        for document in documents.values()
    ]
    operations.sort(key=lambda operation: operation.began_at_s)
    return {
        "now_s": environment.now_s,
        "speed": environment.clock.speed,
        "groups": {
            path: snapshot(group, environment.settings(path), environment.conditions(path))
            for path, group in environment.view.groups.items()
        },
        "releases": releases(environment),
        "operations": [render(operation, environment.now_s) for operation in operations[-20:]],
        "faults": faults.dump(),
        "instance_rules": [
            rule.model_dump(exclude_none=True, exclude_defaults=True) for rule in environment.instance_controls.rules
        ],
        "bindings": [asdict(binding) for binding in environment.instance_controls.bindings.values()],
    }


def live() -> str:
    """Return the page that reads the emulator's state again and again."""
    page = (_HERE / "page.html").read_text()
    for name in ("page.css", "data.js", "releases.js", "lanes.js", "panels.js", "page.js"):
        page = page.replace(f"/* {name} */", (_HERE / name).read_text())
    return page


def replay(entries: Sequence[dict[str, Any]], state: dict[str, Any]) -> str:
    """
    Return the page with all its data inside: a single file.

    Args:
        entries: entries of the request log, of kind `group`
        state: state of the emulator at the end
    """
    # No "<" at all: "</script" would end the element, and "<!--<script" would keep its own end from ending it.
    recorded = json.dumps({"entries": list(entries), "state": state}).replace("<", "\\u003c")
    return live().replace(_MARK, f'<script id="recorded" type="application/json">{recorded}</script>')
