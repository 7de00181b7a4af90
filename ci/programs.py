"""
The programs of this repository, a row each: checks, their inputs, `make` and `.ci/run` derive from these tables.

Plain data without Dagger, so that scripts on the host read the same rows as the module. A new program is one row.
"""

from dataclasses import dataclass
from typing import Final

TOOLS_PYTHON: Final = "3.13"
UV_VERSION: Final = "0.13.9"  # also in the Dockerfile, ci/pyproject.toml, engine/ and nightly.yml


@dataclass(frozen=True)
class Proof:
    """
    A deep run of tests that the checks run shallowly; `.ci/run` runs it at the lowest priority.

    Args:
        variables: environment of the run, such as `STEPS=5000`
        tests: test files of the program, below tests/
    """

    variables: tuple[str, ...]
    tests: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Program:
    """
    A program, or tests over the whole repository.

    Args:
        name: folder of the program, whose lines coverage counts; for tests alone, a name for the output
        project: folder of the pyproject.toml and uv.lock of its checks; `.` is the root
        python: series of the Python that the program ships with
        coverage: percent of its lines (and branches, if pyproject.toml asks for them) that its tests must reach; None
            for tests alone
        types: files and folders whose types are checked
        tests: folders of its tests
        slow_tests: files and folders among them that a release does not wait for
        reads: what its tests read beside these
        proofs: deep runs of its tests
    """

    name: str
    project: str
    python: str = TOOLS_PYTHON
    coverage: int | None
    types: tuple[str, ...]
    tests: tuple[str, ...]
    slow_tests: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    proofs: tuple[Proof, ...] = ()

    @property
    def config(self) -> str:
        """Path of the pyproject.toml, which configures mypy, pytest and coverage."""
        return path_in(self.project, "pyproject.toml")

    @property
    def paths(self) -> tuple[str, ...]:
        """Everything that its checks read; the whole source for a program whose row names no file."""
        if not (self.types or self.tests or self.reads):
            return ()
        return tuple(dict.fromkeys((self.config, *self.types, *self.tests, *self.reads)))

    @property
    def types_command(self) -> list[str]:
        """The command that checks its types, from the root of the repository."""
        return ["mypy", "--config-file", self.config, *self.types]

    @property
    def test_command(self) -> list[str]:
        """The command that runs its tests, from the root of the repository."""
        return [*pytest_command(self.config), *self.tests]

    @property
    def release_test_command(self) -> list[str]:
        """The command that runs its tests without the slow ones, from the root of the repository."""
        return [*pytest_command(self.config), *(f"--ignore={path}" for path in self.slow_tests), *self.tests]

    @property
    def coverage_command(self) -> list[str]:
        """The command that runs its tests and fails where they reach fewer of its lines than they must."""
        if self.coverage is None:
            return self.test_command
        coverage = [f"--cov={self.name}", f"--cov-config={self.config}", f"--cov-fail-under={self.coverage}"]
        return [*pytest_command(self.config), *coverage, *self.tests]


@dataclass(frozen=True, kw_only=True)
class HostSuite:
    """
    Tests that run on the host, because they need processes, daemons, or `./daggerw` as a person runs it.

    Args:
        name: argument of `make system SUITE=NAME`; `e2e` has a target of its own
        project: folder of the pyproject.toml that the tests run with
        tests: folders of the tests
        is_nightly: whether only the nightly jobs run it, because it takes minutes, or processors that nothing else uses
        side_by_side: how many tests run at once, where they wait for real time more than they need processors
    """

    name: str
    project: str
    tests: tuple[str, ...]
    is_nightly: bool = False
    side_by_side: int = 1

    @property
    def command(self) -> list[str]:
        """The command that runs the suite, from the root of the repository."""
        workers = ["-p", "xdist.plugin", "-n", str(self.side_by_side)] if self.side_by_side > 1 else []
        return [*pytest_command(path_in(self.project, "pyproject.toml")), *workers, *self.tests]


def path_in(project: str, name: str) -> str:
    """Return the path of a file of a project, from the root of the repository."""
    return name if project == "." else f"{project}/{name}"


def pytest_command(config: str) -> list[str]:
    """Return the start of every pytest command line; the paths of tests follow."""
    return ["pytest", "-c", config, "--rootdir=.", "-p", "no:cacheprovider"]


def _tool(
    name: str,
    project: str,
    coverage: int,
    *,
    reads: tuple[str, ...] = (),
    more_tests: tuple[str, ...] = (),
    more_types: tuple[str, ...] = (),
    proofs: tuple[Proof, ...] = (),
) -> Program:
    """Return a row of a program with tests in tests/unit/NAME, whose types are checked with the program's."""
    tests = (f"tests/unit/{name}", *more_tests)
    types = (name, *tests, *more_types)
    return Program(name=name, project=project, coverage=coverage, types=types, tests=tests, reads=reads, proofs=proofs)


def _walk(seed: int) -> Proof:
    return Proof(("STEPS=5000", f"SEED={seed}"), ("tests/integration/deploy/test_state_machine.py",))


