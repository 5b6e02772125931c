"""A real browser for tests of pages: headless Chromium, driven by Selenium. A pytest plugin."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)
HOW = "needs Chromium and its driver: apt-get install chromium chromium-driver"


class Browser:
    """A Chromium with the page's size and colours under control."""

    def __init__(self, driver: Chrome) -> None:
        self.driver = driver

    def open(self, page: Path, *, width: int = 1280, dark: bool = False) -> None:
        """Open a page at a width in CSS pixels; below 500 as a phone does."""
        self.driver.get("about:blank")
        self.drain()
        size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
        # A window of a headless browser need not be the active one, and then shows no focus.
        self.driver.execute_cdp_cmd("Emulation.setFocusEmulationEnabled", {"enabled": True})
        self.driver.get(page.as_uri())

    def run(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def wait(self, script: str, *arguments: Any) -> Any:
        """Run a script that calls its last argument with its result."""
        return self.driver.execute_async_script(script, *arguments)

    def press_tab(self, times: int) -> None:
        """Press the tabulator as a person does."""
        from selenium.webdriver import ActionChains, Keys  # noqa: PLC0415 - only where a page is

        chain = ActionChains(self.driver, duration=0)
        for _ in range(times):
            chain.send_keys(Keys.TAB)
        chain.perform()

    def open_details(self) -> None:
        self.run("document.querySelectorAll('details').forEach(each => { each.open = true; })")

    def console(self) -> list[Any]:
        return list(self.driver.get_log("browser"))  # type: ignore[no-untyped-call]

    def requests(self) -> list[str]:
        """Return the URLs that were asked for since the last call or :meth:`open`."""
        entries = self.driver.get_log("performance")  # type: ignore[no-untyped-call]
        messages = [json.loads(entry["message"])["message"] for entry in entries]
        return [
            message["params"]["request"]["url"]
            for message in messages
            if message["method"] == "Network.requestWillBeSent"
        ]

    def drain(self) -> None:
        self.console()
        self.requests()


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One browser for all tests of a process; the test is skipped where there is none."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    found = shutil.which("chromedriver")
    if chromium is None or found is None:
        pytest.skip(HOW)
    from selenium import webdriver  # noqa: PLC0415 - slow, and only these tests need it
    from selenium.webdriver.chrome.service import Service  # noqa: PLC0415

    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(found))
    driver.set_script_timeout(120)
    try:
        yield Browser(driver)
    finally:
        driver.quit()
