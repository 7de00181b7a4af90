"""
A stand-in for ChromaDB or vLLM, whose answers and treatment of the data /release.json sets.

    port    port of the server
    routes  text of the answer for each path
    bearer  key without which /v1 answers 401
    schema  schema of the data: older data are migrated to this schema, newer data are refused
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
