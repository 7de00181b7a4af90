"""Failures in the lines of konlet and of cloud-init, which start containers without a startup script."""

import pytest

from deploy.group.serial_output import Failure, failure

R = "asia-northeast3-docker.pkg.dev/p/r/ai-server"
STAMP = "2026-11-23T12:00:05.123456+00:00 vm "
AGENT = f"{STAMP}google_metadata_script_runner[1]: "
BOOT = "[    9.1] systemd[1]: Starting google-startup-scripts.service"
FINISHED = f"{AGENT}Finished running startup scripts"
KONLET = f"{STAMP}konlet-startup[694]: 2026/11/23 12:00:05 "
STARTS = f"{KONLET}Starting Konlet container startup agent"
LAUNCHES = f"{KONLET}Launching user container '{R}:v1'"
CREATED = f"{KONLET}Created a container with name 'klt-app-bqub' and ID: c03e7f32d59e"
START = f"{KONLET}Error: Failed to start container: "
DAEMON = "Error response from daemon: "
MISSING = f"{START}{DAEMON}manifest for {R}:v1 not found: manifest unknown: Failed to fetch"
HEAD = f'{START}{DAEMON}Head "https://asia-northeast3-docker.pkg.dev/v2/p/r/ai-server/manifests/v1"'
CLOUD = f"{STAMP}cloud-init[742]: "
TIME = "2026-11-23 12:00:05,599 - "
MODULE = "(<module 'cloudinit.config.cc_scripts_user' from '/usr/lib/python3/cc_scripts_user.py'>)"
SCRIPTS = "(scripts in /var/lib/cloud/instance/scripts)"
FAILED = f"{CLOUD}{TIME}cc_scripts_user.py[WARNING]: Failed to run module scripts_user {SCRIPTS}"
ENDED = f"{CLOUD}Cloud-init v. 23.2.1 finished at Sun, 23 Nov 2026 12:00:45 +0000. Datasource DataSourceGCE."
DENIED = f"{CLOUD}docker: {DAEMON}pull access denied for {R}, repository does not exist"


def read(*lines: str) -> Failure | None:
    """Return the failure of a boot without a startup script, whose runner has ended."""
    return failure("\n".join((BOOT, FINISHED, *lines, "")), R)


@pytest.mark.parametrize(
    "line",
    [
        MISSING,
        f"{HEAD}: denied: Permission 'artifactregistry.repositories.downloadArtifacts' denied",
        f"{START}{DAEMON}pull access denied for {R}, repository does not exist",
        f"{START}{DAEMON}No such image: {R}:v1",
        f"{START}Error: No such image: {R}:v1",
        f"{START}Invalid container declaration: Volume data not referenced by any container.",
        f"{KONLET}Error: Cannot parse container declaration 'spec': yaml: line 2: mapping values are not allowed",
        f"{KONLET}Error: Container declaration should include exactly 1 container, 2 found",
        MISSING.replace(STAMP, "[   47.161234] "),
        MISSING.replace(STAMP, "Nov 23 12:00:05 vm "),
    ],
)
def test_error_of_konlet_that_no_retry_resolves_is_permanent(line: str) -> None:
    """The failure quotes the line, although the runner of startup scripts has ended without an error."""
    assert read(STARTS, LAUNCHES, line) == Failure(line, count=1, is_over=False, is_permanent=True)
    assert read(line) == Failure(line, count=1, is_over=False, is_permanent=True)


@pytest.mark.parametrize(
    "line",
    [
        f"{HEAD}: unauthorized: x",
        f'{START}{DAEMON}Get "https://host/v2/": dial tcp 1.2.3.4:443: i/o timeout',
        f"{START}Failed to mount /dev/sdb at /mnt/disks/x: exit status 32",
        f"{KONLET}Error: Cannot get auth token: Metadata server responded with status 503",
        f"{KONLET}Error: Cannot load container declaration: Failed metadata request: (503 Service Unavailable).",
        f"{KONLET}Failed to initialize Konlet: Cannot connect to the Docker daemon",
        f'{STAMP}konlet-startup[694]: docker: {DAEMON}Get "https://gcr.io/v2/": context deadline exceeded.',
    ],
)
def test_error_of_konlet_that_the_next_attempt_may_not_have_is_transient(line: str) -> None:
    """Its unit is started again 30 s later, so only the number of lines shows that the error stays."""
    assert read(STARTS, line) == Failure(line, count=1, is_over=False, is_permanent=False)
    assert read(STARTS, line, STARTS, line) == Failure(line, count=2, is_over=False, is_permanent=False)


