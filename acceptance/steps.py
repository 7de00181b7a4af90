"""The steps of a run, in their order: commands, and how each must end. Pure."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal

from acceptance.place import CANARIES, ENVIRONMENT, ROOT, Place
from acceptance.quota import METRIC

Folder = Literal["run", "repository"]
# Without vLLM: its VM and its image need a GPU, which a new project does not have.
_NETWORK: Final = ("networking", "firewall")
_ACCESS: Final = ("registry", "secret", "deployer_account", "builder_account", "github")
_FLEET: Final = ("ai_server_account", "chromadb_account", "ai_server", "chromadb", "chromadb_ssh")
TARGETS: Final = ("project_setup", *_NETWORK, *_ACCESS, *_FLEET)
SECRETS: Final = (
    "dojangkok-ai-server-tokens",
    "dojangkok-backend-internal-token",
    "dojangkok-ocr-api",
    "dojangkok-vllm-api-key",
)
DESTROY: Final = "destroy"  # name of the last step, which deletes what the steps before it made
_APIS: Final = ("cloudresourcemanager", "compute", "iap", "serviceusage")
_SUBNETWORK: Final = "dojangkok-dev-subnet"
_MANIFEST: Final = "packer-manifest.json"  # Packer adds the name of each image that it has built
_COMMIT: Final = 'git -C "$1" rev-parse --verify --quiet HEAD || echo unknown'
# The reasons of deploy for a rollback, and for a refusal, that a step provokes.
_ROLLED_BACK: Final = "(not done after|printed:|failed alike|because it was unhealthy).*serves again"
_QUOTA: Final = f"quota {METRIC}: a surge of"
# What deploy says of a canary: at its pause, and in `status`.
_PAUSED: Final = r"paused at step 1 of 2 .* on 1 of \d+ instances"
_AT_PAUSE: Final = r"step 1 of 2 · 1 of \d+ instances · serves · then a pause until `promote`"
_NEWER_CHROMADB: Final = "docker.io/chromadb/chroma:latest"


@dataclass(frozen=True, kw_only=True)
class Command:
    """
    A process of a step.

    Args:
        arguments: program and arguments; `<NAME>` stands for the value that an earlier command kept.
        exit_codes: exit codes with which the process may end.
        keeps: name under which the last line of stdout is kept; empty for none.
        matches: pattern that stdout or stderr must contain; empty for any output.
        until: pattern; the command is repeated until stdout or stderr contains it. Empty for a command that runs once.
        folder: working folder: that of the run, or the repository.
    """

    arguments: tuple[str, ...]
    exit_codes: tuple[int, ...] = (0,)
    keeps: str = ""
    matches: str = ""
    until: str = ""
    folder: Folder = "run"


@dataclass(frozen=True, kw_only=True)
class Step:
    """
    A step of a run.

    Args:
        name: name of the step.
        text: what the step shows.
        needs_google: whether the step needs more of Google than Compute Engine's groups and a registry.
        commands: processes, one after the other.
    """

    name: str
    text: str
    needs_google: bool
    commands: tuple[Command, ...]


def steps(place: Place) -> tuple[Step, ...]:
    """Return all steps of a run, in their order."""
    return (*_creation(place), *_rollouts(place), *_end(place))


def _creation(place: Place) -> tuple[Step, ...]:
    project = ("--project", place.project)
    variants = tuple(_variant(place, name) for name in ("second", "third", "exits", "never-healthy", "crashes"))
    return (
        _google_step(
            "bootstrap",
            "enable the APIs, log skopeo in",
            _run("gcloud", "services", "enable", *(f"{api}.googleapis.com" for api in _APIS), *project),
            _run("gcloud", "auth", "configure-docker", place.repository.partition("/")[0], "--quiet"),
            _terraform(place, "init"),
            _apply(place, ("project_setup",)),
        ),
        _google_step(
            "apply",
            "network, registry, accounts and secrets by Terraform",
            _apply(place, (*_NETWORK, *_ACCESS)),
            *(
                _run("gcloud", "secrets", "versions", "add", name, *project, "--data-file", str(place.secret_file))
                for name in SECRETS
            ),
        ),
        _google_step(
            "packer",
            "build the VM image cpu-base",
            _run("packer", "init", str(ROOT / "packer")),
            _run("sh", "-c", _COMMIT, "sh", str(ROOT), keeps="commit"),
            _run(
                "packer", "build", "-only", "cpu-base.*", "-var", f"project_id={place.project}",
                "-var", f"subnetwork={_SUBNETWORK}", "-var", f"zone={place.zone}", "-var", "commit=<commit>",
                str(ROOT / "packer"),
            ),
            _images("newest", keeps="cpu-image"),
        ),
        _google_step(
            "publish",
            "build, test and push the first release by the pipeline",
            Command(
                arguments=("./daggerw", "call", "publish", "--env", ENVIRONMENT, "--repository", place.repository),
                keeps="first",
                folder="repository",
            ),
        ),
        Step(
            name="variants",
            text="push variants of the first release: two sound ones, and three that fail",
            needs_google=False,
            commands=variants,
        ),
        _google_step("fleet", "group and ChromaDB by Terraform", _apply(place, TARGETS)),
    )  # fmt: skip


def _rollouts(place: Place) -> tuple[Step, ...]:
    def step(name: str, text: str, *commands: Command) -> Step:
        return Step(name=name, text=text, needs_google=False, commands=commands)

    def run(env: str, *arguments: str, ends: tuple[int, ...] = (0,), matches: str = "", until: str = "") -> Command:
        program = (sys.executable, "-m", "acceptance.recording", "<exchanges>", "<step>", place.project, "deploy")
        arguments = (*program, *arguments, "--env", env)
        return Command(arguments=arguments, exit_codes=ends, matches=matches, until=until)

    deploy, canary = partial(run, ENVIRONMENT), partial(run, CANARIES)
    return (
        step("stable", "wait until the group serves", deploy("status", until="stable yes")),
        step("doctor", "no defect of login, project and group", deploy("doctor")),
        step("plan", "a plan that differs", deploy("plan", "--image", "<second>", "--exit-code", ends=(2,))),
        step("deploy", "a sound release", deploy("deploy", "--image", "<second>")),
        step(
            "bad-image",
            "a container that exits: rolled back",
            deploy("deploy", "--image", "<exits>", ends=(7,), matches=_ROLLED_BACK),
        ),
        step(
            "crash-after-bake",
            "a release that stops serving later: rolled back by hand",
            deploy("deploy", "--image", "<crashes>"),
            deploy("status", until="stable no"),
            deploy("rollback"),
        ),
        step(
            "never-healthy",
            "a server that never answers: rolled back",
            deploy("deploy", "--image", "<never-healthy>", ends=(7,), matches=_ROLLED_BACK),
        ),
        _google_step(
            "capacity",
            "a surge without quota: refused",
            _quota(place, "fill"),
            deploy("doctor", ends=(0, 3), until=_QUOTA),  # the usage of a quota may follow a little later
            deploy("deploy", "--image", "<third>", ends=(3,), matches=_QUOTA),
            _quota(place, "free"),
        ),
        step("rollback", "a sound release, and back", deploy("deploy", "--image", "<third>"), deploy("rollback")),
        step(
            "canary",
            "a part of the group first: promoted; then a second canary: aborted",
            canary("deploy", "--image", "<third>", matches=_PAUSED),
            canary("status", matches=_AT_PAUSE),
            canary("deploy", "--image", "<second>", ends=(3,), matches="is a canary beside"),
            canary("promote", "--step", "1"), canary("deploy", "--image", "<second>", matches=_PAUSED), canary("abort"),
        ),
        step("reports", "status and history", deploy("status"), deploy("history")),
    )  # fmt: skip


def _end(place: Place) -> tuple[Step, ...]:
    return (
        _google_step("accessory-update", "ChromaDB over IAP", _accessory("update", "--image", _NEWER_CHROMADB)),
        _google_step("accessory-rollback", "ChromaDB's previous image", _accessory("rollback")),
        _google_step(
            "second-plan",
            "no change left for Terraform",
            _terraform(place, "plan", "-detailed-exitcode", *_values(), *_targets(TARGETS)),
        ),
        _google_step(
            DESTROY,
            "delete everything that the steps before made",
            _quota(place, "free"),
            _terraform(place, "destroy", "-auto-approve"),
            _images("delete", place.project),
        ),
    )


def _google_step(name: str, text: str, *commands: Command) -> Step:
    return Step(name=name, text=text, needs_google=True, commands=commands)


def _run(*arguments: str, keeps: str = "") -> Command:
    return Command(arguments=arguments, keeps=keeps)


def _images(verb: str, *more: str, keeps: str = "") -> Command:
    return _run(sys.executable, "-m", "acceptance.images", verb, _MANIFEST, *more, keeps=keeps)


def _quota(place: Place, verb: str) -> Command:
    return _run(sys.executable, "-m", "acceptance.quota", verb, place.project, place.zone)


def _variant(place: Place, name: str) -> Command:
    scheme = ("http",) if place.is_http else ()
    arguments = (sys.executable, "-m", "acceptance.variants", "<first>", name, "<scratch>", *scheme)
    return Command(arguments=arguments, keeps=name)


def _terraform(place: Place, verb: str, *more: str) -> Command:
    return _run("terraform", f"-chdir={place.terraform}", verb, "-input=false", "-no-color", *more)


def _values() -> tuple[str, ...]:
    return ("-var", "first=<first>", "-var", "cpu_image=<cpu-image>")


def _targets(modules: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"-target=module.fleet.module.{module}" for module in modules)


def _apply(place: Place, modules: tuple[str, ...]) -> Command:
    values = _values() if modules == TARGETS else ()
    return _terraform(place, "apply", "-auto-approve", *values, *_targets(modules))


def _accessory(*arguments: str) -> Command:
    # OS Login needs the account of gcloud itself: accessory refuses a person's application-default login.
    program = ("env", "-u", "GOOGLE_APPLICATION_CREDENTIALS", "uv", "run", "--project", str(ROOT / "accessory"))
    return _run(*program, "python", "-m", "accessory", *arguments, "--name", "chromadb", "--env", ENVIRONMENT)
