"""What an operator's dashboard counts, beside the requests, which the instrumentator counts."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

JOBS: Final = Gauge("ai_jobs", "Jobs by product and state: working, or delivering its callback.", ["product", "state"])
JOBS_ENDED: Final = Counter(
    "ai_jobs_ended",
    "Jobs by product and outcome: done, failed, handed_back, abandoned by its caller.",
    ["product", "outcome"],
)
CALLBACKS: Final = Counter("ai_callbacks", "Callbacks by outcome: delivered, or failed after every retry.", ["outcome"])
OUTBOUND: Final = Counter(
    "ai_outbound_calls", "Calls of other services, retries too, by outcome.", ["destination", "outcome"]
)
OUTBOUND_SECONDS: Final = Histogram(
    "ai_outbound_call_seconds",
    "How long a call of another service took, by destination.",
    ["destination"],
    buckets=(0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300),
)
CIRCUIT_OPEN: Final = Gauge(
    "ai_circuit_open", "1 while a destination is not asked, because it failed.", ["destination"]
)
CHROMADB_UP: Final = Gauge("ai_chromadb_up", "1 if ChromaDB's last heartbeat was answered.")
DRAINING: Final = Gauge("ai_draining", "1 from the first SIGTERM on.")
