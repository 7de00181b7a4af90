"""Which modules perform no effect, and which may use a client of another system; `test_layers.py` checks both."""

from typing import Final

_NETWORK: Final = "a decision that reads the network cannot be tested with values, and may differ at the second call"
_CLOCK: Final = "deadlines are judged by the time that is passed in, which is the server's"
_PROCESS: Final = "a decision depends on its arguments alone, not on this process"
PURE: Final = (
    "deploy.analysis", "deploy.analysis_settings", "deploy.config", "deploy.doctor", "deploy.documents",
    "deploy.endpoints", "deploy.errors", "deploy.group", "deploy.prometheus.query", "deploy.release",
    "deploy.rollout.abort_plan", "deploy.rollout.deploy_plan", "deploy.rollout.plan", "deploy.rollout.promote_plan",
    "deploy.rollout.reconcile_plan", "deploy.rollout.rollback_plan", "deploy.rollout.step_plan",
    "deploy.rollout.wait_plan", "deploy.rollout.watch_state",
    "deploy.rollout_settings", "deploy.settings_model", "deploy.step_settings", "emulator.group",
)  # fmt: skip
EFFECTS: Final = {
    "httpx": _NETWORK, "httpcore": _NETWORK, "socket": _NETWORK, "ssl": _NETWORK, "google": _NETWORK,
    "tenacity": _NETWORK, "time": _CLOCK, "random": _PROCESS, "os": _PROCESS, "signal": _PROCESS,
    "subprocess": _PROCESS, "threading": _PROCESS,
    "deploy.compute_engine": _NETWORK, "deploy.google_apis": _NETWORK, "deploy.registry": _NETWORK,
    "deploy.prometheus": _NETWORK, "deploy.rollout": _NETWORK, "deploy.report": _NETWORK,
}  # fmt: skip

CLIENTS: Final = {
    "dagger": (("ci", "tests.unit.ci", "tests.e2e"), "only the pipeline needs an engine"),
    "google": (
        ("lib", "deploy.compute_engine.login", "emulator.api.schema.generate", "tests"),
        "of Google's packages deploy and accessory use the login alone: typed messages of its API drop unknown fields",
    ),
    "googleapiclient": ((), "deploy speaks REST over httpx, and reads every field that Compute Engine sends"),
}
