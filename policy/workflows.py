"""The workflow files, and what of them an event sets going."""

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from policy.expressions import condition, filled
from policy.running import ROOT

FOLDER: Final = ROOT / ".github/workflows"
PATHS: Final = sorted(path for path in FOLDER.iterdir() if path.suffix in (".yml", ".yaml"))


@dataclass(frozen=True)
class Event:
    """
    Something that happens to a repository.

    Args:
        name: As in `on:`.
        branch: That is pushed, that a pull request goes to, or that a dispatch was asked on.
        paths: That were changed.
        workflow: File without its ending, of a dispatch.
        inputs: Of a dispatch.
    """

    name: str
    branch: str = "main"
    paths: tuple[str, ...] = ()
    workflow: str = ""
    inputs: Mapping[str, str | bool] = field(default_factory=dict)


@dataclass(frozen=True)
class Ran:
    """
    What came of one job.

    Args:
        job: WORKFLOW/JOB.
        environment: Of GitHub, whose rules and secrets hold; empty if there is none.
        group: Its workflow's concurrency group.
        conclusion: success or failure.
        commands: Every program that was started, as a list of arguments.
    """

    job: str
    environment: str
    group: str
    conclusion: str
    commands: list[list[str]]


def document(path: Path) -> dict[str, Any]:
    """Read a workflow; YAML 1.1 takes its key `on` for a truth value, GitHub does not."""
    read = yaml.safe_load(path.read_text())
    return {("on" if key is True else key): value for key, value in read.items()}


def steps(workflow: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the steps of all jobs."""
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


def command(run: str) -> list[str]:
    """
    Return the arguments of the one command of a step; where its output goes is left out.

    Raises:
        ValueError: It is more than one, or needs more of a shell than variables and a redirection.
    """
    lexer = shlex.shlex(run, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    words = list(lexer)
    if ">>" in words:
        words = words[: words.index(">>")]
    odd = [word for word in words if set(word) <= set("();<>|&") or "`" in word or "$(" in word]
    if odd or "\n" in run.strip():
        raise ValueError(f"'{run}': got {odd or 'several lines'}. Fix: one command, with variables alone")
    return words


def set_going(event: Event, fails: Callable[[str], bool] = lambda _: False) -> list[Ran]:
    """
    Return the jobs that an event runs, in the order of their files.

    Args:
        event: What happened.
        fails: Whether a step fails, by its action or command.
    """
    found = []
    for path in PATHS:
        workflow = document(path)
        if _is_triggered(path.stem, workflow["on"], event):
            found += [_ran(path.stem, workflow, job, event, fails) for job in workflow["jobs"]]
    return found


def _is_triggered(name: str, on: Mapping[str, Any], event: Event) -> bool:
    if event.name not in on:
        return False
    if event.name == "workflow_dispatch":
        return name == event.workflow
    if event.name == "schedule":
        return True
    filters = dict(on[event.name])
    is_branch = any(_matches(pattern, event.branch) for pattern in filters.pop("branches"))
    only, ignored = filters.pop("paths", ["**"]), filters.pop("paths-ignore", [])
    if filters:
        raise ValueError(f"{name}: filters {sorted(filters)} are not known here")
    counted = [path for path in event.paths if not any(_matches(pattern, path) for pattern in ignored)]
    return is_branch and any(_matches(pattern, path) for pattern in only for path in counted)


def _matches(pattern: str, name: str) -> bool:
    """Whether a filter's pattern fits: `**` is anything, `*` anything without a slash; the rest is not known here."""
    if re.search(r"[?+\[\]!]", pattern):
        raise ValueError(f"'{pattern}': only * and ** are known here")
    parts = re.split(r"(\*\*|\*)", pattern)
    regex = "".join({"**": ".*", "*": "[^/]*"}.get(part, re.escape(part)) for part in parts)
    return re.fullmatch(regex, name) is not None


def _ran(name: str, workflow: Mapping[str, Any], job: str, event: Event, fails: Callable[[str], bool]) -> Ran:
    ref = "refs/pull/1/merge" if event.name == "pull_request" else f"refs/heads/{event.branch}"
    github = {"event_name": event.name, "ref": ref, "sha": "5ea1ed"}
    contexts: dict[str, Mapping[str, Any]] = {"github": github, "inputs": event.inputs, "secrets": _Secrets()}
    outside = {"GITHUB_TRIGGERING_ACTOR": "somebody"}
    definition = workflow["jobs"][job]
    commands, status = [], "success"
    for step in definition["steps"]:
        if not condition(step.get("if", "true"), contexts, status):
            continue
        variables = {**outside}
        for level in (workflow, definition, step):
            variables |= {key: filled(value, contexts) for key, value in level.get("env", {}).items()}
        words = [_expanded(word, variables) for word in command(step["run"])] if "run" in step else []
        if words:
            commands.append(words)
        if fails(" ".join(words) or step["uses"]) and not step.get("continue-on-error"):
            status = "failure"
    environment = filled(definition.get("environment", ""), contexts)
    return Ran(f"{name}/{job}", environment, filled(workflow["concurrency"]["group"], contexts), status, commands)


def _expanded(word: str, variables: Mapping[str, str]) -> str:
    return re.sub(r"\$(\w+)", lambda found: variables[found[1]], word)


class _Secrets(dict[str, str]):
    """Every secret is there, and its value names it."""

    def get(self, name: str, default: object = None) -> str:
        """Return a value that cannot be mistaken for another's."""
        return f"({name})"
