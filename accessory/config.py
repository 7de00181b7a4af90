"""Settings under `accessories` in environments/*.yaml; the error of a wrong value contains its path."""

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from accessory import image
from accessory.errors import ConfigError
from lib.credential_urls import token_host
from lib.environment_files import EnvironmentFileError, load, locate, shown

_FOLDER: Final = Path("environments")
_KEYS_OF_A_VM: Final = 3  # accessories.NAME.KEY
_NAME: Final = r"^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$"
_PLAIN: Final = r"^[^|\"'\\\s]*$"
_Name = Annotated[str, Field(pattern=_NAME)]
_Seconds = Annotated[int, Field(strict=True, gt=0, le=86_400)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Ready(_Strict):
    """A readiness check that runs on the VM and expects a status of 2xx."""

    url: Annotated[str, Field(pattern=r"^https?://[^|\"'\\\s]+$")]
    """URL on the VM, http:// or https://"""
    has: Annotated[str, Field(pattern=_PLAIN)] = ""
    """text that the answer must contain, without quotes and blanks"""
    bearer: Annotated[str, Field(pattern=r"^[A-Z_]*$")] = ""
    """variable in the VM's /opt/app/app.env with the bearer token; may be empty"""


class Ssh(_Strict):
    """A plain SSH connection to the VM, whose host key must be known."""

    host: str
    """name or address of the VM"""
    user: str
    """user on the VM"""
    identity_file: Path
    """file of the private key"""
    known_hosts: Path
    """file with the VM's host key"""
    port: Annotated[int, Field(strict=True, gt=0, lt=65_536)] = 22
    """port of sshd"""


class Accessory(_Strict):
    """A single VM and its service."""

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

    model_config = ConfigDict(extra="ignore", frozen=True, use_attribute_docstrings=True)

    project: str
    """Google Cloud project"""
    zone: _Name | None = None
    """zone of the VMs"""
    token_hosts: tuple[Annotated[str, AfterValidator(token_host)], ...] = ()
    """HOST or HOST:PORT that a credential file may name, beside the hosts of Google and GitHub"""
    accessories: dict[str, Accessory] = {}
    """settings of each single VM, by its name"""


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
    """Return the error of a key or a value, whose fix is a key that exists, or the meaning of the key."""
    names = [part for part in error["loc"] if isinstance(part, str)]
    where, model = ".".join(map(str, error["loc"])), _model(names)
    if error["type"] == "extra_forbidden":
        similar = difflib.get_close_matches(names[-1], model.model_fields, n=1)
        fix = f"did you mean '{similar[0]}'" if similar else f"one of: {', '.join(model.model_fields)}"
        return ConfigError(f"{path}: {where:.80}: unknown key.", fix)
    field = model.model_fields.get(names[-1])
    fix = f"set it: {field.description if field else 'the keys of a VM, such as vm, state and image'}"
    if error["type"] == "missing":
        return ConfigError(f"{path}: {where}: missing.", fix)
    return ConfigError(f"{path}: {where}: got {shown(error['input'])}: {error['msg']}.", fix)


def _model(names: Sequence[str]) -> type[BaseModel]:
    """Return the model that has the last of some keys; `accessories.NAME` has an accessory's."""
    if names[0] != "accessories":
        return Environment
    nested: dict[str, type[BaseModel]] = {"ready": Ready, "ssh": Ssh}
    return nested.get(names[2], Accessory) if len(names) > _KEYS_OF_A_VM else Accessory
