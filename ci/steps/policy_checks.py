"""Policy: rules over stacks, images, infrastructure, workflows and the Dockerfile, and the tools that know them."""

from dataclasses import dataclass
from typing import Final

import dagger
from dagger import dag

from ci.programs import pytest_command
from ci.steps.base import GO, PYTHON, TERRAFORM, WORKDIR
from ci.steps.environment import Project, environment

# The first is built alone, because others use most of what Go compiles for it. The second is mostly a single package,
# which keeps one processor busy while the rest is built.
GO_TOOLS: Final = (
    "packer", "terraform-provider-google", "packer-plugin-googlecompute", "compose-config", "actionlint",
    "alloy-syntax",
)  # fmt: skip
# The files that policy/test_*.py judge, and those that they compare them with.
READS: Final = (
    ".dockerignore", ".github", ".gitignore", "Dockerfile", "accessory", "app", "compose", "deploy", "docs",
    "environments", "examples", "iac", "lib", "packer", "policy", "pyproject.toml", "uv.lock",
)  # fmt: skip
# The sources of the tools: go.mod and go.sum of each.
TOOL_SOURCES: Final = ("policy/tools/build", *(f"policy/tools/{name}" for name in GO_TOOLS))
_BUILT: Final = "/opt/built"
_TOOLS: Final = "/opt/tools"
_BUILD: Final = f"""
mkdir {_BUILT}
keep() {{ directory=$(./build "$1"); cp -r "$directory" {_BUILT}; }}
keep "$1"
keep "$2" &
slowest=$!
shift 2
for name; do keep "$name"; done
wait "$slowest"
"""
_TEST: Final = f'PATH=$(echo {_TOOLS}/* | tr " " :):$PATH exec "$0" "$@"'


@dataclass(frozen=True)
class PolicyInputs:
    """
    The files that the rules of policy read.

    Args:
        judged: the repository, narrowed to READS
        tool_sources: the repository, narrowed to TOOL_SOURCES
    """

    judged: dagger.Directory
    tool_sources: dagger.Directory


def tools(sources: dagger.Directory) -> dagger.Directory:
    """
    Build the tools that are Go programs, each from a go.mod of its own.

    Args:
        sources: the repository, narrowed to TOOL_SOURCES

    Returns:
        A folder for each tool, `NAME-KEY`, the name that policy/tools/build gives it.
    """
    return (
        dag.container()
        .from_(GO.reference)
        .with_mounted_cache("/go/pkg/mod", dag.cache_volume("go-modules"))
        .with_mounted_cache("/root/.cache/go-build", dag.cache_volume("go-build"))
        .with_env_variable("GOCACHE", "/root/.cache/go-build")
        .with_mounted_directory(WORKDIR, sources.directory("policy/tools"))
        .with_workdir(WORKDIR)
        .with_exec(["bash", "-euc", _BUILD, "build", *GO_TOOLS])
        .directory(_BUILT)
    )


def terraform() -> dagger.File:
    """Return the program `terraform`, taken from its image."""
    return dag.container().from_(TERRAFORM.reference).file("/bin/terraform")


def policy(inputs: PolicyInputs, project: Project) -> dagger.Container:
    """
    Run every rule, with all tools on PATH.

    Args:
        inputs: the files that the rules read
        project: project `policy`
    """
    pytest = [*pytest_command(project.config), project.folder]
    return (
        environment(project, PYTHON)
        .with_file("/usr/local/bin/terraform", terraform())
        .with_mounted_directory(_TOOLS, tools(inputs.tool_sources))
        .with_mounted_directory(WORKDIR, inputs.judged)
        .with_exec(["sh", "-c", _TEST, *pytest])
    )
