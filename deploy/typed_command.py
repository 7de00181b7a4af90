"""The command that started this process, which reports print before the verbs of other commands: pure."""

import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path


def typed_command(
    command_line: Sequence[str],
    arguments: Sequence[str],
    folder: Path,
    environ: Mapping[str, str],
    program_on_path: Callable[[str], str | None],
) -> str:
    """
    Return the command that started this process, without the verb and its options, quoted for a shell.

    Args:
        command_line: interpreter, its options, and all that follows (`sys.orig_argv`).
        arguments: path of the program, and what follows (`sys.argv`).
        folder: working directory, in which the command will be typed again.
        environ: environment variables.
        program_on_path: returns the path of the program that a name on PATH starts.
    """
    interpreter, *program = command_line[: len(command_line) - len(arguments) + 1]
    is_installed_script = len(program) == 1 and not program[0].endswith(".py")
    words = program if is_installed_script else [interpreter, *program]
    path = Path(words[0])
    # PATH of a process that uv starts begins with a folder that is not on the PATH of the shell.
    if "UV_RUN_RECURSION_DEPTH" in environ and path.parent.parent.name == ".venv":
        project = path.parents[2]
        shown = project.relative_to(folder) if project.is_relative_to(folder) else project
        words = ["uv", "run", "--project", str(shown), path.name, *words[1:]]
    elif is_installed_script and "UV" not in environ and program_on_path(path.name) == words[0]:
        words = [path.name]
    return shlex.join(words)
