"""The command that started a process, as reports print it."""

from pathlib import Path

import pytest

from deploy.typed_command import typed_command

VENV = "/repo/deploy/.venv/bin/python"
UV_RUN = {"UV": "/bin/uv", "UV_RUN_RECURSION_DEPTH": "1"}


@pytest.mark.parametrize(
    ("command_line", "arguments", "environ", "expected"),
    [
        (["/t/bin/python", "/home/me/.local/bin/mig-deploy", "status"], 1, {}, "mig-deploy"),
        (["/t/bin/python", "/elsewhere/mig-deploy", "status"], 1, {}, "/elsewhere/mig-deploy"),
        (["/t/bin/python", "my tools/mig-deploy"], 0, {}, "'my tools/mig-deploy'"),
        (["/cache/bin/python", "/home/me/.local/bin/mig-deploy"], 0, {"UV": "uv"}, "/home/me/.local/bin/mig-deploy"),
        (["/p/.venv/bin/python", "/p/.venv/bin/mig-deploy"], 0, UV_RUN, "uv run --project /p mig-deploy"),
        (["python", "-m", "mig_deploy", "status", "--env", "dev"], 3, {}, "python -m mig_deploy"),
        (["python3", "-B", "-X", "dev", "-m", "deploy"], 0, {}, "python3 -B -X dev -m deploy"),
        ([VENV, "-m", "deploy", "status"], 1, {}, f"{VENV} -m deploy"),
        ([VENV, "-m", "deploy", "status"], 1, UV_RUN, "uv run --project deploy python -m deploy"),
        (["/other/.venv/bin/python", "-m", "deploy"], 0, UV_RUN, "uv run --project /other python -m deploy"),
        (["/cache/env/bin/python", "-m", "deploy"], 0, UV_RUN, "/cache/env/bin/python -m deploy"),
        (["python", "deploy/launcher.py", "status"], 1, {}, "python deploy/launcher.py"),
    ],
)
def test_command_is_that_by_which_the_process_was_started(
    command_line: list[str], arguments: int, environ: dict[str, str], expected: str
) -> None:
    """A script on PATH is printed by its name; every other command is printed in full, with the prefix of `uv run`."""
    program = ["PROGRAM", *command_line[len(command_line) - arguments :]]
    on_path = {"mig-deploy": "/home/me/.local/bin/mig-deploy"}
    assert typed_command(command_line, program, Path("/repo"), environ, on_path.get) == expected
