"""The dossier in a real browser: headless Chromium, driven by Selenium."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from parity.dossier import dossier_page
from tests.dossier.rich import HOSTILE, dossier, rich
from tests.report.test_browser import FAINT_TEXT, FLAGS, HOW, Browser

LONG = HOSTILE + "a_name_that_does_not_end_" * 20 + "W" * 400


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
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dossier")
    made = dossier(rich(folder / "reports", LONG))
    path = folder / "dossier.html"
    path.write_text(
        dossier_page(made, "sha256:" + "0" * 64, {"run-suites": "run-suites/report.html"}),
        encoding="utf-8",
    )
    return path


def test_the_page_runs_nothing_asks_for_nothing_and_does_not_complain(
    browser: Browser, page: Path
) -> None:
    browser.open(page)
    browser.open_details()
    asked = browser.requests()
    assert browser.console() == []
    assert [e for e in asked if e != page.as_uri() and not e.startswith("data:")] == []
    assert browser.run("return document.scripts.length + document.images.length") == 0
    assert "owned" not in browser.driver.title


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_no_width_scrolls_sideways(browser: Browser, page: Path, width: int) -> None:
    browser.open(page, width=width)
    browser.open_details()
    wide, room = browser.run(
        "const e = document.documentElement; return [e.scrollWidth, e.clientWidth]"
    )
    assert wide <= room


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_background(
    browser: Browser, page: Path, scheme: str, width: int
) -> None:
    browser.open(page, width=width, dark=scheme == "dark")
    browser.open_details()
    seen, faint = browser.run(FAINT_TEXT)
    assert seen > 300
    assert faint == []


def test_every_link_and_label_leads_to_its_place(browser: Browser, page: Path) -> None:
    browser.open(page)
    links, lost, twice = browser.run(
        "const ids = [...document.querySelectorAll('[id]')].map(e => e.id);"
        "const wanted = [...document.querySelectorAll('a[href^=\"#\"]')].map(e => e.hash.slice(1))"
        "  .concat([...document.querySelectorAll('[aria-labelledby]')]"
        "    .map(e => e.getAttribute('aria-labelledby')));"
        "return [wanted.length, wanted.filter(e => !ids.includes(e)),"
        "  ids.filter((e, n) => ids.indexOf(e) !== n)]"
    )
    assert links > 10
    assert (lost, twice) == ([], [])


def test_headings_do_not_leave_out_a_level(browser: Browser, page: Path) -> None:
    browser.open(page)
    levels = browser.run(
        "return [...document.querySelectorAll('h1,h2,h3,h4,h5')].map(e => +e.tagName[1])"
    )
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_tables_keep_their_roles_on_a_phone(browser: Browser, page: Path) -> None:
    browser.open(page, width=390)
    tree = browser.driver.execute_cdp_cmd("Accessibility.getFullAXTree", {})
    roles = [each["role"]["value"] for each in tree["nodes"] if "role" in each]
    assert roles.count("table") >= 10
    assert roles.count("rowheader") >= 12


def test_on_paper_tables_are_whole_and_links_are_spelt_out(browser: Browser, page: Path) -> None:
    browser.open(page, width=680, dark=True)
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    shown = browser.run(
        "const style = (e, s, p) => getComputedStyle(document.querySelector(e), p)[s];"
        "return [style('body', 'backgroundColor'), style('nav', 'display'),"
        "  style('.grid tr', 'display'), style('.grid tr', 'breakInside'),"
        "  style('.grid thead', 'display'),"
        "  style('a[href=\"run-suites/report.html\"]', 'content', '::after')]"
    )
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    assert shown[:5] == ["rgb(255, 255, 255)", "none", "table-row", "avoid", "table-header-group"]
    assert "run-suites/report.html" in shown[5]
