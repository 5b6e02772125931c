"""What is looked for on every page: each look returns what is wrong, in words.

A folder of tests with pages has a module ``pages``; its ``PAGES`` says how each page is made.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from tests.npm import npm_folder

if TYPE_CHECKING:
    from tests.browser import Browser

TESTS = Path(__file__).parent
Make = Callable[[Path], Path]
"""Makes a page in an empty folder, and returns its file."""


def registered() -> dict[str, Make]:
    """Return every page by its name: the folder of its tests, and its own."""
    found: dict[str, Make] = {}
    for path in sorted(TESTS.glob("*/pages.py")):
        folder = path.parent.name
        pages: dict[str, Make] = importlib.import_module(f"tests.{folder}.pages").PAGES
        found |= {f"{folder}-{name}": make for name, make in pages.items()}
    return found


def sights(browser: Browser, width: int) -> list[str]:
    """Look at the page that is open, its details opened, as somebody who sees it."""
    return [*too_wide(browser, width), *overlaps(browser), *faint(browser)]


def too_wide(browser: Browser, width: int) -> list[str]:
    """Whether the page scrolls sideways, or made the phone zoom out."""
    wide, room, inner = browser.run(
        "const e = document.documentElement;"
        "return [e.scrollWidth, e.clientWidth, window.innerWidth]"
    )
    sideways = [f"scrolls sideways: {wide} in {room}"] if wide > room else []
    return sideways + ([f"is wider than the screen: {inner}"] if inner > width else [])


def overlaps(browser: Browser) -> list[str]:
    """Texts that cover each other."""
    seen, found = browser.run(_script("overlaps"))
    assert seen > 0, "there is no text to look at"
    return [f"overlap: {each}" for each in found]


def faint(browser: Browser) -> list[str]:
    """Text and lines that hardly differ from what is behind them."""
    seen, found = browser.run(_script("faint"))
    assert seen > 0, "there is no text to look at"
    return [f"faint: {each}" for each in found]


def axe(browser: Browser, *, contrast: bool = True) -> list[str]:
    """What axe-core calls serious or critical.

    Contrast is two thirds of its time, and :func:`faint` looks at that as well.
    """
    browser.run(_axe_core())
    return [f"axe: {each}" for each in browser.wait(_script("axe"), contrast)]


def keyboard(browser: Browser) -> list[str]:
    """What the tabulator does not reach, in the order of the page, or does not show there."""
    wanted = browser.run(_script("focus"))
    # Chromium stops at boxes that scroll as well.
    browser.press_tab(len(wanted) + browser.run(_SCROLLERS) + 1)
    focused = browser.run("return window.focused")
    order = [each["place"] for each in focused if each["place"] >= 0]
    order = order[: len(wanted)]
    return [
        *(f"keyboard: does not reach {wanted[n]}" for n in range(len(wanted)) if n not in order),
        *(f"keyboard: out of order at {wanted[b]}" for a, b in pairwise(order)
          if b != a + 1),
        *(f"keyboard: nothing shows the focus on {each['name']}" for each in focused
          if not each["seen"]),
        *(f"keyboard: out of sight is {each['name']}" for each in focused if not each["inside"]),
    ]  # fmt: skip


def links(browser: Browser) -> list[str]:
    """Links and labels that lead nowhere, and names that are given twice."""
    lost, twice = browser.run(
        "const ids = [...document.querySelectorAll('[id]')].map(e => e.id);"
        "const named = ['aria-labelledby', 'aria-describedby'].flatMap(name =>"
        "  [...document.querySelectorAll(`[${name}]`)]"
        "    .flatMap(e => e.getAttribute(name).split(' ')));"
        "const hashes = [...document.querySelectorAll('a[href^=\"#\"]')].map(e => e.hash.slice(1));"
        "return [hashes.concat(named).filter(e => !ids.includes(e)),"
        "  ids.filter((e, n) => ids.indexOf(e) !== n)]"
    )
    return [
        *(f"link: leads nowhere: {each}" for each in lost),
        *(f"link: there are two of {each}" for each in twice),
    ]


def headings(browser: Browser) -> list[str]:
    """Headings that leave out a level, so that somebody who hears the page gets lost."""
    found = browser.run(
        "return [...document.querySelectorAll('h1,h2,h3,h4,h5,h6')]"
        ".map(e => [Number(e.tagName[1]), e.textContent.trim().slice(0, 60)])"
    )
    pairs = pairwise([(0, ""), *found])
    return [f"heading: h{b} after h{a}: {text}" for (a, _), (b, text) in pairs if b > a + 1]


def alone(browser: Browser, page: Path) -> list[str]:
    """Whether the page runs a script, asks for something, or makes the browser complain."""
    asked = [
        request
        for request in browser.requests()
        if request != page.as_uri() and not request.startswith("data:")
    ]
    scripts, images = browser.run("return [document.scripts.length, document.images.length]")
    return [
        *(f"asks for {each}" for each in asked),
        *(f"console: {each['message']}" for each in browser.console()),
        *(["has a script"] if scripts else []),
        *(["has an image"] if images else []),
    ]


_SCROLLERS = """
return [...document.querySelectorAll('*')].filter(e => /auto|scroll/.test(
  getComputedStyle(e).overflow)).length
"""


@functools.cache
def _script(name: str) -> str:
    return (TESTS / "html" / "looks" / f"{name}.js").read_text("utf-8")


@functools.cache
def _axe_core() -> str:
    folder = npm_folder(TESTS / "axe", "axe")
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8")
