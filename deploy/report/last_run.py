"""The result of the last run of a group in a file, so that `report` can print it again."""

import contextlib
import hashlib
import tempfile
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from deploy.config import Config
from deploy.errors import DeployError
from deploy.rollout.result import RunResult
from lib.output import as_json

_JSON: TypeAdapter[RunResult] = TypeAdapter(RunResult)


def write_last_run(folder: Path, result: RunResult) -> None:
    """
    Write a result over the last result of its group; a reader gets the whole new or old result, or none.

    Temporary files that a killed run left are deleted. If the new result cannot be written, the old one is deleted, so
    that no reader takes it for the result of this run.

    Raises:
        DeployError: the result cannot be written.
    """
    path = _path(folder, result.project, result.zone or result.region, result.group, result.compute_url)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _delete_temporary(path)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=f".{path.stem}.", delete=False) as file:
            file.write(dump(result).encode())
        Path(file.name).replace(path)
    except OSError as error:
        raise DeployError(
            f"{path}: the result of this run was not written: {error.strerror}.{_delete(path)}",
            "correct DEPLOY_RESULTS, or unset it",
        ) from error


def read_last_run(folder: Path, config: Config) -> RunResult | None:
    """
    Return the result of the last run of a group; None if there is none, or the file has the result of another group.

    Raises:
        DeployError: the file cannot be read, or has no result.
    """
    path = _path(folder, config.project, config.location.name, config.group, config.compute_url)
    try:
        result = _JSON.validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DeployError(f"{path}: the result of the last run can't be read: {error.strerror}.") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise DeployError(
            f"{path}: not the result of a run: {where + ': ' if where else ''}{first['msg']}.", f"delete {path}"
        ) from error
    group = (result.project, result.zone or result.region, result.group, result.compute_url)
    return result if group == (config.project, config.location.name, config.group, config.compute_url) else None


def dump(result: RunResult) -> str:
    """Return a result as JSON."""
    return as_json(_JSON.dump_python(result, mode="json"))


def _path(folder: Path, project: str, location: str, group: str, compute_url: str) -> Path:
    """Return the file of a group: names have no `_`, and the endpoint separates an emulator's group from Google's."""
    endpoint = hashlib.sha256(compute_url.encode()).hexdigest()[:8]
    return folder / f"{project}_{location}_{group}_{endpoint}.json"


def _delete_temporary(path: Path) -> None:
    for file in path.parent.glob(f".{path.stem}.*"):
        file.unlink(missing_ok=True)


def _delete(path: Path) -> str:
    """Delete a result that this run could not replace; return a sentence if that fails too."""
    try:
        with contextlib.suppress(OSError):
            _delete_temporary(path)
        path.unlink(missing_ok=True)
    except NotADirectoryError:
        return ""
    except OSError as error:
        return f" The result of the run before is still there: {error.strerror}."
    return ""
