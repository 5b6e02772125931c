"""Regular expressions on string values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from parity.plugin.expect import Expect
from parity.targets import ParseClient

if TYPE_CHECKING:
    from suites.queries.conftest import NewTable

pytestmark = [
    pytest.mark.area("queries"),
    pytest.mark.spec("rest/queries#queries-on-string-values"),
]

SAUCES = (
    "Big Daddy",
    "Big Daddy's",
    "big daddy",
    "BBQ Sauce: Big Daddy's",
    "Secret\nBig Daddy",
    "a.b",
    "axb",
    "a+b",
    "École",
)


@pytest.mark.parametrize(
    ("pattern", "options", "found"),
    [
        pytest.param("^Big Daddy", "", (0, 1), id="prefix"),
        pytest.param("Daddy's$", "", (1, 3), id="suffix"),
        pytest.param("Big Daddy", "", (0, 1, 3, 4), id="anywhere"),
        pytest.param("^big d", "i", (0, 1, 2), id="ignore case"),
        pytest.param("^Big", "m", (0, 1, 4), id="multi line"),
        pytest.param("^big", "im", (0, 1, 2, 4), id="both options"),
        pytest.param("a.b", "", (5, 6, 7), id="dot"),
        pytest.param(r"a\.b", "", (5,), id="escaped dot"),
        pytest.param(r"^\Qa+b\E$", "", (7,), id="quoted"),
        pytest.param("[x+]b$", "", (6, 7), id="class"),
        pytest.param("^(Big Daddy|a\\+b)$", "", (0, 7), id="alternatives"),
        pytest.param("^école", "i", (8,), id="unicode"),
        pytest.param("^Small", "", (), id="no match"),
    ],
)
def test_a_pattern_finds_the_texts_that_match(
    parse: ParseClient,
    expect: Expect,
    new_table: NewTable,
    pattern: str,
    options: str,
    found: tuple[int, ...],
) -> None:
    """The operator $regex, with $options, finds the rows whose text matches."""
    table = new_table("BarbecueSauce", [{"n": n, "name": name} for n, name in enumerate(SAUCES)])
    constraint = {"$regex": pattern, **({"$options": options} if options else {})}
    reply = parse.find(table.name, {"name": constraint}, order="n")
    expect.body(reply, table.body(*found), status=200)


def test_a_pattern_ignores_rows_without_text(
    parse: ParseClient, expect: Expect, new_table: NewTable
) -> None:
    """A pattern that matches everything finds the rows that have a text, even an empty one."""
    table = new_table("BarbecueSauce", [{"n": 0, "name": ""}, {"n": 1, "name": "x"}, {"n": 2}])
    reply = parse.find(table.name, {"name": {"$regex": ".*"}}, order="n")
    expect.body(reply, table.body(0, 1), status=200)


def test_a_pattern_combines_with_other_operators(
    parse: ParseClient, expect: Expect, new_table: NewTable
) -> None:
    """The operators $regex and $ne on one key must both hold."""
    table = new_table("BarbecueSauce", [{"name": "Big Daddy"}, {"name": "Big Mama"}, {"name": "x"}])
    where = {"name": {"$regex": "^Big", "$ne": "Big Daddy"}}
    expect.body(parse.find(table.name, where), table.body(1), status=200)


@pytest.mark.level("should")
def test_a_pattern_finds_the_arrays_with_a_matching_text(
    parse: ParseClient, expect: Expect, new_table: NewTable
) -> None:
    """On an array of strings, one matching element is enough."""
    table = new_table("BarbecueSauce", [{"tags": ["hot", "sweet"]}, {"tags": ["sweet"]}])
    expect.body(parse.find(table.name, {"tags": {"$regex": "^ho"}}), table.body(0), status=200)


@pytest.mark.level("may")
def test_a_word_finds_the_texts_that_contain_it(
    parse: ParseClient, expect: Expect, new_table: NewTable
) -> None:
    """The operator $text finds the rows whose text contains a word, in any case."""
    names = ["Coffee is life", "tea", "decoffeinated"]
    table = new_table("BarbecueSauce", [{"n": n, "name": name} for n, name in enumerate(names)])
    where = {"name": {"$text": {"$search": {"$term": "coffee"}}}}
    expect.body(parse.find(table.name, where), table.body(0), status=200)
