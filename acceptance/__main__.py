"""
Runs every step on a disposable project of Google Cloud, one line each, and continues after a failure.

    uv run --project deploy python -m acceptance --project PROJECT

Exit codes: 0 every step is done, 1 a step failed or was interrupted, 3 refused.
"""

import shlex
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final, NoReturn

import typer

from acceptance.claims import verdicts_report
from acceptance.exchange import read_exchanges
from acceptance.place import (
    ROOT,
    AcceptanceError,
    Place,
    environment_text,
    prepare,
    read_place,
    refuse_foreign_release,
)
from acceptance.progress import Progress, remaining_steps
from acceptance.runner import StepFailedError, run_step
from acceptance.steps import DESTROY, Step, steps
from lib.streams import protect, write_error, write_report
from lib.usage import usage_error

_FAILED: Final = 1
_REFUSED: Final = 3
_INTERRUPTED: Final = "interrupted"
_TYPED: Final = "uv run --project deploy python -m acceptance"

ProjectName = Annotated[str, typer.Option("--project", help="disposable project; everything in it may be deleted")]
EnvironmentFile = Annotated[Path, typer.Option("--environment", help="environment file; its project is replaced")]
Folder = Annotated[
    Path | None, typer.Option("--folder", help="folder of the run (default: .acceptance/PROJECT in this repository)")
]
First = Annotated[str, typer.Option("--from", help="step to begin with (default: the first step that is not done)")]
Skipped = Annotated[list[str], typer.Option("--skip", help="step to leave out; may be repeated")]
FirstRelease = Annotated[
    str, typer.Option("--release", help="first release, HOST/PATH@sha256:DIGEST, where 'publish' is left out")
]
Disposable = Annotated[
    str, typer.Option("--disposable", help="the project again: confirms a new folder without a question")
]
IsList = Annotated[bool, typer.Option("--list", help="print the steps and what is done, and run nothing")]

_app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@_app.command()
def accept(
    project: ProjectName,
    environment: EnvironmentFile = ROOT / "environments/dev.yaml",
    folder: Folder = None,
    first: First = "",
    skipped: Skipped = [],  # noqa: B006 - typer copies the default
    release: FirstRelease = "",
    disposable: Disposable = "",
    is_list: IsList = False,
) -> None:
    """Create, roll, break and destroy a whole environment on a disposable project, and record deploy's exchanges."""
    text = environment_text(environment.read_text(), project)
    place = read_place(project, folder or ROOT / ".acceptance" / project, text)
    if release:
        refuse_foreign_release(release, place)
    progress = Progress.read(place.folder)
    if is_list:
        write_report(listing(steps(place), progress, skipped))
        return
    is_new = not progress.place
    progress = progress.at(place)
    progress = progress.with_value("first", release) if release else progress
    chosen = remaining_steps(steps(place), progress, first, skipped)
    if is_new:
        _confirm(project, disposable)
    try:
        place.folder.mkdir(parents=True, exist_ok=True)
        progress.write(place.folder)
        prepare(place, text)
        for step in chosen:
            progress = _perform(step, place, progress)
        write_report(summary(place))
    except (OSError, ValueError, KeyboardInterrupt) as error:
        _stop(place, str(error) or _INTERRUPTED)
    write_error(leftovers(place, progress.is_destroyed))


def listing(all_steps: tuple[Step, ...], progress: Progress, skipped: list[str]) -> str:
    """Return a line for each step: whether it is done, and whether it needs more than the emulator has."""
    width = max(len(step.name) for step in all_steps)
    return "\n".join(
        f"{_state(step, progress, skipped):<8} {step.name:<{width}}  {step.text}{'  (Google)' * step.needs_google}"
        for step in all_steps
    )


def summary(place: Place) -> str:
    """Return what the recordings show, row by row of emulator/FIDELITY.md, and how to keep them."""
    folder = place.folder / "exchanges"
    files = sorted(folder.glob("*.jsonl"))
    exchanges = read_exchanges(files)
    kept = f"tests/contract/recordings/{exchanges[-1].at[:10]}" if exchanges else ""
    is_of_google = any(exchange.is_of_google for exchange in exchanges)
    return "\n".join(
        [
            f"{len(exchanges)} exchanges in {len(files)} files of {folder}",
            *verdicts_report(exchanges),
            *([f"keep them: cp -r {folder} {kept}, then read acceptance/README.md"] if is_of_google else []),
        ]
    )