@pytest.mark.parametrize(
    "lines",
    [
        (STARTS, LAUNCHES),
        (STARTS, LAUNCHES, f"{KONLET}Error: failed to unmount volumes:"),
        (STARTS, LAUNCHES, CREATED, f"{KONLET}Starting a container with ID: c03e7f32d59e"),
        (f"{HEAD}: unauthorized: x", STARTS, LAUNCHES, CREATED),
        (f"{START}{DAEMON}manifest for gcr.io/p/sidecar:v1 not found: manifest unknown",),
        (f"{STAMP}app[3]: Error: Failed to start container: {DAEMON}manifest unknown",),
        (f"{STAMP}konlet-startup[694]: No metadata present - not running containers",),
        (MISSING, BOOT, STARTS),
    ],
)
def test_konlet_that_starts_the_container_has_no_failure(lines: tuple[str, ...]) -> None:
    """Errors before the last container, of another image, of another program or of an earlier boot do not count."""
    assert read(*lines) is None


def test_container_that_was_created_and_does_not_start_is_a_failure() -> None:
    """The creation resolves the pull, and not what follows it."""
    line = f"{START}{DAEMON}failed to create task for container: failed to create shim task: exec format error"
    assert read(LAUNCHES, CREATED, line) == Failure(line, count=1, is_over=False, is_permanent=True)


@pytest.mark.parametrize(
    "line",
    [
        FAILED,
        FAILED.replace("scripts_user", "scripts-user").replace("cc_scripts-user", "cc_scripts_user"),
        f"{CLOUD}cc_scripts_user.py[WARNING]: Failed to run module scripts-user {SCRIPTS}",
        f"{CLOUD}{TIME}util.py[WARNING]: Running module scripts_user {MODULE} failed",
        f"{CLOUD}{TIME}log_util.py[WARNING]: Running module write_files {MODULE} failed",
        f"{CLOUD}{TIME}util.py[WARNING]: Running module write-files-deferred {MODULE} failed",
        f"{CLOUD}{TIME}util.py[WARNING]: Running module runcmd {MODULE} failed",
        FAILED.replace(STAMP, "[   47.161234] "),
    ],
)
@pytest.mark.parametrize("end", [(), (ENDED,), (ENDED, BOOT, FINISHED)])
def test_module_of_cloud_init_that_has_failed_is_a_failure(line: str, end: tuple[str, ...]) -> None:
    """The commands and files of user data are made at the first boot alone, so another boot resolves nothing."""
    assert read(line, *end) == Failure(line, count=1, is_over=True, is_permanent=True)


def test_cause_in_the_output_of_a_command_goes_before_the_module() -> None:
    """The last line of the cause is quoted, and its kind decides; a cause of another image counts after the failure."""
    assert read(DENIED, FAILED, ENDED) == Failure(DENIED, count=1, is_over=True, is_permanent=True)
    timeout = f'{CLOUD}{DAEMON}Get "https://host/v2/": net/http: TLS handshake timeout'
    assert read(timeout, FAILED) == Failure(timeout, count=1, is_over=True, is_permanent=False)
    assert read(timeout) == Failure(timeout, count=1, is_over=False, is_permanent=False)
    given_up = f"{CLOUD}docker pull: exit code 1, 5 times"
    repeated = f"{CLOUD}docker pull: exit code 1, again in 5 s"
    assert read(repeated, DENIED, given_up) == Failure(DENIED, count=1, is_over=True, is_permanent=True)
    assert read(DENIED, given_up, repeated) is None
    assert read(DENIED, repeated, FAILED) == Failure(DENIED, count=1, is_over=True, is_permanent=True)
    other = DENIED.replace(R, "grafana/promtail")
    assert read(other) is None
    assert read(other, FAILED) == Failure(other, count=1, is_over=True, is_permanent=True)


@pytest.mark.parametrize(
    "lines",
    [
        (ENDED,),
        (DENIED, ENDED),
        (DENIED, f"{CLOUD}docker pull: exit code 1, again in 5 s"),
        (f"{CLOUD}docker pull: attempt 1, with more after a failure", DENIED),
        (f"{CLOUD}unauthorized: authentication required", f"{CLOUD}Status: Downloaded newer image for {R}:v1"),
        (DENIED, f"{CLOUD}Status: Downloaded newer image for {R}:v1"),
        (f"{CLOUD}{TIME}util.py[WARNING]: Running module ntp {MODULE} failed",),
        (f"{CLOUD}{TIME}cc_scripts_user.py[DEBUG]: Running module scripts_user {MODULE} with frequency once",),
        (f"{STAMP}app[3]: {TIME}cc_scripts_user.py[WARNING]: Failed to run module scripts_user {SCRIPTS}",),
        (f"{CLOUD}app said: Failed to run module scripts_user {SCRIPTS}",),
    ],
)
def test_cloud_init_without_a_failed_module_has_no_failure(lines: tuple[str, ...]) -> None:
    """A regular end, a later pull, another module and other programs' words are no failure."""
    assert read(*lines) is None


def test_failed_startup_script_goes_before_the_agents() -> None:
    """The runner's own line is quoted if the script has failed, too."""
    ended = f"{AGENT}startup-script exit status 1"
    assert failure(f"{AGENT}Found startup-script in metadata\n{MISSING}\n{FAILED}\n{ended}\n", R) == Failure(
        ended, count=1, is_over=True, is_permanent=True
    )
