"""The query of a check over the instances of one version: pure."""

import re
from collections.abc import Collection
from typing import Final

from deploy.analysis_settings import INSTANCES

# Source: compute_v1.Instance.name, RFC 1035. None of these characters is special outside of a class in RE2, or in a
# quoted text of PromQL, so that a name is its own regular expression in each of PromQL's three kinds of quotes.
_NAME: Final = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?", re.ASCII)


def query_over(query: str, instances: Collection[str]) -> str:
    """
    Return a query with a regular expression of instances in place of `$instances`.

    Args:
        query: PromQL with `$instances`.
        instances: names of at least one instance.

    Raises:
        ValueError: a name is not one that Compute Engine gives, so that it could change the query.
    """
    for name in instances:
        if not _NAME.fullmatch(name):
            raise ValueError("an instance has a name that Compute Engine does not give")
    return query.replace(INSTANCES, f"({'|'.join(sorted(instances))})")
