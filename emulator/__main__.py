"""
Serve a Compute Engine emulator, with rollouts of managed instance groups.

    uv run --project emulator python -m emulator serve --port 8080 --open --seed rehearsal
"""

import ipaddress
import os
import socket
import sys
import time
from pathlib import Path
from typing import Annotated, NoReturn, TextIO, cast, get_args

import typer
import uvicorn

from emulator.emulator import Emulator
from emulator.environment.clock import Clock
from emulator.environment.environment import Environment
from emulator.environment.options import InstanceCheck, Options
from emulator.environment.state_lock import LockedError, hold
from emulator.environment.store import StateError, Store
from emulator.seed import SeedError, locate_seed, plant, read_seed
from emulator.server.configuration import configuration

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)
_START_S = 1_767_225_600.0  # 2026-01-01T00:00:00Z, where a clock moved by hand begins


@app.callback()
def _main() -> None:
    """Run a Compute Engine emulator."""


@app.command()
def serve(
    host: Annotated[
        str, typer.Option(help="address to listen on: loopback, or a private address in a container")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0 takes a free port, which is printed", min=0, max=65_535)] = 8080,
    speed: Annotated[float, typer.Option(help="virtual seconds per second", min=0.001, max=100_000)] = 1.0,
    manual: Annotated[bool, typer.Option("--manual", help="time stands still; POST /emulator/clock moves it")] = False,
    open_: Annotated[bool, typer.Option("--open", help="serve without tokens")] = False,
    any_address: Annotated[bool, typer.Option("--any-address", help="allow an address that others can reach")] = False,
    allow_host: Annotated[list[str] | None, typer.Option(help="host name that clients reach it by")] = None,
    seed: Annotated[
        str, typer.Option(help="resources of a new environment: a file, or a shipped seed, such as example")
    ] = "",
    state: Annotated[Path | None, typer.Option(help="file that keeps the whole state (default: memory)")] = None,
    wait_s: Annotated[
        float, typer.Option(help="seconds to wait for another process on that file", min=0, max=86_400)
    ] = 5.0,
    random_seed: Annotated[int, typer.Option(help="the same number gives the same instances")] = 0,
    operation_s: Annotated[float, typer.Option(help="virtual seconds that an operation runs", min=0, max=86_400)] = 1.0,
    decide_s: Annotated[
        float, typer.Option(help="virtual seconds until a group acts on a change", min=0, max=86_400)
    ] = 2.0,
    in_use: Annotated[str, typer.Option(help="deleting a used template: refuse, or fail by its operation")] = "refuse",
    standby: Annotated[
        str, typer.Option(help="suspended and stopped instances in a rollout: keep, or replace")
    ] = "keep",
    instance_check: Annotated[
        str, typer.Option(help="check that the caller may create instances: insert, patch, both or never")
    ] = "both",
    deleting: Annotated[
        str, typer.Option(help="instances being deleted against target size plus surge: count, or ignore")
    ] = "count",
    guest_agent: Annotated[str, typer.Option(help="guest agent that prints to serial ports: new, or old")] = "new",
    version_name_length: Annotated[int, typer.Option(help="characters of a name in `versions`, at most", min=1)] = 63,
    target_size_rounding: Annotated[
        str, typer.Option(help="percentage of a version's target size: rounded up, or down")
    ] = "up",
    no_retries: Annotated[
        bool, typer.Option("--no-retries", help="create instances once (CREATING_WITHOUT_RETRIES)")
    ] = False,
) -> None:
    """Serve until a signal ends the process. The first line has the address; its page / shows the groups."""
    _check_choice("--in-use", in_use, "refuse", "fail")
    _check_choice("--standby", standby, "keep", "replace")
    _check_choice("--instance-check", instance_check, *get_args(InstanceCheck))
    _check_choice("--deleting", deleting, "count", "ignore")
    _check_choice("--guest-agent", guest_agent, "new", "old")
    _check_choice("--target-size-rounding", target_size_rounding, "up", "down")
    if not any_address and not _is_private(host):
        _refuse(f"--host: '{host}' can be reached by others. Fix: a loopback or private address, or --any-address.")
    try:
        lock = hold(state, wait_s) if state else None
        resources = read_seed(locate_seed(seed)) if seed else None
        options = Options(
            random_seed,
            operation_s,
            decide_s,
            "fail" if in_use == "fail" else "refuse",
            retries=not no_retries,
            standby="replace" if standby == "replace" else "keep",
            instance_check=cast("InstanceCheck", instance_check),
            deleting="ignore" if deleting == "ignore" else "count",
            guest_agent="old" if guest_agent == "old" else "new",
            version_name_length=version_name_length,
            target_size_rounding="down" if target_size_rounding == "down" else "up",
        )
        age_s = resources.age_s if resources else 0.0
        start_s = _START_S if manual else time.time() - age_s
        emulator = _opened(state, start_s, None if manual else speed, options, is_open=open_)
        if resources:
            plant(emulator, resources)
        if not manual:
            emulator.environment.catch_up(time.time())
        listening = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except (LockedError, SeedError, StateError) as error:
        _refuse(str(error))
    except OSError as error:
        _refuse(f"{error.filename or f'{host}:{port}'}: {error.strerror or error}. Fix: use another file or address.")
    shown = f"[{host}]" if ":" in host else host
    _write(f"listening on http://{shown}:{listening.getsockname()[1]}", sys.stdout)
    uvicorn.Server(configuration(emulator, allow_host or ())).run(sockets=[listening])
    if lock:
        lock.close()


@app.command("import")
def import_(
    project: Annotated[str, typer.Option(help="project of the live group")],
    group: Annotated[str, typer.Option(help="name of the live group, which is only read")],
    output: Annotated[Path, typer.Option(help="seed file to write", dir_okay=False)],
    zone: Annotated[str, typer.Option(help="zone of a zonal group")] = "",
    region: Annotated[str, typer.Option(help="region of a regional group")] = "",
    compute_url: Annotated[
        str, typer.Option(envvar="COMPUTE_URL", help="Compute v1 of Google, or of an emulator")
    ] = "https://compute.googleapis.com/compute/v1",
    access_token_file: Annotated[
        Path | None, typer.Option(help="file with a Google access token (default: GOOGLE_OAUTH_ACCESS_TOKEN)")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="replace an existing file")] = False,
) -> None:
    """Write a seed file from a live group; secrets and fields that the emulator does not serve are left out."""
    from emulator import import_command as command  # noqa: PLC0415 - `serve` starts without an HTTP client
    from emulator.seed_import.compute_reader import ImportRefusedError, new_reader  # noqa: PLC0415 - as above
    from lib.output import printable  # noqa: PLC0415 - as above

    try:
        place = command.checked_place(project, zone, region)
        path = command.checked_output(output, may_exist=overwrite)
        imported = command.import_group(new_reader(compute_url, access_token_file), place, group, path)
    except ImportRefusedError as error:
        _refuse(printable(str(error)))
    lines = [f"  {part}" for part in imported.left_out]
    _write(printable("\n".join([f"left out: {len(lines)}", *lines])), sys.stderr)
    _write(printable(command.import_summary(imported, output, group)), sys.stdout)


