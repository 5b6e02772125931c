"""The dossier on paper and in tables; tests/html/test_pages.py looks at all the rest of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser import Browser
from tests.dossier.pages import PAGES


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return PAGES["troubled"](tmp_path_factory.mktemp("dossier"))


@pytest.fixture
def paper(browser: Browser, page: Path) -> Iterator[Browser]:
    """The page as wide as A4 within its margins, about to be printed from a dark screen."""
    browser.open(page, width=687, dark=True)
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    yield browser
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def test_tables_keep_their_roles_on_a_phone(browser: Browser, page: Path) -> None:
    browser.open(page, width=390)
    tree = browser.driver.execute_cdp_cmd("Accessibility.getFullAXTree", {})
    roles = [each["role"]["value"] for each in tree["nodes"] if "role" in each]
    assert roles.count("table") >= 10
    assert roles.count("rowheader") >= 12


def test_on_paper_rows_are_whole_and_headings_are_repeated(paper: Browser) -> None:
    shown = paper.run(
        "const style = (e, s) => getComputedStyle(document.querySelector(e))[s];"
        "return [style('body', 'backgroundColor'), style('nav', 'display'),"
        "  style('.grid tr', 'display'), style('.grid tr', 'breakInside'),"
        "  style('.grid thead', 'display')]"
    )
    assert shown == ["rgb(255, 255, 255)", "none", "table-row", "avoid", "table-header-group"]


def test_on_paper_links_are_spelt_out(paper: Browser) -> None:
    shown = paper.run(
        "const link = document.querySelector('a[href$=\"report.html\"]');"
        "return getComputedStyle(link, '::after').content"
    )
    assert "reports/run-suites/report.html" in shown


def test_nothing_is_wider_than_the_paper(paper: Browser) -> None:
    wide, room = paper.run(
        "const e = document.documentElement; return [e.scrollWidth, e.clientWidth]"
    )
    assert wide <= room
