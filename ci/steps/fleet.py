"""Policy: rules over stacks, images, infrastructure, workflows and the Dockerfile, and the tools that know them."""

from typing import Final

import dagger
from dagger import dag

from ci.steps.base import GO, PYTHON, TERRAFORM, WORKDIR
from ci.steps.check import Project, environment

GO_TOOLS: Final = (
    "actionlint", "alloy-syntax", "compose-config", "packer", "packer-plugin-googlecompute",
    "terraform-provider-google",
)  # fmt: skip
# What policy/test_*.py read: what they judge, and what they compare it with.
READS: Final = (
    ".dockerignore", ".github", ".gitignore", "Dockerfile", "accessory", "app", "compose", "deploy", "docs",
    "environments", "iac", "lib", "packer", "policy", "pyproject.toml", "uv.lock",
)  # fmt: skip
# What the tools are built from: go.mod and go.sum of each.
TOOL_SOURCES: Final = ("policy/tools",)
_CACHE: Final = "/out"
_TOOLS: Final = "/opt/tools"


def tools(sources: dagger.Directory) -> dagger.Directory:
    """
    Build the tools that are Go programs, each from a go.mod of its own.

    Args:
        sources: That has policy/tools.

    Returns:
        A folder for each, `NAME-KEY`, as policy/tools/build looks for it.
    """
    found = dag.directory()
    for name in GO_TOOLS:
        found = found.with_directory("/", _built(sources, name))
    return found


def _built(sources: dagger.Directory, name: str) -> dagger.Directory:
    return (
        dag.container()
        .from_(GO.reference)
        .with_mounted_cache("/go/pkg/mod", dag.cache_volume("go-modules"))
        .with_mounted_cache("/root/.cache/go-build", dag.cache_volume("go-build"))
        .with_env_variable("GOCACHE", "/root/.cache/go-build")
        .with_env_variable("XDG_CACHE_HOME", _CACHE)
        .with_mounted_directory(WORKDIR, sources.directory("policy/tools").filter(include=["build", f"{name}/**"]))
        .with_exec([f"{WORKDIR}/build", name])
        .directory(f"{_CACHE}/dojangkok-policy")
    )


def terraform() -> dagger.File:
    """Terraform's program, out of its image."""
    return dag.container().from_(TERRAFORM.reference).file("/bin/terraform")


def policy(sources: dagger.Directory, tool_sources: dagger.Directory, project: Project) -> dagger.Container:
    """
    Run every rule, with all tools at hand.

    Args:
        sources: The repository, narrowed to READS.
        tool_sources: That has policy/tools.
        project: Project `policy`.
    """
    return (
        environment(project, PYTHON)
        .with_file("/usr/local/bin/terraform", terraform())
        .with_directory(_TOOLS, tools(tool_sources))
        .with_exec(["sh", "-ec", f"ln -s {_TOOLS}/*/* /usr/local/bin/"])
        .with_mounted_directory(WORKDIR, sources)
        .with_exec(["pytest", "-c", project.config, f"--rootdir={WORKDIR}", "-p", "no:cacheprovider", project.folder])
    )