def _opened(state: Path | None, start_s: float, speed: float | None, options: Options, *, is_open: bool) -> Emulator:
    """
    Open a state file, or begin a new state.

    Args:
        state: state file; None: memory
        start_s: virtual time at which a new state begins
        speed: virtual seconds per real second; None: a clock that is moved by hand
        options: options of the environment
        is_open: whether requests are served without tokens

    Raises:
        StateError: the file was not written by this version of the program, or is damaged
    """
    store = Store(state)
    try:
        clock = Clock(float(store.setting("now_s", start_s)), speed)
        emulator = Emulator(Environment(store, clock, options), is_open=is_open)
        emulator.environment.validate()
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError) as error:
        raise StateError(
            f"{state}: not a readable state of the emulator: {error!r:.200}."
            " Fix: delete the file, or name another file."
        ) from error
    return emulator


def _check_choice(flag: str, value: str, *choices: str) -> None:
    """Refuse a value of a flag that is none of its choices."""
    if value not in choices:
        _refuse(f"{flag}: got '{value}'. Fix: {' or '.join(choices)}.")


def _is_private(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost"
    return address.is_loopback or (address.is_private and not address.is_unspecified)


def _refuse(text: str) -> NoReturn:
    _write(text, sys.stderr)
    raise SystemExit(3)


def _write(text: str, stream: TextIO) -> None:
    """Write a line; a stream that is full or without a reader neither ends the server nor changes its exit code."""
    try:
        print(text, file=stream, flush=True)
    except OSError:
        # What is left in the buffer would fail again when the interpreter ends, with exit code 120.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def main() -> None:
    """Run the command line."""
    # uvicorn asks stdout whether it is a terminal, also where it was closed.
    sys.stdout, sys.stderr = (stream or open(os.devnull, "w") for stream in (sys.stdout, sys.stderr))  # noqa: PTH123, SIM115
    app()


if __name__ == "__main__":
    main()
