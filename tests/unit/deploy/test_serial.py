"""Failures in the output of a serial port."""

import time

import pytest

from deploy.group.serial_output import Failure, failure

R = "asia-northeast3-docker.pkg.dev/p/r/ai-server"
STAMP = "2026-11-23T12:00:05.123456+00:00 vm "
AGENT = f"{STAMP}google_metadata_script_runner[1]: "
BOOT = f"{AGENT}Found startup-script in metadata."
SCRIPT = f"{AGENT}startup-script: "
DAEMON = "Error response from daemon: "
DENIED = f"{SCRIPT}{DAEMON}pull access denied for {R}, repository does not exist or may require 'docker login'"
MANIFEST = "https://asia-northeast3-docker.pkg.dev/v2/p/r/ai-server/manifests/v1"
UNAUTHORIZED = f'{SCRIPT}{DAEMON}Head "{MANIFEST}": unauthorized: x'
METADATA = f"{SCRIPT}curl: (7) Failed to connect to metadata.google.internal port 80 after 0 ms: Connection refused"
ENDED = f"{AGENT}startup-script exit status 1"


@pytest.mark.parametrize(
    "line",
    [
        f"{SCRIPT}{DAEMON}manifest for {R}@sha256:00 not found: manifest unknown: Failed to fetch",
        f"{SCRIPT}docker: {DAEMON}manifest for {R}:v1 not found: manifest unknown",
        f"{SCRIPT}manifest unknown: Failed to fetch",
        f"{SCRIPT}no such manifest: {R}:v1",
        DENIED,
        f'{SCRIPT}{DAEMON}Head "{MANIFEST}": denied: Permission',
        f'{SCRIPT}denied: Permission "artifactregistry.repositories.downloadArtifacts" denied on resource',
        f"{SCRIPT}{DAEMON}name unknown: Repository r not found",
        f"{SCRIPT}{DAEMON}no matching manifest for linux/amd64 in the manifest list entries",
        f"{SCRIPT}{DAEMON}failed to create task for container: failed to create shim task: exec format error",
        f"{SCRIPT}{DAEMON}driver failed programming external connectivity",
        f"{SCRIPT}dependency failed to start: container ai-server exited (1)",
        f"{SCRIPT}stack-ai-server-1 exited with code 3",
        f'{STAMP}dockerd[7]: time="x" level=error msg="POST /v1.47/images/create: manifest unknown"',
        f"{STAMP}docker[7]: docker: {DAEMON}pull access denied for {R}, repository does not exist",
        f"[   47.16] GCEMetadataScripts[1]: 2026/11/23 12:00:05 GCEMetadataScripts: startup-script: {DAEMON}denied: x",
        f"Nov 23 12:00:05 vm startup-script: INFO startup-script: {DAEMON}manifest unknown",
        f"{AGENT}startup-script exit status 125",
        f'{AGENT}Script "startup-script" failed with error: exit status 1',
    ],
)
def test_permanent_failure_of_a_pull_or_start_is_quoted(line: str) -> None:
    """A failed pull or start that no retry resolves is permanent, and the failure quotes its line."""
    diagnosis = failure(f"{BOOT}\r\n{SCRIPT}Pulling x\r\n{line}\r\n", R)
    assert diagnosis is not None
    assert (diagnosis.line, diagnosis.is_permanent) == (line, True)


@pytest.mark.parametrize(
    "line",
    [
        UNAUTHORIZED,
        f"{SCRIPT}unauthorized: authentication required",
        f'{SCRIPT}{DAEMON}Get "https://asia-northeast3-docker.pkg.dev/v2/": context deadline exceeded',
        f'{SCRIPT}{DAEMON}Get "https://host/v2/": net/http: TLS handshake timeout',
        f'{SCRIPT}{DAEMON}Get "https://host/v2/": dial tcp 1.2.3.4:443: i/o timeout',
        f'{SCRIPT}{DAEMON}Get "https://host/v2/": dial tcp: lookup host: no such host',
        f"{SCRIPT}{DAEMON}received unexpected HTTP status: 503 Service Unavailable",
        f"{SCRIPT}docker: {DAEMON}toomanyrequests: Quota exceeded",
        f"{SCRIPT}stack-ai-server-1 exited with code 1 (restarting)",
        METADATA,
        f"{SCRIPT}ERROR: (gcloud.auth.print-access-token) Compute Engine Metadata server unavailable",
    ],
)
@pytest.mark.parametrize("end", ["", ENDED])
def test_failure_that_a_retry_may_resolve_is_transient(line: str, end: str) -> None:
    """A failure that a retry may resolve is transient, although the script may have ended with an error."""
    diagnosis = failure(f"{BOOT}\n{SCRIPT}Pulling x\n{line}\n{end}\n", R)
    assert diagnosis == Failure(line, count=1, is_over=bool(end), is_permanent=False)


