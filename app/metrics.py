"""Metrics of the server, in addition to those of requests by the instrumentator."""

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
    "ai_outbound_calls", "Calls of other services, including retries, by outcome.", ["destination", "outcome"]
)
OUTBOUND_SECONDS: Final = Histogram(
    "ai_outbound_call_seconds",
    "Seconds of a call of another service, by destination.",
    ["destination"],
    buckets=(0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300),
)
CIRCUIT_OPEN: Final = Gauge("ai_circuit_open", "1 while a destination is not called after failures.", ["destination"])
CHROMADB_UP: Final = Gauge("ai_chromadb_up", "1 if ChromaDB answered the last heartbeat.")
LOOP_LAG: Final = Gauge(
    "ai_loop_lag_seconds", "How late the event loop runs its callbacks; requests are refused above 0.1."
)
DRAINING: Final = Gauge("ai_draining", "1 after the first SIGTERM.")
