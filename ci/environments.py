"""What the push needs to know of an environment; everything else in its file is read by deploy alone."""

import dagger
import yaml

from ci.errors import RefusedError

LOCAL = "local"


async def repository(source: dagger.Directory, env: str) -> str:
    """
    Return the image's name, HOST/PATH without tag and digest.

    Args:
        source: The repository.
        env: Name of a file in environments/, without `.yaml`.

    Raises:
        RefusedError: There is no such file, or it names no repository.
    """
    folder = source.directory("environments")
    known = sorted(name.removesuffix(".yaml") for name in await folder.entries() if name.endswith(".yaml"))
    if env not in known:
        raise RefusedError(
            f"--env: got '{env}', and there is no environments/{env}.yaml. Fix: one of {', '.join(known)}"
        )
    try:
        data = yaml.safe_load(await folder.file(f"{env}.yaml").contents())
    except yaml.YAMLError as error:
        raise RefusedError(f"environments/{env}.yaml: {error}") from error
    found = data.get("repository") if isinstance(data, dict) else None
    if not isinstance(found, str):
        raise RefusedError(f"environments/{env}.yaml: repository: missing. Fix: see environments/dev.yaml")
    return found
