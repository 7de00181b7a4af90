"""The verbs that read or change a group: each passes its arguments to `python -m deploy`."""

import re
from typing import Annotated

from dagger import Doc

from ci import accessory_runner, deploy_runner
from ci.environments import LOCAL
from ci.errors import NotAllowedError, RefusedError
from ci.options import GROUP_OPTIONS, INPUTS, Credentials, Options
from ci.steps.accessory import Update
from ci.verbs import verb


class DeployVerbs:
    """The verbs of `python -m deploy` and of `python -m accessory`, as verbs of the module."""

    credentials: Credentials

    @verb(*GROUP_OPTIONS, "format", "long", "commit", "timeout", "by")
    async def plan(
        self,
        options: Options,
        image: Annotated[str, Doc("release to serve, HOST/PATH@sha256:DIGEST or HOST/PATH:TAG")],
        exit_code: Annotated[bool, Doc("end with 2 if there is something to do")] = False,
    ) -> str:
        """Print what deploy with the same arguments would do to the group, field by field; write nothing."""
        flags = options.flags("format", "long", "commit", "by", "timeout") + (["--exit-code"] if exit_code else [])
        return await deploy_runner.run(options, ["plan", "--image", image, *flags])

    @verb(*GROUP_OPTIONS, "format", "long", "timeout")
    async def promote(
        self,
        options: Options,
        step: Annotated[str, Doc("step to go on from; a group beyond it is only waited for (default: any)")] = "",
        to: Annotated[str, Doc("release to go on with: template, digest or commit (default: any)")] = "",
        full: Annotated[bool, Doc("skip the steps and pauses that are left")] = False,
    ) -> str:
        """Go on to the next step of a rollout with steps, and from there to the next pause or the end."""
        if not re.fullmatch(r"([1-9][0-9]*)?", step, re.ASCII):
            raise RefusedError(f"promote: --step: got '{step}'. Fix: the number N of 'paused at step N'")
        given = [part for flag, value in (("--step", step), ("--to", to)) if value for part in (flag, value)]
        chosen = [*given, *(["--full"] if full else [])]
        return await deploy_runner.run(options, ["promote", *options.flags("format", "long", "timeout"), *chosen])

    @verb(*GROUP_OPTIONS, "format", "long", "timeout")
    async def abort(self, options: Options) -> str:
        """End a rollout with steps: restore the old release on every instance."""
        return await deploy_runner.run(options, ["abort", *options.flags("format", "long", "timeout")])

    @verb(*GROUP_OPTIONS, "format", "long", "timeout")
    async def rollback(
        self,
        options: Options,
        to: Annotated[
            str, Doc("template, digest or commit (default: the last proven release before the serving one)")
        ] = "",
        force: Annotated[bool, Doc("allow an unproven release")] = False,
    ) -> str:
        """Roll back to a proven release, as fast as the group can."""
        chosen = [*(["--to", to] if to else []), *(["--force"] if force else [])]
        return await deploy_runner.run(options, ["rollback", *options.flags("format", "long", "timeout"), *chosen])

    @verb(*GROUP_OPTIONS, "format", "long")
    async def status(self, options: Options) -> str:
        """Print what the group serves, its canary with step and checks, its instances and any drift."""
        return await deploy_runner.run(options, ["status", *options.flags("format", "long")])

    @verb(*GROUP_OPTIONS, "format", "long")
    async def history(self, options: Options) -> str:
        """List the releases of the group, newest first."""
        return await deploy_runner.run(options, ["history", *options.flags("format", "long")])

    @verb(*GROUP_OPTIONS, "format", "long")
    async def report(self, options: Options) -> str:
        """Print the report of the last rollout again, also of a rollout that failed."""
        return await deploy_runner.run(options, ["report", *options.flags("format", "long")])

    @verb(*GROUP_OPTIONS, "format", "long")
    async def reconcile(self, options: Options) -> str:
        """Finish the rollout of a killed call, or roll it back if it failed; refuse one that deploy did not begin."""
        return await deploy_runner.run(options, ["reconcile", *options.flags("format", "long")])

    @verb(*GROUP_OPTIONS, "format", "long")
    async def prune(
        self,
        options: Options,
        images: Annotated[bool, Doc("with --dry-run: list the images that nothing refers to; delete nothing")] = False,
        dry_run: Annotated[bool, Doc("with --images, which deletes nothing")] = False,
    ) -> str:
        """Delete old templates of the group that nothing needs, at most 20; or list unused images, and delete none."""
        chosen = [*(["--images"] if images else []), *(["--dry-run"] if dry_run else [])]
        return await deploy_runner.run(options, ["prune", *options.flags("format", "long"), *chosen])

    @verb(*GROUP_OPTIONS, "format", "long")
    async def doctor(self, options: Options) -> str:
        """List what login, project and group lack for a rollout, each with a command; write nothing."""
        try:
            return await deploy_runner.run(options, ["doctor", *options.flags("format", "long")])
        except NotAllowedError as error:
            raise RefusedError(f"✗ account  {error}") from error

    @verb(*INPUTS, "credentials", "format", "by")
    async def accessory(
        self,
        options: Options,
        name: Annotated[str, Doc("single VM: a key of 'accessories' in the environment file")],
        env: Annotated[str, Doc("dev or prod: the VM is reached over IAP")],
        image: Annotated[str, Doc("image to serve, HOST/PATH@sha256:DIGEST or :TAG (default: the environment's)")] = "",
        rollback: Annotated[bool, Doc("return to the image that served before")] = False,
    ) -> str:
        """Update a single VM of the environment file, and roll it back if it does not become ready."""
        if env == LOCAL:
            raise RefusedError("--env: got 'local', which has no such VM. Fix: dev or prod")
        if image and rollback:
            raise RefusedError(f"--rollback: got --image '{image}', too. Fix: leave one of them out")
        update = Update(name, env, options.credentials, image, rollback, options.format, options.by)
        return await accessory_runner.run(options, update)
