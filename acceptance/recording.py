"""
Runs a program of this repository in this process, and records its HTTP exchanges in a file.

    python -m acceptance.recording FILE STEP PROJECT deploy status --env dev

The program is started by its name, and neither imported nor changed: `httpx.Client.send` is wrapped before its first
line runs. No header is written, no request of a login is recorded, and every text is redacted before it is written.
"""

import json
import runpy
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from acceptance.exchange import Exchange, may_be_recorded, without_secrets
from lib.streams import write_error


def exchange_of(request: httpx.Request, answer: httpx.Response, step: str, project: str) -> Exchange:
    """
    Return an exchange without its secrets.

    Args:
        request: request that was sent.
        answer: answer whose body was read.
        step: step of the acceptance.
        project: name of the project.
    """
    query = [(name, without_secrets(value, project, name)) for name, value in request.url.params.multi_items()]
    path = without_secrets(request.url.path, project)
    return Exchange(
        step=step,
        host=request.url.host,
        at=datetime.now(UTC).isoformat(timespec="milliseconds"),
        verb=request.method,
        path=f"{path}?{httpx.QueryParams(query)}" if query else path,
        request=without_secrets(_document(request.content), project),
        status=answer.status_code,
        response=without_secrets(_document(answer.content), project),
    )


def record(file: Path, step: str, project: str) -> None:
    """
    Record the exchanges of every client of httpx in this process, in the order of their answers.

    Args:
        file: file that gets a line for each exchange.
        step: step of the acceptance.
        project: name of the project.
    """
    send, lock = httpx.Client.send, threading.Lock()

    def recorded(self: httpx.Client, request: httpx.Request, **options: Any) -> httpx.Response:
        answer = send(self, request, **options)
        if may_be_recorded(request.url.host, request.url.path) and not options.get("stream"):
            line = exchange_of(request, answer, step, project).to_line()
            try:
                with lock, file.open("a") as recording:
                    recording.write(f"{line}\n")
            except OSError as error:
                write_error(f"warning: an exchange is not recorded: {error}")
        return answer

    httpx.Client.send = recorded  # type: ignore[method-assign]


def _document(body: bytes) -> Any:
    try:
        return json.loads(body) if body else None
    except ValueError:
        return body.decode(errors="replace")


if __name__ == "__main__":
    _file, _step, _project, _program = sys.argv[1:5]
    record(Path(_file), _step, _project)
    sys.argv = [_program, *sys.argv[5:]]
    runpy.run_module(_program, run_name="__main__", alter_sys=True)