def leftovers(place: Place, is_destroyed: bool) -> str:
    """Return how to delete what a run has left in the project."""
    delete = f"gcloud projects delete {place.project}"
    if is_destroyed:
        return f"what the steps made is deleted; acceptance/README.md lists what may stay. This deletes it: {delete}"
    command = typed(sys.argv[1:], is_destroy=True)
    return (
        f"the project still has resources that cost money. Delete them: {command} --from {DESTROY}\n"
        f"or everything at once: {delete}"
    )


def typed(arguments: Sequence[str], *, is_destroy: bool = False) -> str:
    """
    Return the command line of a person, without the step to begin with.

    Args:
        arguments: arguments of the person.
        is_destroy: whether the command is to delete everything, so that no `--skip destroy` stays.
    """
    kept: list[str] = []
    rest = iter(arguments)
    for argument in rest:
        option, _, value = argument.partition("=")
        if option not in ("--from", "--skip"):
            kept.append(argument)
            continue
        value = value or next(rest, "")
        if option == "--skip" and not (is_destroy and value == DESTROY):
            kept += [option, value]
    return f"{_TYPED} {shlex.join(kept)}"


def _confirm(project: str, disposable: str) -> None:
    """
    Let the person name the project once more before the first step of a new folder.

    Args:
        project: name of the disposable project.
        disposable: value of the option `--disposable`; empty to ask for it.

    Raises:
        AcceptanceError: the person names another project, or none.
    """
    if not disposable:
        write_error(f"Everything in project '{project}' may be deleted. Type its id to begin:")
        try:
            disposable = sys.stdin.readline().strip()
        except KeyboardInterrupt:
            raise AcceptanceError(f"{_INTERRUPTED}: nothing was begun") from None
    if disposable != project:
        raise AcceptanceError(
            f"--disposable: got '{disposable}', and the project is '{project}'. Fix: type the id of the project."
        )


def _perform(step: Step, place: Place, progress: Progress) -> Progress:
    """Run a step, print its line, and keep the progress."""
    started_s = time.monotonic()
    try:
        progress = progress.before(step.name, [each.name for each in steps(place)])
        progress.write(place.folder)
        progress = run_step(step, place, progress)
        seconds = time.monotonic() - started_s
        progress = progress.with_step(step.name, seconds)
        progress.write(place.folder)
    except (StepFailedError, AcceptanceError, OSError, UnicodeError, KeyboardInterrupt) as error:
        write_error(f"✗ {step.name}  {time.monotonic() - started_s:.0f} s\n{str(error) or _INTERRUPTED}")
        _stop(place, f"the output: {place.folder / 'logs' / step.name}.log")
    write_report(f"✓ {step.name}  {seconds:.0f} s  {step.text}")
    return progress


def _stop(place: Place, reason: str) -> NoReturn:
    """Print why the run ends early, the command that continues, and the commands that delete what is left."""
    write_error(reason)
    write_error(f"continue: {typed(sys.argv[1:])}")
    write_error(leftovers(place, False))
    raise SystemExit(_FAILED) from None


def _state(step: Step, progress: Progress, skipped: list[str]) -> str:
    if step.name in skipped:
        return "skipped"
    return f"{progress.seconds[step.name]:.0f} s" if step.name in progress.seconds else "-"


def main() -> None:
    """Run the program."""
    protect()
    # A background job of a shell starts with SIGINT ignored, and so would its commands.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup
        signal.signal(signal.SIGHUP, signal.default_int_handler)
    try:
        raise SystemExit(_app(standalone_mode=False) or 0)
    except typer.TyperException as error:
        write_error(usage_error(error))
        raise SystemExit(_REFUSED) from None
    except (AcceptanceError, OSError) as error:
        write_error(str(error))
        raise SystemExit(_REFUSED) from None


if __name__ == "__main__":
    main()
