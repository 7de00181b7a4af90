"""The measurements of bench/, by their names, with the project whose environment each runs in."""

from typing import Final

BENCHES: Final = {
    "app": ".", "app_image": ".", "app_redaction": ".", "deploy": "ci", "deploy_start": "deploy",
    "emulator": "emulator", "loss": "ci", "mentions": "deploy", "redaction": "deploy", "scale": "ci", "surge": "ci",
}  # fmt: skip
