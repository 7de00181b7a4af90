"""The options that every verb has, and what they open: the settings, the API, the registry."""

import functools
import inspect
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Concatenate, ParamSpec
from urllib.parse import urlsplit

import httpx
import typer

from deploy import config as environments
from deploy import credentials
from deploy.compute import Compute
from deploy.config import Config
from deploy.observe import Observed, granted, observe
from deploy.registry import Registry
from deploy.retry import Time

Env = Annotated[str, typer.Option(help="environments/ENV.yaml")]
Url = Annotated[str, typer.Option(envvar="COMPUTE_URL", help="another Compute endpoint, such as the emulator's")]
File = Annotated[
    Path | None, typer.Option("--credentials", envvar="GOOGLE_APPLICATION_CREDENTIALS", help="credential file")
]
Override = Annotated[str, typer.Option(help="overrides the environment file")]
_P = ParamSpec("_P")


@dataclass(frozen=True)
class Session:
    """Everything that a verb works with."""

    config: Config
    compute: Compute
    registry: Registry
    asked: Callable[[], set[str]]

    def observed(self) -> Observed:
        """Read everything that a decision needs."""
        return observe(self.compute, self.config, self.asked)


def session(
    env: Env = "local",
    compute_url: Url = "",
    registry_url: Override = "",
    project: Override = "",
    zone: Override = "",
    group: Override = "",
    repository: Override = "",
    file: File = None,
) -> Session:
    """
    Open a session; nothing is asked of any network.

    Raises:
        ConfigError: A setting is wrong.
        NotAllowedError: There are no credentials, and the endpoint is no emulator.
    """
    named = {"project": project, "zone": zone, "group": group, "repository": repository}
    config = environments.read(env, {**named, "compute_url": compute_url, "registry_url": registry_url})
    # An endpoint that is plain HTTP is an emulator: it gets no token but those that its environment lets it issue.
    emulated = config.compute_url.startswith("http://")
    issues = urlsplit(config.compute_url).netloc in config.token_hosts
    headers = credentials.none if emulated and not issues else credentials.headers(file, config.token_hosts)
    client, clock = httpx.Client(trust_env=not emulated), Time(time.monotonic, time.sleep)
    manager = config.compute_url.partition("/compute/")[0] if emulated else config.resource_manager_url
    return Session(
        config,
        Compute(client, config.compute_url, config.project, headers, clock),
        Registry(httpx.Client(trust_env=config.registry.startswith("https://")), config.registry, headers, clock),
        lambda: granted(client, manager, config.project, headers),
    )


def opened(verb: Callable[Concatenate[Session, _P], None]) -> Callable[..., None]:
    """Give a verb the options of `session`, and call it with the session that they open."""
    shared = inspect.signature(session).parameters
    first, *own = inspect.signature(verb).parameters.values()

    @functools.wraps(verb)
    def opening(*args: _P.args, **kwargs: _P.kwargs) -> None:
        told: dict[str, Any] = {name: kwargs.pop(name) for name in shared}
        verb(session(**told), *args, **kwargs)

    parameters = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in (*own, *shared.values())]
    opening.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    hints = {**verb.__annotations__, **session.__annotations__, "return": None}
    opening.__annotations__ = {name: hint for name, hint in hints.items() if name != first.name}
    return opening
