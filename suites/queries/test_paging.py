"""The parameters limit and skip."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from parity.plugin.expect import Expect
from parity.targets import ParseClient

if TYPE_CHECKING:
    from suites.queries.conftest import NewTable

pytestmark = [pytest.mark.area("queries"), pytest.mark.spec("rest/queries#query-constraints")]


def test_a_hundred_rows_are_answered_by_default(
    parse: ParseClient, expect: Expect, new_table: NewTable
) -> None:
    """Without limit a query answers the first 100 rows; with a larger limit, all of them."""
    table = new_table("GameScore", [{"n": n} for n in range(103)])
    expect.body(parse.find(table.name, order="n"), table.body(*range(100)), status=200)
    reply = parse.find(table.name, order="n", limit=1000)
    expect.body(reply, table.body(*range(103)), status=200)
    reply = parse.find(table.name, order="-n", limit=101, skip=1)
    expect.body(reply, table.body(*range(101, 0, -1)), status=200)


@pytest.mark.level("should")
def test_a_thousand_rows_are_the_most(
    parse: ParseClient, expect: Expect, new_table: NewTable
) -> None:
    """A query answers 1000 rows at most, whatever its limit."""
    table = new_table("GameScore", [{"n": n} for n in range(1001)])
    reply = parse.find(table.name, limit=2000, keys="objectId")
    expect.equal(len(reply.results), 1000, at="$.results.length")


@pytest.mark.parametrize(
    ("limit", "skip", "found"),
    [
        pytest.param(1, 0, (0,), id="first"),
        pytest.param(2, 1, (1, 2), id="middle"),
        pytest.param(3, 3, (3, 4), id="beyond the end"),
        pytest.param(5, 0, (0, 1, 2, 3, 4), id="all"),
        pytest.param(5, 5, (), id="after the end"),
        pytest.param(5, 1000, (), id="far after the end"),
    ],
)
def test_limit_and_skip_cut_a_page(
    parse: ParseClient,
    expect: Expect,
    new_table: NewTable,
    limit: int,
    skip: int,
    found: tuple[int, ...],
) -> None:
    """A query skips the first rows of its order, and answers as many others as limit says."""
    table = new_table("GameScore", [{"n": n} for n in range(5)])
    reply = parse.find(table.name, order="n", limit=limit, skip=skip)
    expect.body(reply, table.body(*found), status=200)


def test_skip_works_without_limit(parse: ParseClient, expect: Expect, new_table: NewTable) -> None:
    """The parameter skip alone leaves out the first rows."""
    table = new_table("GameScore", [{"n": n} for n in range(4)])
    expect.body(parse.find(table.name, order="n", skip=3), table.body(3), status=200)


@pytest.mark.level("should")
def test_a_limit_of_nothing_answers_no_rows(
    parse: ParseClient, expect: Expect, new_table: NewTable
) -> None:
    """A limit of 0 answers no rows, not the default number of them."""
    table = new_table("GameScore", [{"n": 0}])
    expect.body(parse.find(table.name, limit=0), {"results": []}, status=200)


def test_pages_cover_every_row_once(
    parse: ParseClient, expect: Expect, new_table: NewTable
) -> None:
    """Pages in an order without ties hold every row exactly once, in that order."""
    table = new_table("GameScore", [{"n": n, "score": n % 3} for n in range(20)])
    rows = []
    for skip in range(0, 24, 6):
        reply = parse.find(table.name, order="score,-n", limit=6, skip=skip)
        expect.status(reply, 200)
        rows += reply.results
    ordered = sorted(range(20), key=lambda n: (n % 3, -n))
    expect.equal(rows, table.body(*ordered)["results"], at="$.pages")


def test_pages_by_id_cover_every_row_once(
    parse: ParseClient, expect: Expect, new_table: NewTable
) -> None:
    """Pages that go on after the last id of the page before hold every row exactly once."""
    table = new_table("GameScore", [{"n": n} for n in range(11)])
    found: list[str] = []
    last = ""
    for _ in range(4):
        reply = parse.find(table.name, {"objectId": {"$gt": last}}, order="objectId", limit=4)
        expect.status(reply, 200)
        found += [row["objectId"] for row in reply.results]
        last = found[-1] if found else ""
    expect.equal(found, sorted(table.ids()), at="$.pages")
