"""The wrapper of the Dagger CLI: the names of checks that it refuses, and the plan that it prints."""

import os
import subprocess
from pathlib import Path

import pytest

CHECKS = ("lint", "policy", "test", "types")


def run_with(folder: Path, dagger: str, arguments: list[str]) -> "subprocess.CompletedProcess[str]":
    """Run daggerw with a shell script in place of dagger."""
    home = subprocess.run(
        ["engine/home"], env={**os.environ, "DOJANGKOK_ENGINE_HOME": str(folder)}, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    dagger_program = Path(home.stdout.strip()) / "bin/dagger"
    dagger_program.parent.mkdir(parents=True)
    dagger_program.write_text(f"#!/bin/sh\n{dagger}\n")
    dagger_program.chmod(0o755)
    environment = {"DOJANGKOK_ENGINE_HOME": str(folder), "_EXPERIMENTAL_DAGGER_RUNNER_HOST": "unix:///nowhere"}
    return subprocess.run(
        ["./daggerw", *arguments], env={**os.environ, **environment}, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["check", "nosuch"], 3),
        (["check", "lint", "nosuch"], 3),
        (["check", "lint", "tes"], 3),
        (["check", "lint, policy"], 3),
        (["check", ""], 3),
        (["checks", "nosuch"], 3),
        (["--progress", "plain", "--silent", "check", "-l", "nosuch"], 3),
        (["check", "--progress", "plain", "nosuch"], 3),
        (["-m", ".", "check", "nosuch"], 3),
        (["check", "--mod=.", "nosuch"], 3),
        (["check"], 0),
        (["-m", "other", "check", "nosuch"], 0),
        (["check", *CHECKS], 0),
        (["check", "test", "test", "--progress", "plain"], 0),
        (["check", "--progress=plain", "lint"], 0),
        (["check", "--mod", "other", "nosuch"], 0),
        (["call", "nosuch"], 0),
        (["call", "status", "check", "nosuch"], 0),
        (["--help"], 0),
    ],
)
def test_unknown_check_is_refused_and_other_arguments_are_passed_on(
    tmp_path: Path, arguments: list[str], code: int
) -> None:
    """daggerw runs a program in place of dagger that prints its arguments."""
    completed = run_with(tmp_path, 'printf "%s\\n" "$@"', arguments)
    assert completed.returncode == code, completed.stderr
    if code:
        name = arguments[-1]
        assert completed.stderr == f"daggerw: check: got '{name}'. Fix: one of lint policy test types\n"
    else:
        assert completed.stdout.splitlines() == arguments


PLANS = {
    "web: nothing to do, it serves already": 0,
    "endpoint: compute_url is 'x'\nweb: nothing to do, no instances, nothing proven": 0,
    "### web: nothing to do, it serves already": 0,
    '{\n  "group": "web",\n  "action": "nothing",\n  "before": "a"\n}': 0,
    "web: a → b\n  + echo web: nothing to do, it serves": 2,
    "### web: a → b\n\n- warning: web: nothing to do, x": 2,
    '{\n  "group": "web",\n  "action": "roll",\n  "template": [\n    {\n      "action": "nothing",\n    }\n  ]\n}': 2,
}


@pytest.mark.parametrize(("plan", "code"), PLANS.items())
@pytest.mark.parametrize("flag", ["--exit-code", "--exit-code=true"])
def test_plan_that_differs_is_printed_on_stdout(tmp_path: Path, plan: str, code: int, flag: str) -> None:
    """The plan is read without the flag, whose code dagger could not end with beside a text on stdout."""
    (tmp_path / "plan").write_text(plan)
    dagger = f"""echo "$@" >&2; cat {tmp_path}/plan"""
    completed = run_with(tmp_path, dagger, ["-m", ".", "call", "plan", "--image", "a b", flag, "--env", "dev"])
    assert (completed.returncode, completed.stdout) == (code, f"{plan}\n")
    assert completed.stderr.splitlines()[-1] == "-m . call plan --image a b --env dev"


def test_plan_that_fails_keeps_its_exit_code(tmp_path: Path) -> None:
    """A refusal is no plan, and stdout is empty."""
    completed = run_with(tmp_path, "echo refused >&2; exit 3", ["call", "plan", "--image", "x", "--exit-code"])
    assert (completed.returncode, completed.stdout, completed.stderr.splitlines()[-1]) == (3, "", "refused")


def test_plan_that_was_not_printed_does_not_differ(tmp_path: Path) -> None:
    """On a terminal dagger ends with 0 by SIGTERM, before it has printed anything."""
    completed = run_with(tmp_path, "exit 0", ["call", "plan", "--image", "x", "--exit-code"])
    assert (completed.returncode, completed.stdout) == (1, "")
    assert completed.stderr.splitlines()[-1] == "daggerw: plan: dagger ended without a plan. Fix: call again"


@pytest.mark.parametrize(
    "arguments",
    [
        ["call", "plan", "--image", "x"], ["call", "plan", "--exit-code", "--help"],
        ["call", "plan", "--exit-code=false"], ["-m", "other", "call", "plan", "--exit-code"],
    ],
)  # fmt: skip
def test_other_plans_are_passed_on(tmp_path: Path, arguments: list[str]) -> None:
    """A plan without the flag, its help, and the plan of another module are dagger's own."""
    completed = run_with(tmp_path, 'printf "%s\\n" "$@"', arguments)
    assert (completed.returncode, completed.stdout.splitlines()) == (0, arguments)
