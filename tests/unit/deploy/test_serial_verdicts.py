"""Only the guest agent's own lines begin and end a boot's script; equal words of a script or a container do not."""

import pytest

from deploy.group.serial_output import Failure, failure

R = "asia-northeast3-docker.pkg.dev/p/r/ai-server"
STAMP = "2026-11-23T12:00:05.123456+00:00 vm "
AGENTS = (
    f"{STAMP}google_metadata_script_runner[1]: ",
    f"{STAMP}google_compat_metadata_script_runner[1]: ",
    "[   47.16] GCEMetadataScripts[1]: 2026/11/23 12:00:05 GCEMetadataScripts: ",
)
OUTPUTS = tuple(
    agent + prefix
    for agent in AGENTS
    for prefix in ("startup-script: ", 'Metadata key("startup-script"), command("/bin/bash"): ')
)
OTHERS = (f"{STAMP}docker[812]: ", f"{STAMP}dockerd[7]: ", f"{STAMP}startup-script: ", f"{STAMP}app[3]: ")
FOUND = f"{AGENTS[0]}Found startup-script in metadata"
DENIED = f"{OUTPUTS[0]}Error response from daemon: pull access denied for {R}, repository does not exist"
FAILED = Failure(DENIED, count=1, is_over=False, is_permanent=True)
SUCCEEDS, FINISHED = "startup-script exit status 0", "Finished running startup scripts"
FAILS = ("startup-script exit status 1", 'Script "startup-script" failed with error: exit status 1')
BEGINS = ("Found startup-script in metadata", "Starting google-startup-scripts.service")


@pytest.mark.parametrize("prefix", [*OUTPUTS, *OTHERS])
@pytest.mark.parametrize("words", [SUCCEEDS, FINISHED, *BEGINS])
def test_printed_words_hide_no_failure(prefix: str, words: str) -> None:
    """A success, an end or a begin that the script or a container prints leaves a failed pull in force."""
    assert failure(f"{FOUND}\n{DENIED}\n{prefix}{words}\n", R) == FAILED


@pytest.mark.parametrize("prefix", [*OUTPUTS, *OTHERS])
@pytest.mark.parametrize("words", FAILS)
def test_printed_words_are_no_failure(prefix: str, words: str) -> None:
    """A failed end that the script or a container prints is no failure."""
    assert failure(f"{FOUND}\n{prefix}{words}\n", R) is None


@pytest.mark.parametrize("separator", ["\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028"])
def test_only_a_newline_ends_a_line(separator: str) -> None:
    """A separator within a line of the script begins no line of the agent."""
    line = f"{OUTPUTS[0]}x{separator}{AGENTS[0]}{SUCCEEDS}"
    assert failure(f"{FOUND}\r\n{DENIED}\r\n{line}\r\n", R) == FAILED


@pytest.mark.parametrize("agent", AGENTS)
def test_lines_of_the_agent_end_the_script(agent: str) -> None:
    """The lines of each agent, by each of its names, have their effect."""
    assert failure(f"{FOUND}\n{DENIED}\n{agent}{SUCCEEDS}\n", R) is None
    assert failure(f"{FOUND}\n{DENIED}\n{agent}{FINISHED}\n", R) is None
    for words in FAILS:
        line = f"{agent}{words}"
        assert failure(f"{FOUND}\n{line}\n", R) == Failure(line, count=1, is_over=True, is_permanent=True)


@pytest.mark.parametrize(
    "begin",
    [
        *(f"{agent}Found startup-script in metadata." for agent in AGENTS),
        f"{STAMP}systemd[1]: Starting google-startup-scripts.service - Google Compute Engine Startup Scripts...",
        "[   12.34] systemd[1]: Starting google-startup-scripts.service - Google Compute Engine Startup Scripts...",
        "         Starting \x1b[0;1;39mgoogle-startup-scripts.service\x1b[0m - Google Compute Engine Startup...",
    ],
)
def test_lines_of_the_agent_and_of_systemd_begin_a_boot(begin: str) -> None:
    """Errors before the begin of the last boot do not count."""
    assert failure(f"{FOUND}\n{DENIED}\n{begin}\n{OUTPUTS[0]}Pulling x\n", R) is None
