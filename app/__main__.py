"""`python -m app`: settings, logs, server. Exit code 78 (EX_CONFIG): wrong environment variables."""

import signal
import sys

# The first process of a container gets no signal without a handler, and the imports below take a second.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))

# ruff: noqa: E402
from app.logs import configure_logs, log_file
from app.memory import return_freed_memory
from app.server import serve
from app.settings import SettingsError, read_settings


def main() -> int:
    """Run the server until its end, and return the exit code."""
    try:
        settings = read_settings()
    except SettingsError as error:
        print(f"ai-server: wrong environment variables:\n{error}", file=sys.stderr)
        return 78
    return_freed_memory()
    configure_logs(settings.app_env, log_file(settings.app_env), settings.secrets())
    serve(settings)
    return 0


if __name__ == "__main__":
    sys.exit(main())
