"""The evaluator of workflow expressions follows GitHub's documentation and refuses other expressions."""

from typing import Any, Final

import pytest

from policy.expressions import Value, evaluate, interpolated, is_met
from policy.workflows import command

CONTEXTS: Final[dict[str, dict[str, Any]]] = {
    "github": {"event_name": "push", "sha": "abc", "event": {"number": 7}},
    "inputs": {"verb": "plan", "empty": "", "yes": True},
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("'it''s'", "it's"),
        ("github.sha", "abc"),
        ("inputs.absent", None),
        ("github.event.number", 7),
        ("github.event.absent.number", None),
        ("inputs.verb == 'PLAN'", True),
        ("inputs.verb != 'plan'", False),
        ("inputs.absent == ''", True),  # null and '' are both 0
        ("inputs.absent == 'plan'", False),
        ("inputs.absent != 'plan'", True),
        ("inputs.yes == true", True),
        ("inputs.yes == 'true'", False),  # 1 is no NaN
        ("inputs.absent || 'prod'", "prod"),
        ("inputs.verb || 'prod'", "plan"),
        ("!inputs.empty && github.sha || ''", "abc"),
        ("!inputs.verb && github.sha || ''", ""),
        ("false || true && false", False),
        ("(true || false) && false", False),
        ("!(false || true)", False),
        ("always()", True),
        ("failure()", False),
        ("success()", True),
    ],
)
def test_values(text: str, value: Value) -> None:
    """Operators, comparisons and status functions have the values that GitHub documents."""
    assert evaluate(text, CONTEXTS) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "'open",
        "matrix.os",
        "github",
        "github.event",
        "github..sha",
        "contains(github.sha, 'a')",
        "1 < 2",
        "true true",
        "(true",
    ],
)
def test_unsupported_expression_is_refused(text: str) -> None:
    """Syntax errors and unsupported contexts, functions and operators raise ValueError."""
    with pytest.raises(ValueError, match=r"[a-z]"):
        evaluate(text, CONTEXTS)


@pytest.mark.parametrize(
    ("text", "status", "runs"),
    [
        ("inputs.verb == 'plan'", "success", True),
        ("inputs.verb == 'plan'", "failure", False),
        ("${{ inputs.verb == 'plan' }}", "success", True),
        ("always() && inputs.verb == 'plan'", "failure", True),
        ("always() && inputs.verb != 'plan'", "success", False),
        ("failure()", "failure", True),
        ("cancelled()", "failure", False),
    ],
)
def test_condition_without_a_status_function_implies_success(text: str, status: str, runs: bool) -> None:
    """After a failure only an `if` with a status function can run its step."""
    assert is_met(text, CONTEXTS, status) == runs


def test_expressions_in_a_text_are_interpolated() -> None:
    """Null becomes an empty text, and a boolean becomes `true` or `false`."""
    assert interpolated(
        "${{ inputs.verb }}-${{ inputs.absent || 'prod' }}:${{ inputs.absent }}${{ inputs.yes }}", CONTEXTS
    ) == ("plan-prod:true")


def test_redirection_is_not_part_of_the_command() -> None:
    """The words before `>>` are the command."""
    assert command('./daggerw call plan --env "$TARGET" >> "$GITHUB_STEP_SUMMARY"\n') == [
        "./daggerw", "call", "plan", "--env", "$TARGET",
    ]  # fmt: skip


@pytest.mark.parametrize("run", ["a; b", "a && b", "a | b", "a $(b)", "a `b`", "a\nb", "a > b"])
def test_more_than_one_command_is_refused(run: str) -> None:
    """Lists, pipes, substitutions, several lines and other redirections raise ValueError."""
    with pytest.raises(ValueError, match="one command"):
        command(run)
