"""Every page of the project in a real browser: wide and narrow, light and dark, by keyboard."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import jinja2
import pytest

from parity.html import pages as html_pages
from tests.browser import Browser
from tests.looks import (
    alone,
    axe,
    faint,
    headings,
    keyboard,
    links,
    overlaps,
    registered,
    sights,
    too_wide,
)

PAGES = registered()
ROOT = Path(html_pages.__file__).parents[1]
VARIANTS = [(1280, "light"), (390, "dark"), (1280, "dark"), (390, "light")]
Made = Callable[[str], Path]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Makes a page when it is first asked for."""
    found: dict[str, Path] = {}

    def make(name: str) -> Path:
        if name not in found:
            found[name] = PAGES[name](tmp_path_factory.mktemp(name))
        return found[name]

    return make


@pytest.mark.parametrize(("width", "scheme"), VARIANTS)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_fit_to_be_read(
    browser: Browser, made: Made, name: str, width: int, scheme: str
) -> None:
    browser.open(made(name), width=width, dark=scheme == "dark")
    browser.open_details()

    assert sights(browser, width) == []
    # Both widths and both schemes are in these two; axe takes seconds a page.
    if (width, scheme) in VARIANTS[:2]:
        assert axe(browser, contrast=scheme == "light") == []


@pytest.mark.parametrize("width", [320, 768])
@pytest.mark.parametrize("name", PAGES)
def test_no_width_between_scrolls_sideways(
    browser: Browser, made: Made, name: str, width: int
) -> None:
    browser.open(made(name), width=width)
    browser.open_details()

    assert too_wide(browser, width) == []
    assert overlaps(browser) == []


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("name", PAGES)
def test_everything_can_be_reached_by_keyboard(
    browser: Browser, made: Made, name: str, width: int
) -> None:
    browser.open(made(name), width=width)

    assert keyboard(browser) == []


@pytest.mark.parametrize("name", PAGES)
def test_a_page_stands_alone_and_its_links_lead_somewhere(
    browser: Browser, made: Made, name: str
) -> None:
    page = made(name)
    browser.open(page)
    browser.open_details()

    assert links(browser) == []
    assert headings(browser) == []
    assert alone(browser, page) == []
    assert browser.driver.title != "owned"


def test_every_template_of_a_page_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = {
        path.relative_to(ROOT).as_posix()
        for path in ROOT.glob("*/templates/*.html")
        if '{% extends "html/page.html" %}' in path.read_text("utf-8")
    }
    seen: set[str] = set()
    get = jinja2.Environment.get_template

    def noted(self: jinja2.Environment, name: Any, *others: Any, **more: Any) -> jinja2.Template:
        template = get(self, name, *others, **more)
        if template.filename:
            seen.add(Path(template.filename).relative_to(ROOT).as_posix())
        return template

    monkeypatch.setattr(jinja2.Environment, "get_template", noted)
    for name, make in PAGES.items():
        (tmp_path / name).mkdir()
        make(tmp_path / name)

    assert len(pages) >= 3
    assert pages - seen == set(), "make a page of it in tests/<folder>/pages.py"


GOOD = (
    "<!doctype html><html lang=en><meta charset=utf-8>"
    "<meta name=viewport content='width=device-width, initial-scale=1'>"
    "<title>A page</title><main><h1>A page</h1>{}</main>"
)
TALL = "style='position:absolute;top:200px;left:9px;font:20px serif'"
BAD: dict[str, tuple[str, Callable[[Browser], list[str]], str]] = {
    "a word without end": (f"<p>{'W' * 400}</p>", lambda b: too_wide(b, 1280), "scrolls sideways"),
    "text on text": (f"<p {TALL}>one</p><p {TALL}>other</p>", overlaps, 'overlap: "one" and'),
    "text on text in a drawing": (
        "<svg viewBox='0 0 99 50'><text x=5 y=20>one</text><text x=9 y=22>other</text></svg>",
        overlaps,
        'overlap: "one" and',
    ),
    "grey on white": ("<p style='color:#999'>grey</p>", faint, "faint: 2.85: grey"),
    "grey in a drawing": (
        "<svg><text y=20 style='fill:#999'>grey</text></svg>",
        faint,
        "faint: 2.85: grey",
    ),
    "a faint line": (
        "<svg><path class='curve' d='M0,0L9,9' fill='none' stroke='#ccc'/></svg>",
        faint,
        "a line of the class curve",
    ),
    "grey, to axe": ("<p style='color:#999'>grey</p>", axe, "axe: color-contrast"),
    "a drawing without a name": ("<svg role=img><path d='M0,0'/></svg>", axe, "axe: svg-img-alt"),
    "a picture without a text": ("<img src='data:,'>", axe, "axe: image-alt"),
    "a table without a head": (
        "<div role=table><div role=cell>a</div></div>",
        axe,
        "axe: aria-required-parent",
    ),
    "out of reach": ("<a href='#' tabindex=-1>there</a>", keyboard, "does not reach a there"),
    "no focus to see": (
        "<style>a{outline:none!important}</style><a href='#'>there</a>",
        keyboard,
        "nothing shows the focus on a there",
    ),
    "first the second": (
        "<a href='#' tabindex=2>one</a><a href='#' tabindex=1>two</a>",
        keyboard,
        "out of order at",
    ),
    "focus out of sight": (
        "<a href='#' style='position:absolute;left:-999px'>there</a>",
        keyboard,
        "out of sight is a there",
    ),
    "a link to nowhere": ("<a href='#gone'>there</a>", links, "link: leads nowhere: gone"),
    "a heading too deep": ("<h3>deep</h3>", headings, "heading: h3 after h1: deep"),
    "one name for two": ("<p id=a></p><p id=a></p>", links, "link: there are two of a"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_wrong_on_a_page_is_seen(browser: Browser, tmp_path: Path, case: str) -> None:
    body, look, said = BAD[case]
    page = tmp_path / "page.html"
    page.write_text(GOOD.format(body), "utf-8")
    browser.open(page)

    found = look(browser)

    assert any(said in each for each in found), found


def test_a_page_that_does_not_stand_alone_is_seen(browser: Browser, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(GOOD.format("<img src='no.png'><script>console.error('x')</script>"), "utf-8")
    browser.open(page)

    found = alone(browser, page)

    assert {"has a script", "has an image"} <= set(found)
    assert any(each.startswith("asks for file:") for each in found)
    assert any(each.startswith("console: ") for each in found)


def test_a_page_without_a_fault_is_left_alone(browser: Browser, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    body = "<p>one</p><p>two <a id=a href='#a'>there</a></p>"
    page.write_text(GOOD.format(body), "utf-8")
    for width in (390, 1280):
        browser.open(page, width=width)
        assert [*sights(browser, width), *axe(browser)] == []
        assert [*links(browser), *headings(browser), *alone(browser, page)] == []
        assert keyboard(browser) == []
