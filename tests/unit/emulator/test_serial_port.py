"""Serial port output of an instance."""

from emulator.api.serial_port import images


def test_image_references_come_in_order_each_once() -> None:
    """References by digest and by tag are listed in the order of the script; URLs are left out."""
    by_digest = "a.pkg.dev/p/r/app@sha256:" + "0" * 64
    script = by_digest + "\nprom/node-exporter:v1.9.0\nhttps://x/y\nprom/node-exporter:v1.9.0"
    assert images(script) == [by_digest, "prom/node-exporter:v1.9.0"]
