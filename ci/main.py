"""The verbs that a person types: `./daggerw call VERB --help`."""

from typing import Annotated

import dagger
from dagger import Doc, check, function, object_type

from ci import deploy_runner, gates, inputs, publish, release
from ci.deploy_verbs import DeployVerbs
from ci.errors import RefusedError, exit_codes
from ci.gates import Gated
from ci.inputs import Shipped, Source
from ci.local_environment import LocalEnvironment
from ci.options import GROUP_OPTIONS, PUSH_OPTIONS, Credentials, Options
from ci.steps import policy_checks
from ci.summary import summary
from ci.verbs import alias, verb


@object_type
class Ci(DeployVerbs, LocalEnvironment):
    """The delivery of the AI server: from its sources to the instances that serve it."""

    credentials: Credentials

    @check
    @function
    async def lint(self, source: Source) -> str:
        """Check all Python here with ruff, rules and format, and all shell with shellcheck."""
        with exit_codes():
            return "\n".join(await gates.lint(source, (await inputs.export(source)).linted()))

    @check
    @function
    async def types(self, source: Source) -> str:
        """Check the types of every program with mypy, strictly."""
        with exit_codes():
            return "\n".join(await gates.types(source, (await inputs.export(source)).programs()))

    @check
    @function
    async def test(self, source: Source) -> str:
        """Run the unit tests of every program, with coverage, in the Python that the program ships with."""
        with exit_codes():
            return "\n".join(await gates.test_with_coverage(source, (await inputs.export(source)).programs()))

    @check
    @function
    async def policy(self, source: Source) -> str:
        """Check stacks, images, infrastructure, workflows and the Dockerfile with the tools that know them."""
        with exit_codes():
            return "\n".join(await gates.policy(source, (await inputs.export(source)).policy()))

    @function
    async def tools(self, source: Source) -> dagger.Directory:
        """Build the Go tools of policy, to have them on this computer: `make tools`."""
        return policy_checks.tools((await inputs.export(source)).tool_sources())

    @function
    async def build(self, source: Shipped) -> dagger.Container:
        """Build the image of the AI server, for linux/amd64."""
        with exit_codes():
            return await gates.build(source)

    @function
    async def smoke(self, source: Shipped) -> str:
        """Start the built image as an instance would, request its health, and stop it with SIGTERM."""
        with exit_codes():
            return "\n".join(await gates.smoke(source, await gates.build(source)))

    @verb("env", "credentials", "repository", "registry_credentials", *PUSH_OPTIONS)
    async def publish(self, source: Source, options: Options) -> str:
        """Push the image once lint, the app's types and tests, and smoke have passed; print its reference."""
        destination = await publish.destination(source, options)
        published = await release.publish_image(await _gated(source, options), destination, options)
        return published.published.reference

    @verb(*GROUP_OPTIONS, *PUSH_OPTIONS, "timeout", "by", "format")
    async def deploy(
        self,
        source: Source,
        options: Options,
        image: Annotated[
            str, Doc("release in the registry, HOST/PATH@sha256:DIGEST or :TAG (default: a release made by this call)")
        ] = "",
    ) -> str:
        """Roll a release out, and roll back if it does not serve; without --image, gate, build and push it before."""
        await deploy_runner.checked(source, options)
        if image and options.all_checks:
            raise RefusedError("--all-checks: got --image, a release that is built. Fix: leave one of them out")
        if image:
            built = await deploy_runner.pull(source, options, image) if options.is_local else None
            flags = options.flags("commit", "timeout", "format")
            return await deploy_runner.deploy(source, options, image, flags, built)
        return (await _roll_out(source, options)).report

    @verb(*GROUP_OPTIONS, *PUSH_OPTIONS, "timeout", "by", "advisory")
    async def pipeline(self, source: Source, options: Options) -> str:
        """Run a whole release: lint, the app's types and tests beside build and smoke, then push, rollout, report."""
        await deploy_runner.checked(source, options)
        result = await _roll_out(source, options)
        return f"{summary(result)}\n\n{result.report}"

    # Dagger CLIs from 0.21 on hide a function named `pipeline` (docs/decisions/0001).
    release = alias("release", pipeline)


async def _roll_out(source: dagger.Directory, options: Options) -> release.Release:
    destination = await publish.destination(source, options)
    return await release.roll_out(await _gated(source, options), destination, options)


async def _gated(source: dagger.Directory, options: Options) -> Gated:
    """Return the files of the gates: of the app, with --all-checks of every program and of policy."""
    exported = await inputs.export(source)
    programs = exported.programs(are_shipped=not options.all_checks)
    policy = exported.policy() if options.all_checks else None
    return Gated(source, exported.linted(), exported.shipped(), programs, policy, options.advisory)
