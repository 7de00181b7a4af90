"""Which folder may import which, with the reason of each arrow; `test_layers.py` compares it with the imports."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Arrow:
    """
    Folders and modules that one folder may import.

    Args:
        importer: package, or module, by its dotted name; modules belong to the longest name that contains them.
        imported: dotted names of what the importer may import beside its own modules.
        reason: why this direction is allowed.
    """

    importer: str
    imported: tuple[str, ...]
    reason: str


PROGRAMS: Final = ("acceptance", "accessory", "app", "ci", "deploy", "emulator", "engine", "policy")
ROOTS: Final = (*PROGRAMS, "lib", "tests", "bench")
DIVIDED: Final = ("ci", "deploy", "emulator", "tests")  # roots whose every folder has a row of its own

_VALUES: Final = ("deploy.documents", "deploy.errors")
_DEPLOY: Final = (
    *_VALUES, "deploy", "deploy.analysis", "deploy.analysis_settings", "deploy.compute_engine", "deploy.config",
    "deploy.doctor", "deploy.endpoints", "deploy.google_apis", "deploy.group", "deploy.parallel", "deploy.prometheus",
    "deploy.registry", "deploy.release", "deploy.report", "deploy.retry", "deploy.rollout", "deploy.rollout_settings",
    "deploy.step_settings",
)  # fmt: skip
_EMULATOR: Final = (
    "emulator", "emulator.api", "emulator.api.methods", "emulator.api.schema", "emulator.control",
    "emulator.environment", "emulator.group", "emulator.seed_import", "emulator.server",
)  # fmt: skip

ARROWS: Final = (
    Arrow("acceptance", ("lib",), "acceptance starts programs; rules of security are the same in its recordings"),
    Arrow("accessory", ("lib",), "rules of security must be the same in accessory and in deploy"),
    Arrow("app", (), "the app is shipped alone: its image holds no other program"),
    Arrow("engine", (), "the engine runs before any package is installed"),
    Arrow("lib", (), "programs ship these packages, so a program imported here would be shipped with the others"),
    Arrow("policy", (), "policy judges files; it starts the programs whose files it judges"),
    Arrow(
        "policy.test_startup",
        ("deploy.release", "policy"),
        "a test may import every program; this test runs startup scripts as deploy rewrites them",
    ),
    Arrow(
        "policy.test_cleanup",
        ("deploy.release", "policy"),
        "a test may import every program; this test compares the cleanup policies with the images that deploy lists",
    ),
    # ci: starts the other programs in containers
    Arrow("ci", ("ci.steps",), "a verb arranges steps, and decides about their outcomes"),
    Arrow("ci.steps", ("ci",), "a step reads the choice of an environment, and raises the errors of ci"),
    Arrow("ci.scripts", (), "these scripts run in containers that hold Python and nothing of ci"),
    # deploy: values and decisions below, effects above them, verbs on top
    Arrow("deploy.errors", (), "every module raises these errors"),
    Arrow("deploy.endpoints", (), "addresses are values"),
    Arrow("deploy.parallel", (), "side-by-side calls depend on nothing that is called"),
    Arrow("deploy.retry", ("deploy.errors",), "a retry raises the error of the last attempt"),
    Arrow("deploy.documents", ("deploy.errors",), "a document that has another shape is an error"),
    Arrow("deploy.settings_model", (), "every part of the settings has this base"),
    Arrow("deploy.step_settings", ("deploy.release", "deploy.settings_model"), "a release records the steps"),
    Arrow(
        "deploy.analysis_settings",
        ("deploy.settings_model", "lib"),
        "the URL of a Prometheus server is checked with the rules for credentials",
    ),
    Arrow(
        "deploy.rollout_settings",
        (
            "deploy.analysis_settings", "deploy.documents", "deploy.release", "deploy.settings_model",
            "deploy.step_settings", "lib",
        ),
        "settings of a rollout are numbers of instances and seconds, and the analysis of each bake",
    ),
    Arrow("deploy.analysis", ("deploy.analysis_settings",), "a value is judged by the limits of the environment"),
    Arrow(
        "deploy.prometheus",
        ("deploy.analysis", "deploy.analysis_settings", "deploy.errors", "deploy.parallel", "deploy.retry", "lib"),
        "the client turns answers into values of an analysis, and retries",
    ),
    Arrow(
        "deploy.config",
        (
            *_VALUES, "deploy.endpoints", "deploy.release", "deploy.rollout_settings", "deploy.settings_model",
            "deploy.step_settings", "lib",
        ),
        "settings are locations and numbers of instances, checked with the rules for addresses, images and credentials",
    ),
    Arrow("deploy.release", (*_VALUES, "lib"), "a release is made of documents; image names are parsed by lib"),
    Arrow(
        "deploy.group",
        (*_VALUES, "deploy.config", "deploy.release", "deploy.rollout_settings", "lib"),
        "a group's state is judged from its documents, its releases and the limits of the environment",
    ),
    Arrow(
        "deploy.compute_engine",
        (*_VALUES, "deploy.config", "deploy.group", "deploy.parallel", "deploy.release", "deploy.retry", "lib"),
        "the client turns answers into documents and observations of a group, and retries",
    ),
    Arrow(
        "deploy.doctor",
        (*_VALUES, "deploy.analysis", "deploy.analysis_settings", "deploy.config", "deploy.group", "deploy.release"),
        "a finding is judged from what was read, by the rules of the group and its releases",
    ),
    Arrow(
        "deploy.google_apis",
        (
            *_VALUES, "deploy.analysis_settings", "deploy.compute_engine", "deploy.config", "deploy.doctor",
            "deploy.group", "deploy.parallel", "deploy.prometheus", "deploy.release", "deploy.retry", "lib",
        ),
        "the readings of doctor come from Compute Engine and from Google's other APIs, by the same errors and retries",
    ),
    Arrow(
        "deploy.registry",
        ("deploy.errors", "deploy.release", "deploy.retry", "lib"),
        "the client looks up image references, and retries",
    ),
    Arrow(
        "deploy.rollout",
        (
            *_VALUES, "deploy.analysis", "deploy.compute_engine", "deploy.config", "deploy.endpoints", "deploy.group",
            "deploy.prometheus", "deploy.release", "deploy.retry", "deploy.rollout_settings", "lib",
        ),
        "a rollout decides with the pure folders, and writes with the client",
    ),
    Arrow(
        "deploy.report",
        (
            *_VALUES, "deploy.analysis", "deploy.config", "deploy.doctor", "deploy.endpoints", "deploy.group",
            "deploy.release", "deploy.rollout", "lib",
        ),
        "a report renders what a rollout, the group's state and the findings were",
    ),
    Arrow("deploy", (*_DEPLOY, "lib"), "a verb connects clients, rollout and report"),
    # emulator: groups are computed, the environment holds them, the API and the control routes change them
    Arrow("emulator.group", (), "how a group changes is computed from its values and a moment"),
    Arrow("emulator.environment", ("emulator.group",), "the environment holds groups, and lets time pass for them"),
    Arrow("emulator.api.schema", ("emulator.api",), "the check of a document raises the errors of the API"),
    Arrow(
        "emulator.api",
        ("emulator.api.schema", "emulator.environment", "emulator.group"),
        "a request is checked against the schema, and reads the environment",
    ),
    Arrow(
        "emulator.api.methods",
        ("emulator.api", "emulator.api.schema", "emulator.environment", "emulator.group"),
        "a method of Compute Engine changes the environment",
    ),
    Arrow(
        "emulator.control",
        ("emulator.api", "emulator.api.methods", "emulator.environment", "emulator.group"),
        "the routes below /emulator/ steer the environment and the faults of the API",
    ),
    Arrow(
        "emulator.server",
        ("emulator", "emulator.api", "emulator.api.methods", "emulator.environment", "emulator.group"),
        "the server turns what arrives at a socket into requests of the API",
    ),
    Arrow(
        "emulator.seed_import",
        ("emulator", "emulator.api.methods", "emulator.api.schema", "emulator.environment", "lib"),
        "a live group is read with the rules of lib for tokens and secrets, and turned into what the API serves",
    ),
    Arrow(
        "emulator",
        (*_EMULATOR, "lib"),
        "the program connects all of them, and writes files as deploy does; no circle of modules may come of it",
    ),
    # tests: support below, and each suite beside the others
    Arrow("tests", (), "no test file is outside the suites"),
    Arrow(
        "tests.architecture",
        ("ci", "tests.mutants"),
        "the rules read files, and import the table of programs and the summary of mutants alone",
    ),
    Arrow("tests.mutants", (), "mutmut runs the tests of deploy in a process of its own"),
    Arrow("tests.support", (), "support starts programs as processes, so that every environment can import it"),
    Arrow("tests.unit.acceptance", ("acceptance", "lib", "tests.support"), "the steps are tested without Google"),
    Arrow("tests.unit.accessory", ("accessory", "lib", "tests.support", "tests.unit.lib"), "accessory contains lib"),
    Arrow("tests.unit.app", ("app", "tests.support"), "the app is tested with fakes of what it calls"),
    Arrow("tests.unit.ci", ("ci", "ci.scripts", "ci.steps", "lib", "tests.support"), "pins are compared with lib"),
    Arrow("tests.unit.deploy", (*_DEPLOY, "lib", "tests.support", "tests.unit.lib"), "deploy contains lib"),
    Arrow(
        "tests.integration.deploy",
        (*_DEPLOY, *_EMULATOR, "lib", "tests.support", "tests.unit.deploy", "tests.unit.emulator", "tests.unit.lib"),
        "deploy is run against an emulator in the same process, and its budget compared with a rollout of the emulator",
    ),
    Arrow("tests.unit.emulator", (*_EMULATOR, "tests.support"), "the emulator is tested alone"),
    Arrow("tests.integration.emulator", (*_EMULATOR, "tests.support"), "the emulator is tested by requests"),
    Arrow("tests.unit.engine", ("engine", "tests.support"), "the engine is tested alone"),
    Arrow("tests.unit.lib", ("lib", "tests.support"), "lib is a leaf"),
    Arrow(
        "tests.contract",
        (*_EMULATOR, "acceptance", "tests.support"),
        "the emulator is compared with Google's clients, and with the exchanges that acceptance has recorded",
    ),
    Arrow("tests.system", ("tests.support",), "fixtures that several folders of tests/system use"),
    Arrow(
        "tests.system.acceptance",
        ("acceptance", "tests.support"),
        "acceptance is started as a process, with a registry; its recordings are read by its own module",
    ),
    Arrow("tests.system.accessory", ("tests.support",), "accessory is started as a process"),
    Arrow("tests.system.loss", ("tests.support", "tests.system.stacks"), "the servers are those of the stacks' tests"),
    Arrow("tests.system.console", ("tests.support",), "the console is opened in a browser"),
    Arrow("tests.system.gcloud", ("tests.support",), "gcloud is started as a process"),
    Arrow("tests.system.images", ("tests.support",), "the provisioner is run as Packer runs it"),
    Arrow(
        "tests.system.processes",
        (
            "deploy.analysis", "deploy.documents", "deploy.errors", "deploy.group", "deploy.prometheus", "deploy.retry",
            "tests.support",
        ),
        "deploy is started as a process; its documents are parsed, and its exit codes named, by deploy's modules; its"
        " client of Prometheus is tried with a real server",
    ),
    Arrow(
        "tests.system.registries",
        ("ci.scripts", "ci.steps", "tests.support"),
        "the scripts of ci push to real registries",
    ),
    Arrow("tests.system.stacks", ("policy", "tests.support"), "Docker starts the stacks, which policy reads too"),
    Arrow(
        "tests.system.terraform",
        ("acceptance", "emulator.api", "policy", "tests.support"),
        "the plan is compared with the emulator's permissions, and prepared as policy and acceptance prepare it",
    ),
    Arrow(
        "tests.e2e",
        ("ci", "ci.scripts", "ci.steps", "policy", "tests.support"),
        "./daggerw is started as a person does; versions and exit codes are named by ci",
    ),
    Arrow(
        "bench",
        ("app", "deploy.release", *_EMULATOR, "lib", "tests.support", "tests.system.loss"),
        "a benchmark measures programs, and shares with the tests their support and the loss laboratory",
    ),
)  # fmt: skip

LONGEST_FILE: Final = 250
