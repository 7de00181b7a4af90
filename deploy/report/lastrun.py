"""The last run's outcome in a file, so that `report` can give it again."""

import contextlib
import hashlib
import tempfile
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from deploy.config import Config
from deploy.errors import DeployError
from deploy.rollout.result import Outcome
from lib.output import as_json

_JSON: TypeAdapter[Outcome] = TypeAdapter(Outcome)


def keep(folder: Path, outcome: Outcome) -> None:
    """
    Write an outcome over the last one of its group; a reader gets the whole of the new one, the old one, or none.

    Temporary files that a killed run left are deleted. Where the new outcome cannot be written, the old one is
    deleted: it must not be taken for this run's.

    Raises:
        DeployError: The outcome cannot be written.
    """
    path = _path(folder, outcome.project, outcome.zone, outcome.group, outcome.compute_url)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _delete_temporary(path)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=f".{path.stem}.", delete=False) as file:
            file.write(dump(outcome).encode())
        Path(file.name).replace(path)
    except OSError as error:
        raise DeployError(
            f"{path}: this run's outcome was not kept: {error.strerror}.{_discard(path)}",
            "correct DEPLOY_RESULTS, or unset it",
        ) from error


def read(folder: Path, config: Config) -> Outcome | None:
    """
    Return what the last run of a group came to; None if none is kept, or what is kept is another group's.

    Raises:
        DeployError: What is there is no outcome.
    """
    path = _path(folder, config.project, config.zone, config.group, config.compute_url)
    try:
        outcome = _JSON.validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DeployError(f"{path}: the last run's outcome can't be read: {error.strerror}.") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise DeployError(
            f"{path}: is no outcome of a run: {where + ': ' if where else ''}{first['msg']}.", f"delete {path}"
        ) from error
    kept = (outcome.project, outcome.zone, outcome.group, outcome.compute_url)
    return outcome if kept == (config.project, config.zone, config.group, config.compute_url) else None


def dump(outcome: Outcome) -> str:
    """Return an outcome as JSON."""
    return as_json(_JSON.dump_python(outcome, mode="json"))


def _path(folder: Path, project: str, zone: str, group: str, compute_url: str) -> Path:
    """Names have no `_`; the endpoint keeps a group of an emulator apart from the group of that name at Google."""
    endpoint = hashlib.sha256(compute_url.encode()).hexdigest()[:8]
    return folder / f"{project}_{zone}_{group}_{endpoint}.json"


def _delete_temporary(path: Path) -> None:
    for file in path.parent.glob(f".{path.stem}.*"):
        file.unlink(missing_ok=True)


def _discard(path: Path) -> str:
    """Delete an outcome that this run could not replace; returns what to add to the message."""
    try:
        with contextlib.suppress(OSError):
            _delete_temporary(path)
        path.unlink(missing_ok=True)
    except NotADirectoryError:
        return ""
    except OSError as error:
        return f" The outcome of the run before is still there: {error.strerror}."
    return ""
