"""Generated requests on every route, whose answers are compared with the description of the API."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    allow_header_conformance,
    content_type_conformance,
    ignored_auth,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from app.connections import limited_protocol
from tests.unit.app.app_environment import AppEnvironment
from tests.unit.app.description import FILE
from tests.unit.app.servers import serving

pytest_plugins = ["schemathesis.pytest.plugin"]  # in the workers of pytest-xdist alone

TOKENS = ("old-token-of-a-caller-" + "o" * 10, "new-token-of-a-caller-" + "n" * 10)
SERVED = AppEnvironment({"ai_server_tokens": ",".join(TOKENS)})
HEADERS = {"Authorization": f"Bearer {TOKENS[1]}"}
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
    unsupported_method,
    allow_header_conformance,
    ignored_auth,
]
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "5"))  # requests of each route


@pytest.fixture(scope="module")
def served() -> Iterator[str]:
    """The application as a server, with fakes without faults."""
    with serving(SERVED.app(), http=limited_protocol(SERVED.policies.connections)) as url:
        yield url


schema = schemathesis.openapi.from_path(FILE)
# A body above its limit is refused before its values are read.
REJECTION = schema.config.checks.negative_data_rejection
REJECTION.expected_statuses = [*REJECTION.expected_statuses, "413"]
schema.config.phases.coverage.enabled = "FUZZ_EXAMPLES" in os.environ  # every worker makes its cases at collection


@schema.parametrize()
@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
def test_generated_request_is_no_internal_error(case: "schemathesis.Case[Any]", served: str) -> None:
    """Each answer to generated requests fits the description, is no 500, and is a success only with a valid token."""
    case.call_and_validate(base_url=served, headers=HEADERS, checks=CHECKS)
