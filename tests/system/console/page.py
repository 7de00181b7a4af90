"""The console in a browser: its content, and the actions of a person."""

import json
from typing import Any

from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from tests.support.emulator import GROUP
from tests.support.waiting import wait_until

_PATIENCE_S = 30


class Page:
    """The console in a browser."""

    def __init__(self, driver: Chrome) -> None:
        self.driver = driver

    def open(self, address: str) -> None:
        """Go to an address, and wait until a group is drawn there."""
        self.driver.get(address)
        wait_until(lambda: self.text("path").endswith(GROUP))

    def find(self, id_: str) -> Any:
        """Return an element by its id."""
        return self.driver.find_element(By.ID, id_)

    def text(self, id_: str) -> str:
        """Return the visible text of an element, read in one go: the live page replaces what it shows."""
        return str(self.driver.execute_script("return document.getElementById(arguments[0]).innerText", id_)).replace(
            "\xa0", " "
        )

    def wait(self, condition: Any) -> None:
        """Wait until a condition holds."""
        WebDriverWait(self.driver, _PATIENCE_S, 0.1).until(lambda _: condition())

    def boxes(self, **data: str) -> list[dict[str, str]]:
        """Return the data of boxes on the timeline whose data includes this."""
        boxes: list[dict[str, str]] = self.driver.execute_script(
            "return [...document.querySelectorAll('#lanes g[class]')].map(box => ({...box.dataset}))"
        )
        return [box for box in boxes if data.items() <= box.items()]

    def instances(self, *columns: int) -> set[tuple[str, ...]]:
        """Return columns of the table of instances: 0 name, 1 zone, 2 release or template, 3 state, 9 boot."""
        rows: list[list[str]] = self.driver.execute_script(
            "return [...document.querySelectorAll('#instances tbody tr')].map(row => [...row.cells].map(cell =>"
            " (cell.querySelector('.name') || cell).textContent))"
        )
        return {tuple(row[column].replace("\xa0", " ") for column in columns) for row in rows}

    def select(self, id_: str, value: str) -> None:
        """Choose a value of a list."""
        self._change(id_, value, "change")

    def scrub(self, value: int) -> None:
        """Show a moment of the timeline: 0 is its beginning, 200 its end."""
        self._change("scrub", str(value), "input")

    def _change(self, id_: str, value: str, event: str) -> None:
        script = "const [id, value, event] = arguments, element = document.getElementById(id); element.value = value;"
        self.driver.execute_script(f"{script} element.dispatchEvent(new Event(event))", id_, value, event)

    def requests(self) -> list[str]:
        """Return the addresses that the page has requested since the last call."""
        events = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]  # type: ignore[no-untyped-call]
        urls = [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]
        return [url for url in urls if not url.startswith(("chrome:", "data:"))]  # the browser's first, empty tab

    def forget(self) -> None:
        """Drop what earlier pages have logged and stored."""
        self.driver.delete_all_cookies()
        for log in ("browser", "performance"):
            self.driver.get_log(log)  # type: ignore[no-untyped-call]

    def complaints(self) -> list[str]:
        """Return the messages of the browser's own console."""
        return [entry["message"] for entry in self.driver.get_log("browser")]  # type: ignore[no-untyped-call]
