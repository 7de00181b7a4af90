"""What the push needs to know of an environment; everything else in its file is read by deploy alone."""

import dagger
import yaml

from ci.errors import RefusedError

LOCAL = "local"


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


async def repository(source: dagger.Directory, env: str) -> str:
    """
    Return the image's name in an environment, HOST/PATH without tag and digest.

    Raises:
        RefusedError: There is no such environment, or it names no repository.
    """
    await refuse_unknown(source, env)
    try:
        data = yaml.safe_load(await source.file(f"environments/{env}.yaml").contents())
    except yaml.YAMLError as error:
        raise RefusedError(f"environments/{env}.yaml: {error}") from error
    found = data.get("repository") if isinstance(data, dict) else None
    if not isinstance(found, str):
        raise RefusedError(f"environments/{env}.yaml: repository: missing. Fix: see environments/dev.yaml")
    return found
