"""The values of an environment's file that the gates and the push need; deploy alone reads the others."""

import re
from dataclasses import dataclass
from typing import Any, Final

import dagger
import yaml

from ci import vulnerability_rule
from ci.errors import RefusedError
from ci.vulnerability_rule import VulnerabilityRule

LOCAL = "local"
# Without a dot or a port before the first slash, skopeo reads a name of Docker Hub.
_REPOSITORY: Final = re.compile(r"(?=[^/]*[.:]|localhost/)[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9._-]+)+")
# The errors that PyYAML raises, beside YAMLError, for values that it cannot read.
_CONSTRUCTOR_ERRORS: Final = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError)
_ADD: Final = "Fix: write 'repository: HOST/PATH', such as europe-west1-docker.pkg.dev/my-project/images/web"


@dataclass(frozen=True)
class Environment:
    """
    The values that the gates and the push need, and the names of the group, by which deploy names the report file.

    Args:
        image: name of the image, HOST/PATH without tag and digest
        project: Google Cloud project; like location and group empty where the file does not name it
        location: zone or region of the group
        group: name of the group
        accessories: names of the single VMs that `accessory` updates
        vulnerabilities: which known vulnerabilities stop a release
    """

    image: str
    project: str = ""
    location: str = ""
    group: str = ""
    accessories: tuple[str, ...] = ()
    vulnerabilities: VulnerabilityRule = vulnerability_rule.DEFAULT


def folder(source: dagger.Directory, settings: dagger.Directory | None) -> dagger.Directory:
    """
    Return the folder of the environment files.

    Args:
        source: repository of the application
        settings: the folder that a person passed; None for `environments` in the source
    """
    return source.directory("environments") if settings is None else settings


async def refuse_unknown(files: dagger.Directory, env: str) -> None:
    """
    Refuse the name of an environment that has no file.

    Args:
        files: folder of the environment files
        env: name of a file in this folder, without `.yaml`

    Raises:
        RefusedError: there is no such file, or no such folder
    """
    try:
        names = await files.entries()
    except dagger.QueryError as error:
        raise RefusedError(
            f"environments: the folder cannot be read: {error}. Fix: make it in the source, or pass --settings DIR"
        ) from error
    known = sorted(name.removesuffix(".yaml") for name in names if name.endswith(".yaml"))
    if env not in known:
        fix = f"one of {', '.join(known)}" if known else "write this file, or pass --settings DIR"
        raise RefusedError(f"--env: got '{env}', and there is no environments/{env}.yaml. Fix: {fix}")


async def read(files: dagger.Directory, env: str) -> Environment:
    """
    Read the values of an environment's file that the gates and the push need.

    Raises:
        RefusedError: there is no such environment, its file cannot be read, or a value is wrong
    """
    await refuse_unknown(files, env)
    path = f"environments/{env}.yaml"
    try:
        text = await files.file(f"{env}.yaml").contents()
    except dagger.QueryError as error:
        raise RefusedError(f"{path}: cannot be read: {error}. Fix: make it a text file in UTF-8") from error
    rule = vulnerability_rule.parse(path, text)
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise RefusedError(f"{path}: {error}") from error
    except _CONSTRUCTOR_ERRORS as error:
        raise RefusedError(
            f"{path}: a value cannot be read: {str(error) or 'nested too deep'}. Fix: correct it"
        ) from error
    if not isinstance(data, dict):
        raise RefusedError(f"{path}: got {type(data).__name__}, must be keys with values. {_ADD}")
    image = data.get("repository")
    if image is None:
        raise RefusedError(f"{path}: repository: missing. {_ADD}")
    if not isinstance(image, str) or not _REPOSITORY.fullmatch(image):
        raise RefusedError(f"{path}: repository: got {_shown(image)}, must be HOST/PATH without tag. {_ADD}")
    project, zone, region, group = (str(data.get(key) or "") for key in ("project", "zone", "region", "group"))
    accessories = data.get("accessories") or {}
    names = tuple(map(str, accessories)) if isinstance(accessories, dict) else ()
    return Environment(image, project, zone or region, group, names, rule)


def _shown(value: Any) -> str:
    return f"'{value:.60}'" if isinstance(value, str) else f"a value of type {type(value).__name__}"
