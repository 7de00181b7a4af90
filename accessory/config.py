"""environments/*.yaml, key `accessories`: frozen settings; a wrong value is named with its path."""

from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from accessory import image
from accessory.errors import ConfigError
from lib.credential_urls import token_host
from lib.environment_files import EnvironmentFileError, load, locate, shown

_FOLDER: Final = Path("environments")
_SEE: Final = "see environments/dev.yaml"
_NAME: Final = r"^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$"
_PLAIN: Final = r"^[^|\"'\\\s]*$"
_Machine = Annotated[str, Field(pattern=_NAME)]
_Seconds = Annotated[int, Field(strict=True, gt=0, le=86_400)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Ready(_Strict):
    """
    An address that the machine asks itself; it must answer with 2xx.

    Args:
        url: On the machine.
        has: Text that must be in the answer.
        bearer: Variable of the machine's /opt/app/app.env whose value is the key; empty where none is asked for.
    """

    url: Annotated[str, Field(pattern=r"^https?://[^|\"'\\\s]+$")]
    has: Annotated[str, Field(pattern=_PLAIN)] = ""
    bearer: Annotated[str, Field(pattern=r"^[A-Z_]*$")] = ""


class Ssh(_Strict):
    """A machine that is reached by plain SSH; its host key must be known."""

    host: str
    user: str
    identity_file: Path
    known_hosts: Path
    port: Annotated[int, Field(strict=True, gt=0, lt=65_536)] = 22


class Accessory(_Strict):
    """A single machine and what it serves; environments/dev.yaml says what each key means."""

    machine: _Machine
    image: str
    ready: Annotated[tuple[Ready, ...], Field(min_length=1)]
    free_gib: Annotated[float, Field(strict=True, ge=0, le=65_536, allow_inf_nan=False)]
    pull_s: _Seconds
    ready_s: _Seconds
    stop_s: _Seconds = 30
    data: Annotated[str, Field(pattern=r"^(/[\w./-]+)?$")] = ""
    snapshots: Annotated[int, Field(strict=True, ge=1, le=1_000)] = 3
    needs_gpu: Annotated[bool, Field(strict=True)] = False
    zone: _Machine | None = None
    ssh: Ssh | None = None


class Environment(BaseModel):
    """What of an environment's file is read here; the rest is deploy's."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    project: str
    zone: _Machine
    token_hosts: tuple[Annotated[str, AfterValidator(token_host)], ...] = ()
    accessories: dict[str, Accessory] = {}


def read(environment: str, name: str, folder: Path = _FOLDER) -> tuple[Environment, Accessory]:
    """
    Read an environment, and one accessory of it.

    Args:
        environment: Name of a file there, without `.yaml`.
        name: Of the accessory.
        folder: Where the files are.

    Raises:
        ConfigError: There is no such file or accessory, or a key or value is wrong; with its path.
    """
    try:
        path = locate(environment, folder)
        found = Environment.model_validate(load(path))
    except EnvironmentFileError as error:
        raise ConfigError(error.message, error.fix) from error
    except ValidationError as error:
        raise _named(path, error.errors()[0]) from error
    if name not in found.accessories:
        known = ", ".join(found.accessories) or "none"
        raise ConfigError(f"--name: got {shown(name)}, which {path} has not under 'accessories'.", f"one of: {known}")
    image.parse(found.accessories[name].image, f"{path}: accessories.{name}.image")
    return found, found.accessories[name]


def _named(path: Path, error: Any) -> ConfigError:
    where = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        return ConfigError(f"{path}: {where:.80}: unknown key.", _SEE)
    if error["type"] == "missing":
        return ConfigError(f"{path}: {where}: missing.", _SEE)
    return ConfigError(f"{path}: {where}: got {shown(error['input'])}: {error['msg']}.", _SEE)
