"""What changes by itself is no difference; everything else is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from parity.jobs.web.text_diff import diff_texts

PAGE = "<h1>Shop</h1>\n<p>{a}</p>\n<p>open</p>\n<b>{b}</b>\n"


def _page(a: str = "1", b: str = "2") -> str:
    return PAGE.format(a=a, b=b)


def test_a_difference_is_shown_with_its_line() -> None:
    [found] = diff_texts(_page(), _page(b="3")).differences
    assert (found.path, found.expected, found.actual) == ("$body:4", "2", "3")


def test_what_the_old_site_changes_itself_is_none() -> None:
    compared = diff_texts(_page("7"), _page("8"), _page("9"))
    assert compared.differences == ()
    assert 0 < compared.unstable < 0.1
    assert compared.judged


def test_another_difference_still_is_one() -> None:
    [found] = diff_texts(_page("7"), _page("8", "other"), _page("9")).differences
    assert found.actual == "other"


def test_what_is_gone_or_new_is_a_difference() -> None:
    [gone] = diff_texts(_page(), _page().replace("<p>open</p>", "")).differences
    [new] = diff_texts(_page(), _page() + "<i>ad</i>").differences
    assert (gone.kind.value, new.kind.value) == ("missing", "extra")


def test_a_page_that_changes_wholly_is_not_judged() -> None:
    assert not diff_texts("aaaa\n" * 5, "bbbb\n" * 5, "cccc\n" * 5).judged


def test_a_long_page_is_compared_in_one_piece() -> None:
    old = "".join(f"<p>{number}</p>" for number in range(3000))
    new = "".join(f"<p>x{number}</p>" for number in range(3000))
    assert len(diff_texts(old, new).differences) == 1


@given(st.text("<>ab\n", max_size=40), st.text("<>ab\n", max_size=40))
def test_texts_are_equal_exactly_if_there_is_no_difference(one: str, other: str) -> None:
    assert (diff_texts(one, other).differences == ()) is (one == other)
