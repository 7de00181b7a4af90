"""
`docs/ai-server.openapi.json`: the API's description, for whoever calls it.

    .venv/bin/python -m tests.unit.app.description
"""

import json
from pathlib import Path
from typing import Final

from app.health import Readiness
from app.jobs import Jobs
from app.main import create_app
from tests.unit.app.conftest import settings

FILE: Final = Path(__file__).parents[3] / "docs/ai-server.openapi.json"


def description() -> str:
    """What the application says of itself."""
    app = create_app(settings(), Readiness(), Jobs())
    return json.dumps(app.openapi(), ensure_ascii=False, indent=2) + "\n"


if __name__ == "__main__":
    FILE.write_text(description(), encoding="utf-8")
