"""What only the dossier has, in a real browser; for every page see tests/html/test_pages.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser import Browser
from tests.dossier.pages import PAGES


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return PAGES["troubled"](tmp_path_factory.mktemp("dossier"))


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
