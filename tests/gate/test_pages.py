"""The pages of gate and board in a real browser: headless Chromium, driven by Selenium."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from parity.gate import board, load_steps, read_result
from parity.gate.page import board_page, gate_page
from parity.gate.rules import Decision, Waiver
from parity.model import Outcome
from parity.model.evidence import NoticeEvent
from tests.gate.world import check, entry, waiver, world
from tests.report.test_browser import FAINT_TEXT, FLAGS, HOW, Browser

LONG = "suites/objects/test_x.py::test_" + "a_name_that_does_not_end_" * 20 + "W" * 400
PAYLOAD = f"</style><script>document.title='owned'</script><img src=x onerror='owned=1'>{LONG}"


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
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The two pages of a migration in which everything happened that can, and hostile names."""
    folder = tmp_path_factory.mktemp("gate")
    w = world(folder, "11")
    suites = w.specs["suites"].events
    suites.append(check(PAYLOAD, area="objects", outcome=Outcome.FAIL))
    suites.append(check("k", area="objects", outcome=Outcome.KNOWN_DIFFERENCE, known="KD-0203"))
    suites.append(entry("KD-0203", "breaking"))
    w.specs["verify"].events.append(NoticeEvent("error", None, PAYLOAD))
    w.specs["audit"].age_days = 12
    w.specs["replay"].digests["options"] = "sha256:" + "f" * 400
    del w.specs["size"]
    w.allow(
        waivers=(Waiver("sizing", PAYLOAD, PAYLOAD, "2026-08-31"), waiver("preflight")),
        decisions=(Decision(4, "Bob", "2026-07-30", PAYLOAD, "not applicable"),),
        schedule={1: dt.date(2026, 7, 1), 12: dt.date(2026, 9, 1)},
    )
    w.override("8", "replay", max_age_days=14)
    result = w.judge()
    results = {"8": read_result(folder / "gate-8.json", "8")}
    steps = board(load_steps(w.file), w.now(), results)
    (folder / "gate.html").write_text(gate_page(result), encoding="utf-8")
    board_text = board_page(steps, result.judged_at)
    (folder / "board.html").write_text(board_text, encoding="utf-8")
    return {name: folder / f"{name}.html" for name in ("gate", "board")}


@pytest.mark.parametrize("name", ["gate", "board"])
def test_a_page_runs_nothing_asks_for_nothing_and_does_not_complain(
    browser: Browser, pages: dict[str, Path], name: str
) -> None:
    browser.drain()
    browser.open(pages[name])
    browser.open_details()
    asked = browser.requests()
    assert browser.console() == []
    assert [e for e in asked if e != pages[name].as_uri() and not e.startswith("data:")] == []
    assert browser.run("return document.scripts.length + document.images.length") == 0
    assert "owned" not in browser.driver.title


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
@pytest.mark.parametrize("name", ["gate", "board"])
def test_no_width_scrolls_sideways(
    browser: Browser, pages: dict[str, Path], name: str, width: int
) -> None:
    browser.open(pages[name], width=width)
    browser.open_details()
    wide, room = browser.run(
        "const e = document.documentElement; return [e.scrollWidth, e.clientWidth]"
    )
    assert wide <= room


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["gate", "board"])
def test_text_stands_out_from_its_background(
    browser: Browser, pages: dict[str, Path], name: str, scheme: str, width: int
) -> None:
    browser.open(pages[name], width=width, dark=scheme == "dark")
    browser.open_details()
    seen, faint = browser.run(FAINT_TEXT)
    assert seen > 100
    assert faint == []


@pytest.mark.parametrize("name", ["gate", "board"])
def test_every_link_and_label_leads_to_its_place(
    browser: Browser, pages: dict[str, Path], name: str
) -> None:
    browser.open(pages[name])
    links, lost, twice = browser.run(
        "const ids = [...document.querySelectorAll('[id]')].map(e => e.id);"
        "const wanted = [...document.querySelectorAll('a[href^=\"#\"]')].map(e => e.hash.slice(1))"
        "  .concat([...document.querySelectorAll('[aria-labelledby]')]"
        "    .map(e => e.getAttribute('aria-labelledby')));"
        "return [wanted.length, wanted.filter(e => !ids.includes(e)),"
        "  ids.filter((e, n) => ids.indexOf(e) !== n)]"
    )
    assert links > 20
    assert (lost, twice) == ([], [])
