"""What a person could not read on the console: texts beyond the page, over each other, or without contrast."""

from pathlib import Path
from typing import Any, Final

from selenium.webdriver import Chrome

_SCRIPT: Final = (Path(__file__).parent / "layout.js").read_text()


class Layout:
    """
    The layout of the page that a browser shows.

    Args:
        driver: browser.
    """

    def __init__(self, driver: Chrome) -> None:
        self._driver = driver

    def emulate(self, width: int, scheme: str = "light") -> None:
        """Give the page a width in pixels, and the colour scheme `light` or `dark`."""
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        self._driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self._driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def reset(self) -> None:
        """Return to the size of the window, and the light scheme."""
        self._driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        self._driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})

    def overflows(self) -> list[str]:
        """Return the elements that need scrolling to the side."""
        return self._call("overflows")

    def overlaps(self) -> list[str]:
        """Return the labels of the drawing that overlap, or leave it."""
        return self._call("overlaps")

    def faint_texts(self) -> list[str]:
        """Return the texts whose contrast is too low."""
        return self._call("faint")

    def background(self) -> Any:
        """Return the colour behind the page."""
        return self._driver.execute_script("return getComputedStyle(document.body).backgroundColor")

    def _call(self, function: str) -> list[str]:
        found: list[str] = self._driver.execute_script(f"{_SCRIPT}\nreturn {function}();")
        return found
