"""Policy: rules over stacks, images, infrastructure, workflows and the Dockerfile, and the tools that know them."""

from typing import Final

import dagger
from dagger import dag

from ci.steps.base import GO, PYTHON, TERRAFORM, WORKDIR
from ci.steps.python_checks import Project, environment

# The first is built alone, because others use most of what Go compiles for it. The second is mostly a single package,
# which keeps one processor busy while the rest is built.
GO_TOOLS: Final = (
    "packer", "terraform-provider-google", "packer-plugin-googlecompute", "compose-config", "actionlint",
    "alloy-syntax",
)  # fmt: skip
# What policy/test_*.py read: what they judge, and what they compare it with.
READS: Final = (
    ".dockerignore", ".github", ".gitignore", "Dockerfile", "accessory", "app", "compose", "deploy", "docs",
    "environments", "iac", "lib", "packer", "policy", "pyproject.toml", "uv.lock",
)  # fmt: skip
# What the tools are built from: go.mod and go.sum of each.
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


def tools(sources: dagger.Directory) -> dagger.Directory:
    """
    Build the tools that are Go programs, each from a go.mod of its own.

    Args:
        sources: The repository, narrowed to TOOL_SOURCES.

    Returns:
        A folder for each, `NAME-KEY`, as policy/tools/build looks for it.
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
    """Terraform's program, out of its image."""
    return dag.container().from_(TERRAFORM.reference).file("/bin/terraform")


def policy(sources: dagger.Directory, tool_sources: dagger.Directory, project: Project) -> dagger.Container:
    """
    Run every rule, with all tools at hand.

    Args:
        sources: The repository, narrowed to READS.
        tool_sources: The repository, narrowed to TOOL_SOURCES.
        project: Project `policy`.
    """
    pytest = ["pytest", "-c", project.config, f"--rootdir={WORKDIR}", "-p", "no:cacheprovider", project.folder]
    return (
        environment(project, PYTHON)
        .with_file("/usr/local/bin/terraform", terraform())
        .with_mounted_directory(_TOOLS, tools(tool_sources))
        .with_mounted_directory(WORKDIR, sources)
        .with_exec(["sh", "-c", _TEST, *pytest])
    )
