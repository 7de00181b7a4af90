"""Updates of single VMs: `python -m accessory` in its container."""

import uuid
from dataclasses import replace

import dagger

from ci import credentials, environments
from ci.credentials import VARIABLE
from ci.errors import DeployError, NotAllowedError, RefusedError
from ci.options import Options
from ci.steps import accessory
from ci.steps.accessory import Update
from ci.steps.environment import read_project


async def run(options: Options, update: Update) -> str:
    """
    Update a single VM, which no group replaces.

    Returns:
        The report, and nothing else.

    Raises:
        DeployError: accessory ended with another code than 0
        RefusedError: there is no such environment or accessory, or the container could not start; the VM is unchanged
        NotAllowedError: credentials are missing, or cannot be read
    """
    names = (await environments.read(options.environment_files, update.env)).accessories
    if update.name not in names:
        raise RefusedError(
            f"--name: got '{update.name}', which environments/{update.env}.yaml has not under 'accessories'. "
            f"Fix: one of {', '.join(sorted(names)) or 'none'}"
        )
    update = replace(update, credentials=await credentials.given_credentials(update.credentials))
    if update.credentials is None:
        raise NotAllowedError(
            f"--credentials: '{update.env}' needs a Google credential file, of a service account. Fix: set {VARIABLE} "
            "to its path, as google-github-actions/auth does, or pass --credentials file:PATH; as yourself, run "
            "'python -m accessory' with gcloud's login, without Dagger"
        )
    await credentials.refuse_unreadable("--credentials", update.credentials)
    container = accessory.run(options, await read_project(options.tools, "accessory"), update, uuid.uuid4().hex)
    try:
        code = await container.exit_code()
    except dagger.QueryError as error:
        raise RefusedError(f"accessory: its container did not start, and the VM is unchanged: {error}") from error
    if code == 0:
        return await container.stdout()
    raise DeployError(code, await container.stderr())
