"""Fault plans: their counts, and the faults that are refused."""

import pytest
from pydantic import ValidationError

from emulator.api.fault_plans import FaultPlans
from emulator.api.faults import PlanRequest


def test_a_plan_counts_matching_calls_and_fired_faults() -> None:
    """Each fault counts the calls that match it and the times that it happened; both counts are kept."""
    plans = FaultPlans()
    request = PlanRequest.model_validate(
        {"faults": [{"on": "*.list", "nth": [2], "status": 503}, {"on": "x", "hang": 1}]}
    )
    plan = plans.create(request)
    fired = [bool(plans.count_call("instanceTemplates.list")) for _ in range(3)]
    assert fired == [False, True, False]
    assert (plan.matched, plan.fired) == ([3, 0], [1, 0])
    assert FaultPlans(plans.dump()).dump() == plans.dump()
    assert plans.delete(plan.id)
    assert not plans.delete(plan.id)


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        ({"status": 503}, "a fault needs either 'on' (a method) or 'when' (a moment)"),
        ({"on": "x"}, "a fault needs an effect, such as 'status' or 'delay_s'"),
        ({"on": "x", "status": 503, "body": "truncated"}, "with a 'status' the 'body' can only be html or empty"),
        ({"on": "x", "statuss": 503}, "Extra inputs are not permitted"),
        ({"when": {"phase": "gap"}, "status": 503}, "'when' needs a 'request'"),
        ({"on": "x", "nth": [0], "status": 503}, "greater than or equal to 1"),
    ],
)
def test_an_invalid_fault_is_refused_with_the_reason(fault: dict[str, object], text: str) -> None:
    """The error of an invalid fault names what is missing or contradictory."""
    with pytest.raises(ValidationError) as error:
        PlanRequest.model_validate({"faults": [fault]})
    assert text in str(error.value)
