"""Instant queries to a Prometheus server: one value each, with retries within a few seconds."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import httpx

from deploy.analysis.reading import Answer
from deploy.errors import DeployError, NotAllowedError
from deploy.prometheus.answers import parsed_answer
from deploy.retry import Time, TransientError, call_with_retries

LARGEST_BODY: Final = 2**20  # bytes; an answer with one sample has a few hundred
READ_S: Final = 5.0  # of a query with its retries, so that the group is polled on time
_DEADLINE_KEY: Final = "deadline_s"  # equals lib.deadline.REQUEST_S, whose slow import `report` does not need


@dataclass(frozen=True)
class Prometheus:
    """
    A Prometheus server.

    Args:
        client: transport of the requests, which ends a body at `LARGEST_BODY`.
        url: URL before `/api/v1/query`.
        headers: returns the headers of a request, with the login of this server alone.
        time: clock of the retries.
    """

    client: httpx.Client
    url: str
    headers: Callable[[], dict[str, str]]
    time: Time

    def read(self, query: str) -> Answer:
        """
        Return the value of a query at the server's present time, or the reason why there is none.

        The query is sent as a form, because the names of many instances do not fit into a URL. Google Managed
        Prometheus takes this too. Source: GoogleCloudPlatform/prometheus-engine, cmd/frontend/main.go, read 2026-11-27.
        """
        until_s = self.time.now_s() + READ_S

        def attempt() -> Answer:
            left_s = max(until_s - self.time.now_s(), 0.1)
            try:
                answer = self.client.post(
                    f"{self.url}/api/v1/query",
                    data={"query": query},
                    headers=self.headers(),
                    timeout=left_s,
                    follow_redirects=False,
                    extensions={_DEADLINE_KEY: left_s},
                )
            except httpx.RequestError as error:
                raise TransientError(f"{type(error).__name__}: {error}") from error
            return parsed_answer(answer)

        try:
            return call_with_retries(attempt, self.time, READ_S)
        except NotAllowedError as error:
            return Answer(None, error.message.rstrip("."), "login")
        except DeployError as error:
            return Answer(None, error.message)
