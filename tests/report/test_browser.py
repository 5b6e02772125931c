"""What only the report has, in a real browser; for every page see tests/html/test_pages.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from parity.model import Outcome
from parity.model.evidence import read_evidence
from parity.report import write_report
from tests.browser import Browser


@pytest.fixture(scope="module")
def page(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "report.html"
    write_report(sample, path)
    return path


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
