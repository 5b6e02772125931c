"""Listing a class, the envelope of the answer, and queries sent as POST."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from parity.plugin.expect import Expect
from parity.plugin.fixtures import NewClass
from parity.targets import ParseClient

if TYPE_CHECKING:
    from suites.queries.conftest import NewTable

pytestmark = [pytest.mark.area("queries")]

EVERY_TYPE: dict[str, Any] = {
    "text": "Jang Min Chul",
    "number": 80075,
    "fraction": -0.5,
    "yes": True,
    "no": False,
    "nothing": None,
    "date": {"__type": "Date", "iso": "2011-08-21T18:02:52.249Z"},
    "bytes": {"__type": "Bytes", "base64": "VGhpcyBpcyBhIHRlc3Q="},
    "place": {"__type": "GeoPoint", "latitude": 40.5, "longitude": -30.25},
    "list": [1, "two", None, {"three": 3}],
    "map": {"deep": {"er": [1]}, "empty": {}},
}


@pytest.mark.spec("rest/queries#basic-queries", "rest/objects#data-types")
def test_a_row_of_every_type_is_listed_as_it_was_written(
    parse: ParseClient, expect: Expect, new_table: NewTable, new_class: NewClass
) -> None:
    """A query without parameters answers the whole row, every type as it was written."""
    pointer = {"__type": "Pointer", "className": new_class("Missing"), "objectId": "8TOXdXf3tz"}
    table = new_table("GameScore", [{**EVERY_TYPE, "pointer": pointer}])
    expect.body(parse.find(table.name), table.body(0), status=200)


@pytest.mark.spec("rest/queries#basic-queries")
def test_a_query_finds_every_row_once(
    parse: ParseClient, expect: Expect, new_table: NewTable
) -> None:
    """A query without parameters answers each row of the class once."""
    table = new_table("GameScore", [{"score": n} for n in range(5)])
    reply = parse.find(table.name)
    expect.status(reply, 200)
    expect.ids(reply, table.ids(), ordered=False)


@pytest.mark.spec("rest/queries#basic-queries")
def test_a_query_leaves_other_classes_out(
    parse: ParseClient, expect: Expect, new_table: NewTable
) -> None:
    """A query answers rows of its own class only."""
    new_table("Other", [{"score": 1}])
    table = new_table("GameScore", [{"score": 1}])
    expect.body(parse.find(table.name, {"score": 1}), table.body(0), status=200)


@pytest.mark.spec("rest/queries#basic-queries")
def test_nothing_found_is_an_empty_list(
    parse: ParseClient, expect: Expect, new_table: NewTable
) -> None:
    """A query that finds nothing answers 200 with an empty results array and no count."""
    table = new_table("GameScore", [{"score": 1}])
    expect.body(parse.find(table.name, {"score": 2}), {"results": []}, status=200)


@pytest.mark.spec("rest/queries#basic-queries")
@pytest.mark.level("may")
@pytest.mark.effect("reads")
@pytest.mark.requires("client_class_creation")
def test_a_class_that_was_never_written_is_empty(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """A query on a class that does not exist answers an empty results array."""
    expect.body(parse.find(new_class("NeverSeen")), {"results": []}, status=200)


@pytest.mark.spec("rest/queries#query-constraints")
def test_an_empty_where_finds_everything(
    parse: ParseClient, expect: Expect, new_table: NewTable
) -> None:
    """The constraint {} finds the same rows as no constraint."""
    table = new_table("GameScore", [{"score": n} for n in range(3)])
    expect.body(parse.find(table.name, {}, order="score"), table.body(0, 1, 2), status=200)


@pytest.mark.spec("rest/queries#basic-queries", "rest/objects#retrieving-objects")
def test_a_query_and_a_get_answer_the_same_row(
    parse: ParseClient, expect: Expect, new_table: NewTable
) -> None:
    """A row that was updated reads the same in a query as by its id."""
    table = new_table("GameScore", [{"score": 1, "name": "a"}])
    object_id = table.rows[0]["objectId"]
    updated = parse.update(table.name, object_id, {"score": 2})
    row = {**table.rows[0], "score": 2, "updatedAt": updated["updatedAt"]}
    expect.body(parse.find(table.name), {"results": [row]}, status=200)
    expect.body(parse.fetch(table.name, object_id), row, status=200)


@pytest.mark.spec("rest/queries#basic-queries", "rest/objects#deleting-objects")
def test_a_deleted_row_is_no_longer_found(
    parse: ParseClient, expect: Expect, new_table: NewTable
) -> None:
    """A row is in no query and no count once it has been deleted."""
    table = new_table("GameScore", [{"score": 0}, {"score": 1}])
    parse.destroy(table.name, table.rows[0]["objectId"])
    expect.body(parse.find(table.name, count=1), {**table.body(1), "count": 1}, status=200)


@pytest.mark.spec("rest/queries#query-constraints")
def test_all_parameters_work_together(
    parse: ParseClient, expect: Expect, new_table: NewTable
) -> None:
    """The parameters where, order, limit, skip, keys and count can be combined."""
    table = new_table("GameScore", [{"score": n % 3, "name": f"p{n}", "x": n} for n in range(9)])
    reply = parse.find(
        table.name,
        {"name": {"$nin": ["p0", "p1"]}},
        order="score,-name",
        limit=3,
        skip=1,
        keys="score,name",
        count=1,
    )
    rows = [{k: v for k, v in table.rows[n].items() if k != "x"} for n in (3, 7, 4)]
    expect.body(reply, {"results": rows, "count": 7}, status=200)


@pytest.mark.spec("rest/queries#query-constraints")
def test_a_query_sent_as_post_answers_as_get(
    parse: ParseClient, expect: Expect, new_table: NewTable
) -> None:
    """A POST with _method GET and parameters in its body is the same query, and writes nothing."""
    table = new_table("GameScore", [{"score": n, "x": 0} for n in range(4)])
    reply = parse.using(tunnel=True).find(
        table.name, {"score": {"$gt": 0}}, order="-score", limit=2, skip=1, count=1
    )
    expect.body(reply, {**table.body(2, 1), "count": 3}, status=200)
    expect.body(parse.find(table.name, count=1, limit=0), {"results": [], "count": 4})


@pytest.mark.spec("rest/queries#query-constraints")
def test_three_thousand_ids_fit_into_a_posted_query(
    parse: ParseClient, expect: Expect, new_table: NewTable
) -> None:
    """A where clause of 40 kB, sent as POST with _method GET, is applied as a whole."""
    table = new_table("GameScore", [{"n": n} for n in range(3)])
    ids = [f"none{n:06}" for n in range(3000)]
    ids[0], ids[-1] = table.ids(0, 2)
    reply = parse.using(tunnel=True).find(table.name, {"objectId": {"$in": ids}}, order="n")
    expect.body(reply, table.body(0, 2), status=200)


@pytest.mark.spec("rest/queries#query-constraints", "rest/objects#data-types")
@pytest.mark.parametrize(
    "text",
    [
        pytest.param("Zürich, naïve café", id="latin"),
        pytest.param("日本語のテキスト", id="cjk"),
        pytest.param("😀👩‍👩‍👧‍👦", id="beyond the bmp"),
        pytest.param("שלום عالم", id="right to left"),
        pytest.param('quote " slash \\ tab \t line \n', id="escapes"),
        pytest.param("50% + 1&2=3?#;", id="url characters"),
        pytest.param("\u2028\u200b\ufeff", id="invisible"),
    ],
)
def test_text_in_a_constraint_arrives_unchanged(
    parse: ParseClient, expect: Expect, new_table: NewTable, text: str
) -> None:
    """Text of any script is found by itself, sent in the URL as well as in a body."""
    table = new_table("GameScore", [{"name": text}, {"name": text + "x"}, {"name": "?"}])
    expect.body(parse.find(table.name, {"name": text}), table.body(0), status=200)
    posted = parse.using(tunnel=True).find(table.name, {"name": text})
    expect.body(posted, table.body(0), status=200)
