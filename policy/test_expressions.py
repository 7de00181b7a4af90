"""The small evaluator of expressions does as GitHub says, and refuses the rest."""

from typing import Any, Final

import pytest

from policy.expressions import Value, condition, evaluate, filled
from policy.workflows import command

CONTEXTS: Final[dict[str, dict[str, Any]]] = {
    "github": {"event_name": "push", "sha": "abc"},
    "inputs": {"verb": "plan", "empty": "", "yes": True},
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("'it''s'", "it's"),
        ("github.sha", "abc"),
        ("inputs.absent", None),
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
    assert evaluate(text, CONTEXTS) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "'open",
        "matrix.os",
        "github",
        "github.event.number",
        "contains(github.sha, 'a')",
        "1 < 2",
        "true true",
        "(true",
    ],
)
def test_what_is_not_known_is_refused(text: str) -> None:
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
def test_success_is_understood_where_no_status_is_asked_for(text: str, status: str, runs: bool) -> None:
    assert condition(text, CONTEXTS, status) == runs


def test_texts_are_filled_in() -> None:
    assert filled(
        "${{ inputs.verb }}-${{ inputs.absent || 'prod' }}:${{ inputs.absent }}${{ inputs.yes }}", CONTEXTS
    ) == ("plan-prod:true")


def test_command_ends_where_its_output_goes() -> None:
    assert command('./daggerw call plan --env "$TARGET" >> "$GITHUB_STEP_SUMMARY"\n') == [
        "./daggerw", "call", "plan", "--env", "$TARGET",
    ]  # fmt: skip


@pytest.mark.parametrize("run", ["a; b", "a && b", "a | b", "a $(b)", "a `b`", "a\nb", "a > b"])
def test_more_than_one_command_is_refused(run: str) -> None:
    with pytest.raises(ValueError, match="one command"):
        command(run)
