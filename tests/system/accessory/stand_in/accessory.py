"""
Plays ChromaDB or vLLM, as /release.json says: what it answers, and how it treats the data.

    port    where it listens
    routes  path to the text of its answer
    bearer  key without which /v1 answers 401
    schema  of the data: like a real database it moves them up to its own, and does not read newer ones
"""

import json
import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

RELEASE = json.loads(Path("/release.json").read_text())


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        text = RELEASE["routes"].get(self.path)
        is_open = not self.path.startswith("/v1/") or self.headers["Authorization"] == f"Bearer {RELEASE['bearer']}"
        self.send_response(404 if text is None else 200 if is_open else 401)
        self.end_headers()
        self.wfile.write((text or "").encode() if is_open else b"")

    def log_message(self, *_: object) -> None:
        pass


signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
print("key", os.environ.get("VLLM_API_KEY"), "image", RELEASE["name"], flush=True)
if "schema" in RELEASE:
    schema = Path("/data/schema")
    written = int(schema.read_text()) if schema.exists() else 0
    if written > RELEASE["schema"]:
        sys.exit(f"schema {written} is newer than {RELEASE['schema']}")
    schema.write_text(str(RELEASE["schema"]))
ThreadingHTTPServer(("127.0.0.1", RELEASE["port"]), Handler).serve_forever()
