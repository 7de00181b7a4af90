"""What a verb works with: the settings, the API, the registry."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from deploy.compute_engine.client import Compute
from deploy.compute_engine.managed_group import ManagedGroup
from deploy.compute_engine.observation_reader import read_observation
from deploy.compute_engine.permissions import read_granted_permissions
from deploy.config import Config
from deploy.group.observation import Observation
from deploy.registry import credentials as registries
from deploy.registry.client import Registry
from deploy.registry.http import Logins
from deploy.retry import Time
from lib.credential_urls import is_local

EXCHANGE_S: Final = 30.0  # for one exchange as a whole, whatever it is retried for


@dataclass(frozen=True)
class Session:
    """Everything that a verb works with."""

    config: Config
    compute: Compute
    registry: Registry
    asked: Callable[[], set[str]]

    def observed(self) -> Observation:
        """Read everything that a decision needs."""
        return read_observation(ManagedGroup(self.compute, self.config.zone, self.config.group), self.asked)


def opened(config: Config, credential_file: Path | None, registry_credentials: Path | None = None) -> Session:
    """
    Open a session; nothing is asked of any network.

    Args:
        config: the environment.
        credential_file: Google credentials.
        registry_credentials: logins of registries.

    Raises:
        NotAllowedError: There are no credentials, and the endpoint is no emulator; a file that can't be read.
    """
    from deploy.compute_engine import login  # noqa: PLC0415 - a fifth of a second, which `report` and `--help` do without
    from lib.deadline import client  # noqa: PLC0415 - as above

    # An endpoint that is plain HTTP is an emulator: it gets no token but those that its environment lets it issue.
    emulated = config.compute_url.startswith("http://")
    address = urlsplit(config.compute_url)
    issues = address.netloc in config.token_hosts and is_local(address.hostname or "")
    anonymous = emulated and not issues
    headers = login.NoCredentials() if anonymous else login.load_login(credential_file, config.token_hosts)
    api, clock = client(EXCHANGE_S, trust_env=not emulated), Time(time.monotonic, time.sleep)
    manager = config.compute_url.partition("/compute/")[0] if emulated else config.resource_manager_url
    logins = Logins(headers.authorization, config.google_registries, registries.read(registry_credentials))
    return Session(
        config,
        Compute(api, config.compute_url, config.project, headers, clock, renew=headers.renew),
        Registry(client(EXCHANGE_S, trust_env=config.registry.startswith("https://")), config.registry, logins, clock),
        lambda: read_granted_permissions(api, manager, config.project, headers, clock),
    )
