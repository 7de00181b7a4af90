"""A Flask service: `flask --app server run` while you write it, `waitress-serve` in the image."""

import flask

app = flask.Flask(__name__)


@app.get("/")
def greet() -> str:
    """Greet the world."""
    return "Hello, world!\n"


@app.get("/healthz")
def health() -> str:
    """Answer while the process serves."""
    return "ok\n"
