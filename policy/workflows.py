"""The workflow files, and the jobs that an event starts."""

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from policy.expressions import interpolated, is_met
from policy.running import ROOT

FOLDER: Final = ROOT / ".github/workflows"
PATHS: Final = sorted(path for path in FOLDER.iterdir() if path.suffix in (".yml", ".yaml"))
# daggerw in a checkout of this repository, and in the job of another repository that calls release.yml.
DAGGERW: Final = ("./daggerw", "delivery/daggerw")
# The timeout of a job whose caller may set it.
TIMEOUT_INPUT: Final = "${{ inputs.timeout_minutes }}"
# Outputs of the step that publishes, the only one with an id.
PUBLISHED: Final = {"name": "host/app", "digest": "sha256:ab", "reference": "host/app@sha256:ab"}
# Events that name the workflow that they start.
_NAMED: Final = ("workflow_dispatch", "workflow_call")


@dataclass(frozen=True)
class Event:
    """
    An event of a repository.

    Args:
        name: name of the event in `on:`.
        branch: branch that is pushed, target of the pull request, or branch of the dispatch.
        paths: changed paths.
        workflow: name of the dispatched or called workflow's file, without its extension.
        inputs: inputs of the dispatch or the call by name.
        is_private: whether the repository is private.
    """

    name: str
    branch: str = "main"
    paths: tuple[str, ...] = ()
    workflow: str = ""
    inputs: Mapping[str, str | bool] = field(default_factory=dict)
    is_private: bool = False


@dataclass(frozen=True)
class JobRun:
    """
    A job as GitHub would have run it.

    Args:
        job: WORKFLOW/JOB.
        environment: GitHub environment, whose rules and secrets apply; may be empty.
        group: concurrency group of the workflow.
        conclusion: success or failure.
        commands: arguments of each started program.
        actions: actions that ran, in order, without their version.
    """

    job: str
    environment: str
    group: str
    conclusion: str
    commands: list[list[str]]
    actions: list[str]


def read_workflow(path: Path) -> dict[str, Any]:
    """Read a workflow; the key `on`, a boolean in YAML 1.1, stays a text as for GitHub."""
    content = yaml.safe_load(path.read_text())
    return {("on" if key is True else key): value for key, value in content.items()}


def steps(workflow: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the steps of all jobs."""
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


def is_call(run: str) -> bool:
    """Return whether a step calls the module."""
    return run.split(" ", 1)[0] in DAGGERW


def command(run: str) -> list[str]:
    """
    Return the arguments of the single command of a step, without its redirection.

    Raises:
        ValueError: the step has several commands, or uses more of a shell than variables and a redirection.
    """
    lexer = shlex.shlex(run, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    words = list(lexer)
    if ">>" in words:
        words = words[: words.index(">>")]
    unsupported = [word for word in words if set(word) <= set("();<>|&") or "`" in word or "$(" in word]
    if unsupported or "\n" in run.strip():
        raise ValueError(f"'{run}': got {unsupported or 'several lines'}. Fix: one command with variables")
    return words


def jobs_of(event: Event, fails: Callable[[str], bool] = lambda _: False) -> list[JobRun]:
    """
    Return the jobs that an event runs, in the order of their files.

    Args:
        event: event that GitHub handles.
        fails: predicate that decides by the action or command whether a step fails.
    """
    jobs = []
    for path in PATHS:
        workflow = read_workflow(path)
        if _is_triggered(path.stem, workflow["on"], event):
            jobs += [_run_of(path.stem, workflow, job, event, fails) for job in workflow["jobs"]]
    return jobs


def _is_triggered(name: str, on: Mapping[str, Any], event: Event) -> bool:
    if event.name not in on:
        return False
    if event.name in _NAMED:
        return name == event.workflow
    if event.name == "schedule":
        return True
    filters = dict(on[event.name])
    is_branch = any(_matches(pattern, event.branch) for pattern in filters.pop("branches"))
    only, ignored = filters.pop("paths", ["**"]), filters.pop("paths-ignore", [])
    if filters:
        raise ValueError(f"{name}: the filters {sorted(filters)} are not supported by policy/workflows.py")
    counted = [path for path in event.paths if not any(_matches(pattern, path) for pattern in ignored)]
    return is_branch and any(_matches(pattern, path) for pattern in only for path in counted)


def _matches(pattern: str, name: str) -> bool:
    """Return whether a filter's pattern matches: `**` is any text, `*` any text without a slash."""
    if re.search(r"[?+\[\]!]", pattern):
        raise ValueError(f"'{pattern}': only * and ** are supported by policy/workflows.py")
    parts = re.split(r"(\*\*|\*)", pattern)
    regex = "".join({"**": ".*", "*": "[^/]*"}.get(part, re.escape(part)) for part in parts)
    return re.fullmatch(regex, name) is not None


def _run_of(name: str, workflow: Mapping[str, Any], job: str, event: Event, fails: Callable[[str], bool]) -> JobRun:
    ref = "refs/pull/1/merge" if event.name == "pull_request" else f"refs/heads/{event.branch}"
    payload = {"repository": {"private": event.is_private}}
    github = {"event_name": event.name, "event": payload, "ref": ref, "sha": "5ea1ed"}
    called = {"workflow_repository": "owner/delivery", "workflow_sha": "c0ffee"}
    form = (workflow["on"].get("workflow_call") or {}).get("inputs", {})
    inputs = {name: field["default"] for name, field in form.items() if "default" in field} | dict(event.inputs)
    contexts: dict[str, Mapping[str, Any]] = {
        "github": github, "inputs": inputs, "job": called, "secrets": _Secrets(), "steps": {},
    }  # fmt: skip
    default_variables = {"GITHUB_TRIGGERING_ACTOR": "octocat"}
    definition = workflow["jobs"][job]
    commands, actions, status = [], [], "success"
    for step in definition["steps"]:
        if not is_met(step.get("if", "true"), contexts, status):
            continue
        variables = {**default_variables}
        for level in (workflow, definition, step):
            variables |= {key: interpolated(value, contexts) for key, value in level.get("env", {}).items()}
        words = [_expanded(word, variables) for word in command(step["run"])] if "run" in step else []
        if words:
            commands.append(words)
        else:
            actions.append(step["uses"].partition("@")[0])
        if fails(" ".join(words) or step["uses"]):
            status = status if step.get("continue-on-error") else "failure"
        elif "id" in step:
            contexts["steps"] = {**contexts["steps"], step["id"]: {"outputs": PUBLISHED}}
    environment = interpolated(definition.get("environment", ""), contexts)
    return JobRun(
        f"{name}/{job}",
        environment,
        interpolated(workflow["concurrency"]["group"], contexts),
        status,
        commands,
        actions,
    )


def _expanded(word: str, variables: Mapping[str, str]) -> str:
    return re.sub(r"\$(\w+)", lambda match: variables[match[1]], word)


class _Secrets(dict[str, str]):
    """Secrets by name, where every name has a value."""

    def get(self, name: str, default: object = None) -> str:
        """Return the name in parentheses as the value."""
        return f"({name})"