@pytest.mark.parametrize(
    "contents",
    [
        "",
        f"{SCRIPT}Pulling {R}@sha256:00\n",
        f"{DENIED}\n{SCRIPT}Pulling x\n{AGENT}startup-script exit status 0\n",
        f"{DENIED}\n{ENDED}\n{BOOT}\n{SCRIPT}Pulling x\n",
        f"{DENIED}\n{SCRIPT}Status: Downloaded newer image for {R}@sha256:00\n",
        f"{UNAUTHORIZED}\n{SCRIPT}Status: Image is up to date for {R}:v1\n",
        f"{SCRIPT}{DAEMON}No such container: ai-server\n{SCRIPT}Pulling x\n",
        f"{SCRIPT}{DAEMON}network with name web already exists\n{SCRIPT}Pulling x\n",
        f"{SCRIPT}docker: rm: /var/x: permission denied: skipped\n{SCRIPT}Pulling x\n",
        f"{SCRIPT}stack-migration-1 exited with code 0\n",
        f"{SCRIPT}+ echo 'Error response from daemon: manifest unknown'\n",
        f"{SCRIPT}curl: (7) Failed to connect to localhost port 8000: Connection refused\n",
        f"{SCRIPT}{DAEMON}manifest for {R}-cache:v1 not found: manifest unknown\n{SCRIPT}Pulling {R}:v1\n",
        f"{SCRIPT}{DAEMON}pull access denied for busybox, repository does not exist\n{SCRIPT}Pulling {R}:v1\n",
        f'{SCRIPT}{DAEMON}Head "https://gcr.io/v2/p/sidecar/manifests/v1": denied: x\n{SCRIPT}Pulling {R}:v1\n',
    ],
)
def test_output_without_a_failure_of_this_boot_is_no_failure(contents: str) -> None:
    """Output that shows a success, an earlier boot or an unrelated error is not a failure."""
    assert failure(f"{BOOT}\n{contents}", R) is None


@pytest.mark.parametrize(
    "program",
    [
        SCRIPT,
        f"{SCRIPT}ai-server-1  | ",
        f"{STAMP}docker[812]: ",
        f"{STAMP}3f2a1b4c5d6e[812]: ",
        f"{STAMP}uvicorn: ",
        f"{STAMP}kernel: audit: ",
        f"{STAMP}app[3]: docker: ",
    ],
)
@pytest.mark.parametrize(
    "message",
    [
        "access denied: retrying",
        "denied: something of the application's",
        "unauthorized: no token",
        "Error: connection refused: retrying",
        "ERROR broker: connection refused",
        "upstream answered 503 Service Unavailable, i/o timeout",
        'time="x" level=error msg="model registry: unauthorized: pull denied: x"',
        "manifest for model unknown",
        "worker exited with code 1",
        "the startup-script exit status 1 was seen",
    ],
)
def test_output_of_the_application_is_no_failed_pull(program: str, message: str) -> None:
    """Output of the application is not a failure, although its words resemble a failed pull."""
    assert failure(f"{BOOT}\n{SCRIPT}Pulling x\n{program}{message}\n", R) is None


def test_failed_pull_of_another_image_counts_once_the_script_has_ended_badly() -> None:
    """A failed pull of another image is a failure only after the script ended with an error."""
    other = f"{SCRIPT}{DAEMON}pull access denied for grafana/promtail, repository does not exist"
    assert failure(f"{BOOT}\n{other}\n", R) is None
    assert failure(f"{BOOT}\n{other}\n{ENDED}\n", R) == Failure(other, count=1, is_over=True, is_permanent=True)


