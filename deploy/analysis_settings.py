"""Settings of the analysis of a rollout: the Prometheus server that is queried, and the limits of its answers."""

import re
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, Field, field_validator, model_validator

from deploy.settings_model import SETTINGS_MODEL
from lib.credential_urls import UrlError, environment_endpoint

INSTANCES: Final = "$instances"
# Source: documentation of Managed Service for Prometheus, "Query using the Prometheus API", read 2026-11-27.
_GOOGLE: Final = "https://monitoring.googleapis.com/"
READ_PERMISSION: Final = "monitoring.timeSeries.list"
_MOST_CHECKS: Final = 20
_LONGEST_QUERY: Final = 10_000


def _server_url(url: str) -> str:
    """Return a URL without a slash at its end; an error has no part of it, because a password may stand there."""
    try:
        target = environment_endpoint(url).target
    except UrlError as error:
        raise ValueError(f"the URL {error}") from error
    if "?" in target:
        raise ValueError("the URL has a query, and must end before /api/v1/query")
    return url.rstrip("/")


_Url = Annotated[str, AfterValidator(_server_url)]
_Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
_Factor = Annotated[float, Field(strict=True, ge=0.001, le=1_000, allow_inf_nan=False)]


class CheckSettings(BaseModel):
    """A query whose value must not exceed a limit."""

    model_config = SETTINGS_MODEL

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
    """name in errors and reports"""
    query: Annotated[str, Field(max_length=_LONGEST_QUERY)]
    """PromQL with one number as its result; `$instances` becomes a regular expression of instance names"""
    at_most: _Number | None = None
    """largest value of the new version's instances"""
    compared_with: Literal["previous"] | None = None
    """previous: the value may not exceed `factor` times that of the old version's instances at the same time"""
    factor: _Factor | None = None
    """see `compared_with`"""

    @field_validator("query")
    @classmethod
    def _names_the_instances(cls, query: str) -> str:
        if INSTANCES not in query:
            raise ValueError(
                f"has no {INSTANCES}, so it would read the instances of both versions: select them by their label, such"
                f' as {{instance=~"{INSTANCES}"}}'
            )
        return query

    @model_validator(mode="after")
    def _has_a_limit(self) -> Self:
        if self.compared_with and self.factor is None:
            raise ValueError("compared_with needs factor, by which the value of the old version is multiplied")
        if self.factor is not None and not self.compared_with:
            raise ValueError("factor needs compared_with: previous")
        if self.at_most is None and not self.compared_with:
            raise ValueError("has no limit: set at_most, or compared_with: previous with factor")
        return self


class AnalysisSettings(BaseModel):
    """What is read of Prometheus during each bake of a rollout; docs/runbook.md explains the verdicts."""

    model_config = SETTINGS_MODEL

    prometheus: _Url
    """URL before `/api/v1/query`; monitoring.googleapis.com gets the Google token, any other --prometheus-token"""
    scrape_s: Annotated[float, Field(strict=True, ge=1, le=3_600, allow_inf_nan=False)] = 30.0
    """seconds between two scrapes: as long must a check stay on one side of its limit; a bake, twice as long"""
    checks: Annotated[tuple[CheckSettings, ...], Field(min_length=1, max_length=_MOST_CHECKS)]
    """queries, each with its limit"""

    @property
    def is_google(self) -> bool:
        """Whether the server is Google Managed Prometheus, which takes the Google access token."""
        return self.prometheus.startswith(_GOOGLE)

    @property
    def google_project(self) -> str:
        """Project whose metrics Google Managed Prometheus serves; empty for another server."""
        match = re.match(r"v1/projects/([^/]+)/", self.prometheus.removeprefix(_GOOGLE)) if self.is_google else None
        return match[1] if match else ""

    @field_validator("checks")
    @classmethod
    def _have_distinct_names(cls, checks: tuple[CheckSettings, ...]) -> tuple[CheckSettings, ...]:
        names = [check.name for check in checks]
        repeated = next((name for name in names if names.count(name) > 1), "")
        if repeated:
            raise ValueError(f"has the name '{repeated}' twice: give each check a name of its own")
        return checks
