"""The report in a real browser: headless Chromium, driven by Selenium."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from parity.model import Kind, Outcome
from parity.model.evidence import (
    CheckEvent,
    DifferenceFact,
    EvidenceWriter,
    ExchangeFact,
    Header,
    NoticeEvent,
    read_evidence,
)
from parity.report import write_report

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
PAYLOAD = "</script></pre>\"'><script>document.title='owned'</script><img src=x onerror='owned=1'>"

# Contrast of every visible text with what is behind it, by the formula of WCAG 2.
FAINT_TEXT = """
const channels = colour => colour.match(/[\\d.]+/g).map(Number);
const light = colour => {
  const [r, g, b] = channels(colour).slice(0, 3).map(c => c / 255)
    .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const behind = element => {
  for (let each = element; each; each = each.parentElement) {
    const colour = getComputedStyle(each).backgroundColor;
    const alpha = channels(colour)[3];
    if (alpha === undefined || alpha === 1) return colour;
  }
  return 'rgb(255, 255, 255)';
};
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
const faint = [];
let seen = 0;
while (walker.nextNode()) {
  const element = walker.currentNode.parentElement;
  if (!walker.currentNode.data.trim() || !element.checkVisibility()) continue;
  seen += 1;
  const [a, b] = [light(getComputedStyle(element).color), light(behind(element))];
  const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  if (contrast < 4.5) faint.push([contrast, walker.currentNode.data.trim()]);
}
return [seen, faint];
"""


class Browser:
    """A Chromium with the page's size and colours under control."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self.driver = driver

    def open(self, page: Path, *, width: int = 1280, dark: bool = False) -> None:
        """Open a page at a width in CSS pixels; below 500 as a phone does."""
        self.driver.get("about:blank")
        self.drain()
        size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
        self.driver.get(page.as_uri())

    def run(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def open_details(self) -> None:
        self.run("document.querySelectorAll('details').forEach(each => { each.open = true; })")

    def console(self) -> list[Any]:
        return list(self.driver.get_log("browser"))  # type: ignore[no-untyped-call]

    def requests(self) -> list[str]:
        """Return the URLs that were asked for since the last call or :meth:`open`."""
        entries = self.driver.get_log("performance")  # type: ignore[no-untyped-call]
        messages = [json.loads(each["message"])["message"] for each in entries]
        return [
            each["params"]["request"]["url"]
            for each in messages
            if each["method"] == "Network.requestWillBeSent"
        ]

    def drain(self) -> None:
        self.console()
        self.requests()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    if chromium is None or driver is None:
        pytest.skip(HOW)
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    started = webdriver.Chrome(options=options, service=Service(driver))
    try:
        yield Browser(started)
    finally:
        started.quit()


@pytest.fixture(scope="module")
def page(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "report.html"
    write_report(sample, path)
    return path


@pytest.fixture(scope="module")
def hostile_page(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    endless = f"{PAYLOAD}{'W' * 4000}"
    header = read_evidence(sample).header
    head = Header(endless, header.started_at, endless, 1, (endless,), header.targets)
    sent = {endless: endless}
    exchange = ExchangeFact(endless, endless, sent, endless, 200, sent, endless, 1.0, endless)
    difference = DifferenceFact(endless, Kind.VALUE, endless, [endless], endless, endless)
    with EvidenceWriter(folder / "evidence.jsonl", head) as writer:
        writer.write(NoticeEvent("warning", "hosted", endless))
        for number, outcome in enumerate(Outcome):
            writer.check(
                CheckEvent(
                    id=f"{number}{endless}",
                    nodeid=f"{number}{endless}",
                    target="hosted",
                    area=endless,
                    level="must",
                    effect="reads",
                    spec=(endless,),
                    title=endless,
                    outcome=outcome,
                    reason=endless,
                    differences=(difference,),
                    exchanges=(exchange,),
                )
            )
    write_report(folder / "evidence.jsonl", folder / "report.html")
    return folder / "report.html"


def test_the_page_opens_without_a_word_on_the_console(browser: Browser, page: Path) -> None:
    browser.open(page)

    assert browser.run("return document.querySelector('h1').textContent.trim()") == "Fail"
    assert browser.console() == []


def test_the_page_asks_for_nothing_else(browser: Browser, page: Path) -> None:
    browser.open(page)
    browser.open_details()

    resources = browser.run("return performance.getEntriesByType('resource').map(e => e.name)")
    asked = browser.requests()
    assert [each for each in resources if not each.startswith("data:")] == []
    assert page.as_uri() in asked
    assert [each for each in asked if each != page.as_uri() and not each.startswith("data:")] == []


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
@pytest.mark.parametrize("kind", ["sample", "hostile"])
def test_no_width_scrolls_sideways(
    browser: Browser, page: Path, hostile_page: Path, width: int, kind: str
) -> None:
    browser.open(page if kind == "sample" else hostile_page, width=width)
    browser.open_details()

    wide, room, inner = browser.run(
        "const e = document.documentElement;"
        "return [e.scrollWidth, e.clientWidth, window.innerWidth]"
    )
    assert wide <= room
    assert inner <= width, "the layout must not be wider than the phone"


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_background(
    browser: Browser, page: Path, width: int, scheme: str
) -> None:
    browser.open(page, width=width, dark=scheme == "dark")
    browser.open_details()

    seen, faint = browser.run(FAINT_TEXT)

    assert seen > 1000
    assert faint == []


def test_dark_is_dark_and_light_is_light(browser: Browser, page: Path) -> None:
    colours = []
    for dark in (False, True):
        browser.open(page, dark=dark)
        colours.append(browser.run("return getComputedStyle(document.body).backgroundColor"))

    assert colours == ["rgb(255, 255, 255)", "rgb(15, 19, 24)"]


@pytest.mark.parametrize("width", [390, 1280])
def test_every_failures_repeat_line_is_visible(
    browser: Browser, page: Path, sample: Path, width: int
) -> None:
    wanted = [
        exchange.repeat
        for check in read_evidence(sample).checks
        if check.outcome in {Outcome.FAIL, Outcome.ERROR}
        for exchange in check.exchanges
    ]
    browser.open(page, width=width)

    shown = browser.run(
        "return [...document.querySelectorAll('.repeat code')]"
        ".filter(e => e.checkVisibility() && e.getBoundingClientRect().height > 0)"
        ".map(e => e.textContent)"
    )

    assert len(wanted) == 8
    assert sorted(shown) == sorted(wanted)


def test_every_link_leads_to_its_place(browser: Browser, page: Path) -> None:
    browser.open(page)

    total, lost = browser.run(
        "const links = [...document.querySelectorAll('a[href^=\"#\"]')];"
        "const lost = links.filter(link => {"
        "  link.click();"
        "  const goal = document.getElementById(link.hash.slice(1));"
        "  const box = goal && goal.getBoundingClientRect();"
        "  return !box || !box.height || box.top > innerHeight || box.bottom < 0;"
        "});"
        "return [links.length, lost.map(each => each.hash)]"
    )

    assert total >= 30
    assert lost == []


def test_scripts_in_evidence_do_not_run(browser: Browser, hostile_page: Path) -> None:
    browser.open(hostile_page)
    browser.open_details()

    owned, scripts, images = browser.run(
        "return [window.owned === 1, document.scripts.length, document.images.length]"
    )

    assert (owned, scripts, images) == (False, 0, 0)
    assert browser.driver.title != "owned"
    assert browser.console() == [], "the policy had nothing to block"


def test_tables_keep_their_roles_on_a_phone(browser: Browser, page: Path) -> None:
    browser.open(page, width=390)
    tree = browser.driver.execute_cdp_cmd("Accessibility.getFullAXTree", {})
    roles = [each["role"]["value"] for each in tree["nodes"] if "role" in each]

    assert roles.count("table") >= 3
    assert roles.count("columnheader") >= 9
    assert roles.count("rowheader") >= 7 + 3 + 10


def test_printing_gives_pages_in_light_colours(browser: Browser, page: Path) -> None:
    browser.open(page, dark=True)
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})

    background, nav = browser.run(
        "return [getComputedStyle(document.body).backgroundColor,"
        " getComputedStyle(document.querySelector('nav')).display]"
    )
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})

    assert (background, nav) == ("rgb(255, 255, 255)", "none")
