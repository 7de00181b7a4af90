"""Settings under `accessories` in environments/*.yaml; the error of a wrong value contains its path."""

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
_Name = Annotated[str, Field(pattern=_NAME)]
_Seconds = Annotated[int, Field(strict=True, gt=0, le=86_400)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Ready(_Strict):
    """A readiness check that runs on the VM and expects a status of 2xx."""

    url: Annotated[str, Field(pattern=r"^https?://[^|\"'\\\s]+$")]
    """URL on the VM"""
    has: Annotated[str, Field(pattern=_PLAIN)] = ""
    """text that the answer must contain"""
    bearer: Annotated[str, Field(pattern=r"^[A-Z_]*$")] = ""
    """variable in the VM's /opt/app/app.env with the bearer token; empty for none"""


class Ssh(_Strict):
    """A plain SSH connection to the VM, whose host key must be known."""

    host: str
    user: str
    identity_file: Path
    known_hosts: Path
    port: Annotated[int, Field(strict=True, gt=0, lt=65_536)] = 22


class Accessory(_Strict):
    """A single VM and its service; environments/dev.yaml describes each key."""

    vm: _Name
    """name of the VM"""
    state: Annotated[str, Field(pattern=r"^(/[\w.-]+)+$")]
    """folder on the VM with the record of what served"""
    image: str
    """image to serve, HOST/PATH:TAG or by digest; an image of `--image` must have the same HOST/PATH"""
    ready: Annotated[tuple[Ready, ...], Field(min_length=1)]
    """checks that run on the VM; all must pass"""
    free_gib: Annotated[float, Field(strict=True, ge=0, le=65_536, allow_inf_nan=False)]
    """free space in GiB on Docker's disk before a pull"""
    pull_s: _Seconds
    """seconds after which a pull has failed"""
    ready_s: _Seconds
    """seconds after which a start has failed"""
    stop_s: _Seconds = 30
    """seconds for a regular stop"""
    data: Annotated[str, Field(pattern=r"^(/[\w./-]+)?$")] = ""
    """path in the container whose volume is copied before each update"""
    snapshots: Annotated[int, Field(strict=True, ge=1, le=1_000)] = 3
    """number of copies beside the volume"""
    needs_gpu: Annotated[bool, Field(strict=True)] = False
    """whether the VM must have a GPU"""
    zone: _Name | None = None
    """zone of the VM, instead of the environment's"""
    ssh: Ssh | None = None
    """plain SSH in place of IAP: `host`, `user`, `identity_file`, `known_hosts`, `port`"""


class Environment(BaseModel):
    """The keys of an environment's file that accessory reads; deploy reads the others."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    project: str
    zone: _Name | None = None
    token_hosts: tuple[Annotated[str, AfterValidator(token_host)], ...] = ()
    accessories: dict[str, Accessory] = {}


def read(environment: str, name: str, folder: Path = _FOLDER) -> tuple[Environment, Accessory]:
    """
    Return the settings of an environment and of an accessory.

    Args:
        environment: name of a file in the folder, without `.yaml`.
        name: name of the accessory.
        folder: folder of the environment files.

    Raises:
        ConfigError: the file or the accessory does not exist, or a key or value is wrong.
    """
    try:
        path = locate(environment, folder)
        settings = Environment.model_validate(load(path))
    except EnvironmentFileError as error:
        raise ConfigError(error.message, error.fix) from error
    except ValidationError as error:
        raise _config_error(path, error.errors()[0]) from error
    if name not in settings.accessories:
        known = ", ".join(settings.accessories) or "none"
        raise ConfigError(f"--name: got {shown(name)}, which is not under 'accessories' in {path}.", f"one of: {known}")
    accessory = settings.accessories[name]
    if not (accessory.zone or settings.zone or accessory.ssh):  # the file of a regional group has no zone
        where = f"{path}: accessories.{name}.zone: missing, and the file has no zone for a zonal group"
        raise ConfigError(f"{where}.", "set the zone of the VM")
    image.parse(accessory.image, f"{path}: accessories.{name}.image")
    return settings, accessory


def _config_error(path: Path, error: Any) -> ConfigError:
    where = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        return ConfigError(f"{path}: {where:.80}: unknown key.", _SEE)
    if error["type"] == "missing":
        return ConfigError(f"{path}: {where}: missing.", _SEE)
    return ConfigError(f"{path}: {where}: got {shown(error['input'])}: {error['msg']}.", _SEE)
