"""The module accepts every call of this repository's own workflows; test_remote.py runs the calls of release.yml."""

import re

import pytest

from policy.workflows import PATHS, command, is_call, read_workflow, steps
from tests.e2e.checkouts import Checkout
from tests.support.programs import ROOT


def arguments(run: str) -> list[str]:
    """Return the arguments of daggerw from `call` or `check` on; `-m` names this repository."""
    words = command(run)
    return words[words.index("call") :] if "call" in words else words[1:]


CALLS = {
    " ".join(words): pytest.param(path.name, words, id=f"{path.stem}-{'-'.join(words[:2])}")
    for path in PATHS
    if path.stem != "release"
    for step in steps(read_workflow(path))
    if is_call(step.get("run", ""))
    for words in [arguments(step["run"])]
}
HELP = """\
Say what deploy would do to the group, field by field; write nothing.

USAGE
  dagger call plan [arguments] <function>

ARGUMENTS
      --image string         release to serve, HOST/PATH@sha256:DIGEST or
                             HOST/PATH:TAG [required]
      --credentials Secret   Google credential file; what is one for the registry is
                             --registry-token, and an empty one is refused
      --exit-code            end with 2 if there is something to do

INHERITED OPTIONS
  -d, --debug              Show debug logs and full verbosity
"""


def known(help_text: str) -> dict[str, bool]:
    """Return every flag of a help text, and whether the flag is required."""
    starts = r"^(?:  -\w, | {6})(?=--)"
    return {part.split()[0]: "[required]" in part for part in re.split(starts, help_text, flags=re.MULTILINE)[1:]}


def passed(words: list[str]) -> set[str]:
    """Return the flags of a command line."""
    return {word.partition("=")[0] for word in words if word.startswith("--")}


def test_help_is_understood() -> None:
    """The parser of the help texts finds the arguments of a verb."""
    assert known(HELP) == {"--image": True, "--credentials": False, "--exit-code": False, "--debug": False}
    assert passed(["call", "plan", "--image", "$IMAGE", "--exit-code=$CODE"]) == {"--image", "--exit-code"}


@pytest.mark.parametrize(("file", "words"), CALLS.values())
def test_module_accepts_what_a_workflow_passes(file: str, words: list[str]) -> None:
    """With --help the CLI (v0.19.10) parses the flags before it, and fails on unknown flags."""
    # A value behind '=' is a switch's, and a step is a number.
    typed = [re.sub(r"=\$\w+$", "=true", word).replace("$STEP", "1") for word in words]
    asked = Checkout(ROOT, {}).daggerw(*typed, "--help")
    call = " ".join(word for word in words[:2] if not word.startswith("-"))
    flags = known(asked.stdout)
    wrong = passed(words) - set(flags)
    missing = {flag for flag, is_required in flags.items() if is_required} - passed(words)
    assert asked.returncode == 0, f"{file}: {call}: {asked.stderr[-2000:]}"
    assert not wrong, f"{file}: {call} takes no {', '.join(sorted(wrong))}. Fix: correct one of them"
    assert not missing, f"{file}: {call} needs {', '.join(sorted(missing))}. Fix: pass it"
