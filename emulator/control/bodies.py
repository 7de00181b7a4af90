"""The bodies of the control routes."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class ClockChange(_Strict):
    """Virtual seconds to advance, and the skew of the server's clock; None: the skew stays."""

    advance_s: Annotated[float, Field(ge=0, le=10**8)] = 0.0
    skew_s: Annotated[float, Field(ge=-(10**8), le=10**8)] | None = None


class BindingRequest(_Strict):
    """A container for the instances of an image: its health URL, an answer that stays, or a hook on loopback."""

    image: Annotated[str, Field(pattern=r"^[^/\s]\S*$")]
    url: Annotated[str, Field(pattern=r"^https?://")] = ""
    hook: Annotated[str, Field(pattern=r"^http://(127\.\d+\.\d+\.\d+|localhost|\[::1\])(:\d+)?(/|$)")] = ""
    answers: bool | None = None


class Permissions(_Strict):
    """
    The permissions that are denied from now on, and those that a condition grants by the end of a name; the APIs that
    the project has not enabled.
    """

    denied: list[str] = []
    disabled_apis: list[Annotated[str, Field(pattern=r"^[a-z]+\.googleapis\.com$")]] = []
    conditional: dict[Annotated[str, Field(min_length=1)], list[str]] = {}


class Recommendation(_Strict):
    """The size that an autoscaler recommends."""

    autoscaler: str
    size: Annotated[int, Field(ge=0, le=1_000)]


class Crash(_Strict):
    """The instance whose application stops answering now."""

    instance: str


class Capacity(_Strict):
    """The largest number of instances by zone."""

    zones: dict[str, Annotated[int, Field(ge=0)]]