_DEPLOY_PROOFS: Final = (
    Proof(("CUTS=all",), ("tests/integration/deploy/test_cuts.py",)),
    Proof(("CUTS=all",), ("tests/integration/deploy/test_step_cuts.py",)),
    *(_walk(seed) for seed in range(4)),
    Proof(
        ("EXAMPLES=1000",),
        (
            "tests/unit/lib/test_credential_urls.py",
            "tests/unit/deploy/test_scripts.py",
            "tests/unit/deploy/test_history.py",
            "tests/integration/deploy/test_image_shapes.py",
        ),
    ),
    Proof(("EXAMPLES=1000",), ("tests/unit/deploy/test_mentions.py", "tests/unit/deploy/test_image.py")),
)
_EMULATOR_PROOFS: Final = (
    Proof(
        ("FUZZ_EXAMPLES=50", "EXAMPLES=200"),
        (
            "tests/integration/emulator/test_fuzz.py",
            "tests/unit/emulator/test_rollout_properties.py",
            "tests/unit/emulator/test_canary_properties.py",
        ),
    ),
)
_READ_BY_ACCEPTANCE: Final = ("compose", "environments", "iac", "lib", "tests/support/waiting.py")
_READ_BY_CI: Final = (
    ".ci", ".env", "Dockerfile", "Makefile", "dagger.json", "daggerw", "examples", "lib", "policy/tools", "uv.lock",
    ".github", "delivery.yaml", "docs/adopt.md", "docs/reference.md", "environments", "pyproject.toml", "tests/support",
    ".pre-commit-config.yaml", "accessory/pyproject.toml", "daggerw_exit_codes.sh", "emulator/pyproject.toml", "engine",
    "deploy/__main__.py", "deploy/pyproject.toml", "emulator/seeds", "iac/scripts/phases.sh", "policy/pyproject.toml",
)  # fmt: skip
_READ_BY_DEPLOY: Final = (
    "compose", "daggerw_exit_codes.sh", "docs/reference.md", "emulator", "environments", "iac/scripts", "lib",
    "tests/support", "tests/unit/emulator/group_rollout.py", "tests/unit/lib",
)  # fmt: skip
_READ_BY_ACCESSORY: Final = ("docs/reference.md", "environments", "lib", "tests/support", "tests/unit/lib")
_READ_BY_EMULATOR: Final = ("acceptance", "docs/reference.md", "lib", "tests/support")
_TYPED_WITH_DEPLOY: Final = (
    "bench/deploy_start.py", "bench/mentions.py", "bench/redaction.py", "bench/shipped_deploy.py",
)  # fmt: skip
_TYPED_WITH_CI: Final = (
    "bench/app_image.py", "bench/deploy.py", "bench/loss.py", "bench/release.py", "bench/scale.py", "bench/surge.py",
    "policy", "tests/e2e", "tests/mutants", "tests/support", "tests/system",
)  # fmt: skip
_READ_BY_ARCHITECTURE: Final = (
    ".ci", ".github", "Dockerfile", "README.md", "acceptance", "accessory", "app", "bench", "ci", "compose", "deploy",
    "dagger.json", "delivery.yaml", "docs/architecture.md", "docs/fault-tests.md", "docs/faults.md", "examples", "iac",
    "docs/invariants.md", "emulator", "engine", "environments", "lib", "packer", "policy", "pyproject.toml", "tests",
    "uv.lock",
)  # fmt: skip

# The tools. The program that is shipped has its row in its own pyproject.toml (ci/checked_programs.py).
TOOL_PROGRAMS: Final = (
    _tool("acceptance", "deploy", 90, reads=_READ_BY_ACCEPTANCE),
    _tool("accessory", "accessory", 85, reads=_READ_BY_ACCESSORY),
    _tool("ci", "ci", 78, reads=_READ_BY_CI, more_types=(".ci",)),
    _tool("engine", "ci", 43, reads=("dagger.json", "daggerw", "tests/support")),
    _tool(
        "deploy",
        "deploy",
        91,
        reads=_READ_BY_DEPLOY,
        more_tests=("tests/integration/deploy",),
        more_types=_TYPED_WITH_DEPLOY,
        proofs=_DEPLOY_PROOFS,
    ),
    _tool(
        "emulator",
        "emulator",
        92,
        # lib: hosts of tokens and secrets, of `emulator import`; acceptance: its recordings are replayed
        reads=_READ_BY_EMULATOR,
        more_tests=("tests/contract", "tests/integration/emulator"),
        more_types=("bench/emulator.py", "bench/group_rollouts.py"),
        proofs=_EMULATOR_PROOFS,
    ),
    _tool("lib", "deploy", 95),
    Program(
        name="architecture",
        project="ci",
        coverage=None,
        types=("tests/architecture", *_TYPED_WITH_CI),
        tests=("tests/architecture",),
        reads=_READ_BY_ARCHITECTURE,
    ),
)

# In the order in which `.ci/run` starts them: the longest first, so that the two that run last end together.
HOST_SUITES: Final = (
    HostSuite(name="e2e", project="ci", tests=("tests/e2e",)),
    HostSuite(name="clients", project="ci", tests=(
        "tests/system/acceptance", "tests/system/console", "tests/system/gcloud", "tests/system/images",
        "tests/system/loss/test_figures.py", "tests/system/registries",
    )),
    HostSuite(name="processes", project="deploy", tests=("tests/system/processes",), side_by_side=2),
    HostSuite(name="stacks", project="ci", tests=("tests/system/stacks", "tests/system/terraform")),
    HostSuite(name="accessory", project="ci", tests=("tests/system/accessory/test_accessory.py",)),
    HostSuite(
        name="accessory-cuts", project="ci", tests=("tests/system/accessory/test_accessory_cuts.py",), is_nightly=True
    ),
    HostSuite(name="loss", project="ci", tests=("tests/system/loss/test_loss.py",), is_nightly=True),
)  # fmt: skip
