"""An accessory for tests."""

from accessory.config import Accessory, Ready

DIGEST = "sha256:" + "0" * 64
CHROMA = Accessory(
    vm="dojangkok-dev-chromadb",
    state="/var/lib/dojangkok",
    image="docker.io/chromadb/chroma:1.0.0",
    ready=(Ready(url="http://127.0.0.1:8100/api/v2/heartbeat"),),
    free_gib=0.5,
    pull_s=600,
    ready_s=120,
    data="/data",
)
