"""What the push needs to know of an environment; everything else in its file is read by deploy alone."""

from dataclasses import dataclass

import dagger
import yaml

from ci.errors import RefusedError

LOCAL = "local"


@dataclass(frozen=True)
class Environment:
    """
    What the push needs.

    Args:
        image: The image's name, HOST/PATH without tag and digest.
        token_hosts: That a credential file may name, beside those of Google and GitHub.
    """

    image: str
    token_hosts: tuple[str, ...]


async def refuse_unknown(source: dagger.Directory, env: str) -> None:
    """
    Look whether there is an environment of a name.

    Args:
        source: The repository.
        env: Name of a file in environments/, without `.yaml`.

    Raises:
        RefusedError: There is no such file.
    """
    names = await source.directory("environments").entries()
    known = sorted(name.removesuffix(".yaml") for name in names if name.endswith(".yaml"))
    if env not in known:
        raise RefusedError(
            f"--env: got '{env}', and there is no environments/{env}.yaml. Fix: one of {', '.join(known)}"
        )


async def read(source: dagger.Directory, env: str) -> Environment:
    """
    Read an environment's file, as far as the push goes.

    Raises:
        RefusedError: There is no such environment, or it names no repository.
    """
    await refuse_unknown(source, env)
    try:
        data = yaml.safe_load(await source.file(f"environments/{env}.yaml").contents())
    except yaml.YAMLError as error:
        raise RefusedError(f"environments/{env}.yaml: {error}") from error
    image = data.get("repository") if isinstance(data, dict) else None
    if not isinstance(image, str):
        raise RefusedError(f"environments/{env}.yaml: repository: missing. Fix: see environments/dev.yaml")
    return Environment(image, tuple(map(str, data.get("token_hosts") or ())))