def test_permanent_cause_goes_before_a_transient_one_and_both_before_the_exit_status() -> None:
    """A permanent failure takes precedence over a transient failure, and both over the exit status."""
    boot = f"{BOOT}\n{UNAUTHORIZED}\n{UNAUTHORIZED}\n"
    assert failure(boot, R) == Failure(UNAUTHORIZED, count=2, is_over=False, is_permanent=False)
    assert failure(f"{boot}{DENIED}\n{UNAUTHORIZED}\n{ENDED}\n", R) == Failure(DENIED, 1, True, True)


def test_secrets_of_a_line_stay_hidden() -> None:
    """A secret in the line of a failure is redacted."""
    diagnosis = failure(f"{BOOT}\n{DENIED} TOKEN=verysecret\n", R)
    assert diagnosis is not None
    assert "verysecret" not in diagnosis.line


def test_serial_port_of_a_megabyte_of_one_line_takes_no_time() -> None:
    """Output of more than a megabyte in two lines is parsed within two seconds of CPU time."""
    began_s = time.process_time()
    assert failure(f"{BOOT}\n{'x ' * 500_000}\n{SCRIPT}{'denied: ' * 100_000}\n{DENIED}", R) is not None
    assert time.process_time() - began_s < 2


NEWER = f'{AGENT}Metadata key("startup-script"), command("/bin/bash"): '
FOUND = f"{AGENT}Found startup-script in metadata"
FINISHED = f"{AGENT}Finished running startup scripts"
FAILED = f'{AGENT}Script "startup-script" failed with error: exit status 1'


@pytest.mark.parametrize("program", [AGENT, f"{STAMP}google_compat_metadata_script_runner[1]: "])
@pytest.mark.parametrize("prefix", ["startup-script: ", 'Metadata key("startup-script"), command("/bin/sh"): '])
def test_lines_of_both_agents_are_output_of_the_script(program: str, prefix: str) -> None:
    """A failed pull counts in the lines of the older agent, of the newer agent and of its compatible runner."""
    line = f"{program}{prefix}{DAEMON}manifest for {R}:v1 not found: manifest unknown"
    assert failure(f"{FOUND}\n{line}\n", R) == Failure(line, count=1, is_over=False, is_permanent=True)


def test_newer_agent_ends_a_failed_script_by_a_line_of_its_own() -> None:
    """The last line of the newer agent says nothing; the line before it says that the script has failed."""
    denied = f"{NEWER}{DAEMON}pull access denied for grafana/promtail, repository does not exist"
    boot = f"{FOUND}\n{denied}\n{FAILED}\n{FINISHED}\n"
    assert failure(boot, R) == Failure(denied, count=1, is_over=True, is_permanent=True)
    killed = f'{AGENT}Script "startup-script" failed with error: signal: killed'
    assert failure(f"{FOUND}\n{killed}\n{FINISHED}\n", R) == Failure(killed, count=1, is_over=True, is_permanent=True)


def test_newer_agent_prints_no_success() -> None:
    """A script that finished without a failed end has succeeded, so its earlier errors were resolved by its retries."""
    unauthorized = UNAUTHORIZED.replace(SCRIPT, NEWER)
    assert failure(f"{FOUND}\n{unauthorized}\n{FINISHED}\n", R) is None
    assert failure(f"{BOOT}\n{UNAUTHORIZED}\n{FINISHED}.\n", R) is None
    expected = Failure(unauthorized, count=1, is_over=False, is_permanent=False)
    assert failure(f"{FOUND}\n{unauthorized}\n", R) == expected
    assert failure(f"{unauthorized}\n{FINISHED}\n", R) == expected, "the begin, and maybe the failed end, is cut off"


def test_output_of_the_application_is_no_end_of_the_newer_agent() -> None:
    """A line of the application does not end the script, although its words resemble the agent's."""
    lines = f"{NEWER}app said: Script failed\n{STAMP}app[3]: Finished running startup scripts\n"
    denied = DENIED.replace(SCRIPT, NEWER)
    assert failure(f"{FOUND}\n{denied}\n{lines}", R) == Failure(denied, count=1, is_over=False, is_permanent=True)
