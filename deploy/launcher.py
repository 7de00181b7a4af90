"""Starts the installed program: in the wheel, this module is `mig_deploy.__main__`, beside the folder `programs`."""

import sys
from pathlib import Path


def main() -> None:
    """Run the command line."""
    sys.path.insert(0, str(Path(__file__).with_name("programs")))
    from deploy.__main__ import main as run  # noqa: PLC0415 - found by the path above

    run()


if __name__ == "__main__":
    main()
