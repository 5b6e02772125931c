from __future__ import annotations

import base64
import hashlib
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError
from markupsafe import Markup

from parity.html import render, visible, visible_lines

SNEAKY = "a\x1b[2Jb\u202ec\u2028d\ud800e\u00adf"


def test_the_policy_allows_the_style_of_the_page_and_nothing_else() -> None:
    page = render("tests.html", "figures.html", figures=[])
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()

    assert f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:" in page
    assert "style=" not in page.replace(style, "")


def test_further_style_sheets_come_after_the_shared_one() -> None:
    page = render("parity.gate", "board.html", style=("gate.css",), **BOARD)

    assert page.index(":root {") < page.index(".rules {")


BOARD: dict[str, Any] = {
    "filters": {"sentence": str, "word": str, "word_icon": str, "state": str, "state_icon": str,
                "step_icon": str},
    "steps": (),
    "judged_at": "2026-07-30T12:34:56.789Z",
    "counts": {"done": 0},
}  # fmt: skip


def test_a_value_that_is_missing_is_an_error_and_no_gap() -> None:
    with pytest.raises(UndefinedError, match="figures"):
        render("tests.html", "figures.html")


def test_unseen_characters_are_spelt_out() -> None:
    assert visible(SNEAKY) == r"a\u001b[2Jb\u202ec\u2028d\ud800e\u00adf"
    assert visible_lines(SNEAKY) == visible(SNEAKY)
    assert visible("a\nb\tc\u200dd") == r"a\nb\tc\u200dd"
    assert visible_lines("a\nb\tc\u200dd") == "a\nb\tc\u200dd"


@pytest.mark.parametrize("value", [3, None, Markup("<b>\x1b</b>"), ["\x1b"]])
def test_what_is_no_text_is_left_alone(value: object) -> None:
    assert visible(value) is value


@given(st.text(st.characters(exclude_categories=("Cc", "Cf", "Cs", "Zl", "Zp"))))
def test_text_that_can_be_seen_is_left_alone(text: str) -> None:
    assert visible(text) == text == visible_lines(text)
