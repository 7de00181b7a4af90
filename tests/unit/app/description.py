"""
`docs/ai-server.openapi.json`: the description of the API for its callers.

    .venv/bin/python -m tests.unit.app.description
"""

import json
from pathlib import Path
from typing import Final

from app.jobs import JobPolicy, Jobs
from app.main import create_app
from app.policies import Policies
from app.readiness import Readiness
from tests.unit.app.app_environment import fake_settings

FILE: Final = Path(__file__).parents[3] / "docs/ai-server.openapi.json"


def description() -> str:
    """Return the OpenAPI document of the application."""
    app = create_app(fake_settings(), Policies(), Readiness(), Jobs(JobPolicy()))
    return json.dumps(app.openapi(), ensure_ascii=False, indent=2) + "\n"


if __name__ == "__main__":
    FILE.write_text(description(), encoding="utf-8")
