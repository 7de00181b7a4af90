"""The last run's outcome in a file, so that `report` can give it again."""

import tempfile
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from deploy.errors import DeployError
from deploy.result import Outcome

_JSON: TypeAdapter[Outcome] = TypeAdapter(Outcome)


def keep(folder: Path, outcome: Outcome) -> None:
    """
    Write an outcome over the last one of its group; a reader finds the whole of one or the whole of the other.

    Raises:
        DeployError: The folder can't be written.
    """
    path = _path(folder, outcome.environment, outcome.group)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=f".{path.stem}-", delete=False) as file:
            file.write(dump(outcome).encode())
        Path(file.name).replace(path)
    except OSError as error:
        raise DeployError(
            f"{path}: this run's outcome was not kept: {error.strerror}.", "correct DEPLOY_RESULTS, or unset it"
        ) from error


def read(folder: Path, environment: str, group: str) -> Outcome | None:
    """
    Return what the last run of a group came to; None if none is kept.

    Raises:
        DeployError: What is there is no outcome.
    """
    path = _path(folder, environment, group)
    try:
        return _JSON.validate_json(path.read_bytes())
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


def dump(outcome: Outcome) -> str:
    """Return an outcome as JSON."""
    return _JSON.dump_json(outcome, indent=2).decode()


def _path(folder: Path, environment: str, group: str) -> Path:
    return folder / f"{environment}-{group}.json"
