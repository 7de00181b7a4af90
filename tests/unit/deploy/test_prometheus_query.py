"""The query of a check over the instances of a version."""

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from deploy.prometheus.query import query_over

_NAMES = st.from_regex(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?", fullmatch=True)


@given(names=st.sets(_NAMES, min_size=1, max_size=20), other=_NAMES)
def test_expression_matches_these_names_alone(names: set[str], other: str) -> None:
    """RE2, which PromQL uses, matches exactly the names of the version's instances."""
    expression = query_over("$instances", names)
    assert all(re2.fullmatch(expression, name) for name in names)
    assert bool(re2.fullmatch(expression, other)) == (other in names)


def test_every_placeholder_is_replaced() -> None:
    """A ratio names the instances twice, each time with the same expression in parentheses."""
    query = 'sum(e{instance=~"$instances"}) / sum(r{instance=~`$instances:80`})'
    assert query_over(query, ["web-b", "web-a"]) == (
        'sum(e{instance=~"(web-a|web-b)"}) / sum(r{instance=~`(web-a|web-b):80`})'
    )


@pytest.mark.parametrize("name", ['web"}) or vector(0)#', "web.*", "web\\", "a|b", "", "web\n", "Web", "-a", "a" * 64])
def test_other_name_never_gets_into_a_query(name: str) -> None:
    """A name that Compute Engine does not give could change the query, and is not sent."""
    with pytest.raises(ValueError, match="an instance has a name that Compute Engine does not give"):
        query_over("$instances", ["web-a", name])
