"""The connections of a verb: Compute Engine, the registry, and the account's permissions."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from deploy.analysis_settings import AnalysisSettings
from deploy.compute_engine.client import Compute
from deploy.compute_engine.granted_permissions import read_granted_permissions
from deploy.compute_engine.managed_group import ManagedGroup
from deploy.compute_engine.no_credentials import NoCredentials
from deploy.compute_engine.observation_reader import read_observation
from deploy.compute_engine.permissions import required_permissions
from deploy.compute_engine.request import EXCHANGE_S, WAIT_EXCHANGE_S
from deploy.config import Config
from deploy.doctor.readings import Readings
from deploy.google_apis.client import GoogleApis
from deploy.google_apis.readings_reader import ReadingsReader
from deploy.group.observation import Observation
from deploy.prometheus.checks_reader import ChecksReader
from deploy.prometheus.client import LARGEST_BODY, READ_S, Prometheus
from deploy.prometheus.login import server_headers
from deploy.registry import credentials as registries
from deploy.registry.client import Registry
from deploy.registry.http import Logins
from deploy.retry import Time
from lib.credential_urls import is_local

if TYPE_CHECKING:
    import httpx

    from deploy.compute_engine.login import GoogleLogin


@dataclass(frozen=True, kw_only=True)
class Session:
    """
    The connections of a verb.

    Args:
        managed: group of the environment.
        open_registry: opens the registry of the environment's repository, for a verb that reads it.
        client: HTTP client of Google's other endpoints.
        resource_manager_url: scheme and host of Cloud Resource Manager.
        headers: returns the headers of a request to Google, with its token.
        account: account that is logged in, and its credential file; empty where the emulator requires no login.
        member: the account as IAM names it.
        apis: Google's APIs beside Compute Engine.
        checks: reads of the analysis; None for an environment without one.
    """

    managed: ManagedGroup
    open_registry: Callable[[], Registry]
    client: "httpx.Client"
    resource_manager_url: str
    headers: Callable[[], dict[str, str]]
    account: str
    member: str
    apis: GoogleApis
    checks: ChecksReader | None = None

    @cached_property
    def registry(self) -> Registry:
        """
        Registry of the environment's repository.

        Raises:
            NotAllowedError: the file of its logins can't be read.
        """
        return self.open_registry()

    def read_readings(self, config: Config) -> Readings:
        """
        Read everything that `doctor` judges.

        Raises:
            NotAllowedError: the credentials give no token.
        """
        self.headers()
        return self.readings_reader(config).read(self.account, self.member)

    def readings_reader(self, config: Config) -> ReadingsReader:
        """Return the reader of everything that `doctor` judges."""
        return ReadingsReader(config, self.managed, self.apis, self.registry.check_access, checks=self.checks)

    def server_time(self) -> datetime:
        """Return the time of Compute Engine, as its answers until now show it."""
        return self.managed.compute.server_clock.now()

    def read_observation(self, *, reads_region: bool = False) -> Observation:
        """Read the group and its surroundings; `reads_region` is that of the reader."""
        return read_observation(self.managed, self.read_permissions, reads_region=reads_region)

    def read_permissions(self) -> set[str]:
        """Read which required permissions the account has on the project."""
        compute = self.managed.compute
        return read_granted_permissions(
            self.client,
            self.resource_manager_url,
            compute.project,
            required_permissions(self.managed.location),
            self.headers,
            compute.time,
        )


def open_session(
    config: Config,
    credential_file: Path | None,
    registry_credentials: Path | None = None,
    prometheus_token: Path | None = None,
) -> Session:
    """
    Open a session; no request is made.

    The files of the registry and of Prometheus are read when a request needs them, so that a wrong one is in the way of
    no abort.

    Args:
        config: endpoints and names of the environment.
        credential_file: file of Google credentials; None for the account of the VM.
        registry_credentials: file of registry logins; None if there is none.
        prometheus_token: file with the token of a Prometheus server; None if there is none.

    Raises:
        NotAllowedError: there are no credentials and the endpoint is no emulator, or their file can't be read.
    """
    from lib.deadline import client  # noqa: PLC0415 - a tenth of a second, which `report` and `--help` do without

    # An endpoint that is plain HTTP is an emulator: it gets no token but those that its environment lets it issue.
    is_emulator = config.compute_url.startswith("http://")
    address = urlsplit(config.compute_url)
    issues_tokens = address.netloc in config.token_hosts and is_local(address.hostname or "")
    is_anonymous = is_emulator and not issues_tokens
    headers = NoCredentials() if is_anonymous else _load_login(credential_file, config.token_hosts)
    clock = Time(time.monotonic, time.sleep)
    compute_client = client(WAIT_EXCHANGE_S, trust_env=not is_emulator)
    google = client(EXCHANGE_S, trust_env=not is_emulator)
    compute = Compute(compute_client, config.compute_url, config.project, headers, clock, renew=headers.renew)

    def open_registry() -> Registry:
        logins = Logins(headers.authorization, config.google_registries, registries.read(registry_credentials))
        registry_client = client(EXCHANGE_S, trust_env=config.registry.startswith("https://"))
        return Registry(registry_client, config.registry, logins, clock)

    emulator_url = config.compute_url.partition("/compute/")[0]
    return Session(
        managed=ManagedGroup(compute, config.location, config.group),
        open_registry=open_registry,
        client=google,
        resource_manager_url=emulator_url if is_emulator else config.resource_manager_url,
        headers=headers,
        account=headers.account,
        member=headers.member,
        apis=GoogleApis(google, headers, clock, emulator_url if is_emulator else "", config.resource_manager_url),
        checks=_checks_reader(config.rollout.analysis, headers, prometheus_token, clock),
    )


def _checks_reader(
    analysis: AnalysisSettings | None, google: Callable[[], dict[str, str]], token_file: Path | None, clock: Time
) -> ChecksReader | None:
    if analysis is None:
        return None
    from lib.deadline import client  # noqa: PLC0415 - as in open_session

    url = analysis.prometheus
    http = client(READ_S, trust_env=url.startswith("https://"), body_bytes=LARGEST_BODY)
    return ChecksReader(Prometheus(http, url, server_headers(analysis, google, token_file), clock), analysis)


def _load_login(credential_file: Path | None, token_hosts: tuple[str, ...]) -> "GoogleLogin":
    from deploy.compute_engine import login  # noqa: PLC0415 - a fifth of a second, which an emulator does without

    return login.load_login(credential_file, token_hosts)
