"""The environment of the tests, and the digests of their releases."""

from typing import Final

from deploy.config import Config
from deploy.rollout_settings import RolloutSettings

REPOSITORY: Final = "asia-northeast3-docker.pkg.dev/dojangkok-dev/dojangkok-ai/ai-server"
GROUP: Final = "projects/dojangkok-dev/zones/asia-northeast3-a/instanceGroupManagers/dojangkok-dev-ai-server-mig"
CONFIG: Final = Config(
    project="dojangkok-dev",
    zone="asia-northeast3-a",
    group="dojangkok-dev-ai-server-mig",
    repository=REPOSITORY,
    other_services={9080: "promtail", 9100: "node-exporter", 12345: "alloy"},
    # A rollout lasts 300 s of the emulator's time and more; at the default poll it takes four times the processor time.
    rollout=RolloutSettings(poll_s=(10.0, 10.0)),
)


def digest(letter: str) -> str:
    """Return the digest of a release that a test names by one letter, 0-9 or a-f."""
    return f"sha256:{letter * 64}"
