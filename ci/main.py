"""The verbs that a person types: `./daggerw call VERB --help`."""

from typing import Annotated

import dagger
from dagger import Doc, check, function, object_type

from ci import application_file, bill, deploy_runner, environments, gates, inputs, publish, release
from ci.application import NAMED_CHECKS, Application, Gate
from ci.deploy_verbs import DeployVerbs
from ci.destination import Destination, without_tag
from ci.errors import RefusedError, exit_codes
from ci.gates import Gated, Programs
from ci.inputs import Checked, Source
from ci.local_environment import LocalEnvironment
from ci.options import GROUP_OPTIONS, INPUTS, PUSH_OPTIONS, Credentials, Options
from ci.steps import policy_checks
from ci.summary import summary
from ci.verbs import alias, uncached, verb


@object_type
class Ci(DeployVerbs, LocalEnvironment):
    """The delivery of an application: from its sources to the instances that serve it."""

    credentials: Credentials

    @check
    @function
    async def lint(self, source: Checked) -> str:
        """Check Python with ruff, rules and format, and shell scripts with shellcheck."""
        with exit_codes():
            return "\n".join(await gates.lint((await inputs.export(source)).linted()))

    @check
    @function
    async def types(self, source: Checked) -> str:
        """Check the types of every program with mypy, strictly."""
        with exit_codes():
            return "\n".join(await gates.types(source, (await inputs.export(source)).programs()))

    @check
    @function
    async def test(self, source: Checked) -> str:
        """Run the unit tests of every program, with coverage, in the Python that the program ships with."""
        with exit_codes():
            return "\n".join(await gates.test_with_coverage(source, (await inputs.export(source)).programs()))

    @check
    @function
    async def policy(self, source: Checked) -> str:
        """Check stacks, images, infrastructure, workflows and the Dockerfile with the tools that know them."""
        with exit_codes():
            return "\n".join(await gates.policy(source, (await inputs.export(source)).policy()))

    @uncached
    async def tools(self, source: Checked) -> dagger.Directory:
        """Build the Go tools of policy, to have them on this computer: `make tools`."""
        return policy_checks.tools((await inputs.export(source)).tool_sources())

    @uncached
    async def build(self, source: Source) -> dagger.Container:
        """Build the image of the application, for linux/amd64."""
        with exit_codes():
            application = await application_file.read(source)
            return await gates.build((await inputs.export(source)).context(application), application)

    @function
    async def smoke(self, source: Source) -> str:
        """Start the built image as an instance would, request its health, and stop it with SIGTERM."""
        with exit_codes():
            application = await application_file.read(source)
            built = await gates.build((await inputs.export(source)).context(application), application)
            return "\n".join(await gates.smoke(built, application))

    @verb(*INPUTS, "env", "credentials", "repository", "registry_credentials", *PUSH_OPTIONS)
    async def publish(
        self,
        options: Options,
        format: Annotated[  # noqa: A002 - the name of the flag
            str, Doc("text: the reference; outputs: name, digest and reference, for the outputs of a workflow's step")
        ] = "text",
    ) -> str:
        """Push the image once every gate of delivery.yaml and smoke have passed; print its reference."""
        if format not in ("text", "outputs"):
            raise RefusedError(f"--format: got '{format}'. Fix: text or outputs")
        application = await application_file.read(options.source)
        destination = await _destination(options, application)
        published = await release.publish_image(await _gated(options, application), destination, options)
        return published.published.outputs if format == "outputs" else published.published.reference

    @uncached
    async def bill_of_materials(
        self,
        source: Source,
        image: Annotated[str, Doc("release that was made from this source, HOST/PATH@sha256:DIGEST")],
    ) -> str:
        """Print the bill of materials of a release, made again from its source, in the form that is attested."""
        with exit_codes():
            application = await application_file.read(source)
            built = await gates.build((await inputs.export(source)).context(application), application)
            layout = await publish.lay_out(built, source, application, without_tag(image))
            return await bill.read(layout, image)

    @verb(*GROUP_OPTIONS, *PUSH_OPTIONS, "timeout", "by", "format", "long")
    async def deploy(
        self,
        options: Options,
        image: Annotated[
            str, Doc("release in the registry, HOST/PATH@sha256:DIGEST or :TAG (default: a release made by this call)")
        ] = "",
    ) -> str:
        """Roll a release out, and roll back if it does not serve; without --image, gates, build and push come first."""
        await deploy_runner.checked(options)
        if image and options.all_checks:
            raise RefusedError("--all-checks: got --image, a release that is built. Fix: leave one of them out")
        if image:
            built = await deploy_runner.pull(options, image) if options.is_local else None
            flags = options.flags("commit", "timeout", "format", "long")
            return await deploy_runner.deploy(options, image, flags, built)
        return (await _roll_out(options)).report

    @verb(*GROUP_OPTIONS, *PUSH_OPTIONS, "timeout", "by", "long", "advisory")
    async def pipeline(self, options: Options) -> str:
        """Run a whole release: the gates of delivery.yaml beside build and smoke, then push, rollout, report."""
        await deploy_runner.checked(options)
        result = await _roll_out(options)
        return f"{summary(result)}\n\n{result.report}"

    # Dagger CLIs from 0.21 on hide a function named `pipeline` (docs/decisions/0001).
    release = alias("release", pipeline)


async def _roll_out(options: Options) -> release.Release:
    application = await application_file.read(options.source)
    destination = await _destination(options, application)
    return await release.roll_out(await _gated(options, application), destination, options)


async def _destination(options: Options, application: Application) -> Destination:
    """Return the destination of the image, unless it is the repository of another one; errors as of `destination`."""
    chosen = await publish.destination(options)
    place = "--repository" if options.repository else f"environments/{options.env}.yaml: repository"
    application.refuse_other_image(place, chosen.name)
    return chosen


async def _gated(options: Options, application: Application) -> Gated:
    """Return the files of the gates of delivery.yaml; with --all-checks of every program and of policy, too."""
    env = await environments.read(options.environment_files, options.env)
    exported = await inputs.export(options.source)
    gates_of_all = (*(Gate(name) for name in NAMED_CHECKS), Gate("policy")) if options.all_checks else ()
    added = (gate for gate in gates_of_all if gate not in application.gates)
    chosen = (*application.gates, *added)
    names = {gate.name for gate in chosen if not gate.command}
    programs: Programs = {}
    if options.all_checks:
        programs = exported.programs()
    elif names & {"types", "test"}:
        programs = exported.root_program()
    return Gated(
        options.source,
        application,
        exported.context(application),
        chosen,
        exported.linted(),
        programs,
        {gate.name: exported.command(gate) for gate in chosen if gate.command},
        exported.policy() if options.all_checks else None,
        options.advisory,
        env.vulnerabilities,
        options.env,
    )
