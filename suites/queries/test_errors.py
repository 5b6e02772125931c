"""Queries that cannot be answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from parity.plugin.expect import Expect
from parity.targets import ParseClient

if TYPE_CHECKING:
    from suites.queries.conftest import NewTable

pytestmark = [
    pytest.mark.area("queries"),
    pytest.mark.spec("rest/errors#api-issues", "rest/queries#query-constraints"),
]

INVALID_QUERY = 102
INVALID_FIELD_NAME = 105
INVALID_JSON = 107


@pytest.mark.parametrize(
    "where", [pytest.param('{"score":', id="cut off"), pytest.param("score=1", id="no json")]
)
def test_a_where_that_is_not_json_is_107(
    parse: ParseClient, expect: Expect, new_table: NewTable, alone: dict[str, str], where: str
) -> None:
    """A where parameter that is not JSON is refused with 400 and code 107."""
    table = new_table("GameScore", [{"score": 1}])
    reply = parse.get(f"classes/{table.name}", params={"where": where}, headers=alone)
    expect.error(reply, INVALID_JSON)


@pytest.mark.level("should")
@pytest.mark.parametrize(
    "where",
    [
        pytest.param({"score": {"$foo": 1}}, id="alone"),
        pytest.param({"score": {"$gt": 0, "$foo": 1}}, id="beside a known one"),
    ],
)
def test_an_unknown_operator_is_102(
    parse: ParseClient, expect: Expect, new_table: NewTable, where: Any
) -> None:
    """An operator that does not exist makes the query invalid: 400 and code 102."""
    table = new_table("GameScore", [{"score": 1}])
    expect.error(parse.find(table.name, where), INVALID_QUERY)


@pytest.mark.parametrize("key", ["1score", "my-score", "_score", "$score", "my score"])
def test_an_invalid_field_name_in_where_is_105(
    parse: ParseClient, expect: Expect, new_table: NewTable, key: str
) -> None:
    """A key in where that cannot be a field name is refused with 400 and code 105."""
    table = new_table("GameScore", [{"score": 1}])
    expect.error(parse.find(table.name, {key: 1}), INVALID_FIELD_NAME)


@pytest.mark.parametrize("order", ["my-score", "-1score", "score,_x", "-"])
def test_an_invalid_field_name_in_order_is_105(
    parse: ParseClient, expect: Expect, new_table: NewTable, order: str
) -> None:
    """A key in order that cannot be a field name is refused with 400 and code 105."""
    table = new_table("GameScore", [{"score": 1}])
    expect.error(parse.find(table.name, order=order), INVALID_FIELD_NAME)


@pytest.mark.level("should")
@pytest.mark.parametrize(
    "params",
    [
        pytest.param({"skip": -1}, id="negative skip"),
        pytest.param({"where": {"name": {"$regex": "["}}}, id="broken pattern"),
    ],
)
def test_a_parameter_out_of_range_is_102(
    parse: ParseClient, expect: Expect, new_table: NewTable, alone: dict[str, str], params: Any
) -> None:
    """A parameter with an impossible value makes the query invalid: 400 and code 102."""
    table = new_table("GameScore", [{"name": "a"}])
    reply = parse.get(f"classes/{table.name}", params=params, headers=alone)
    expect.error(reply, INVALID_QUERY)


@pytest.mark.level("may")
@pytest.mark.parametrize("name", ["foo", "distinct", "Limit"])
def test_an_unknown_parameter_is_102(
    parse: ParseClient, expect: Expect, new_table: NewTable, name: str
) -> None:
    """A parameter that queries do not have is refused with 400 and code 102."""
    table = new_table("GameScore", [{"score": 1}])
    expect.error(parse.find(table.name, **{name: "1"}), INVALID_QUERY)


@pytest.mark.level("may")
@pytest.mark.parametrize(
    "constraint",
    [{"$inQuery": 5}, {"$notInQuery": {}}, {"$select": "x"}, {"$dontSelect": {"key": "a"}}],
    ids=["inQuery", "notInQuery", "select", "dontSelect"],
)
def test_a_malformed_subquery_is_102(
    parse: ParseClient, expect: Expect, new_table: NewTable, constraint: Any
) -> None:
    """A subquery without its class or query is refused with 400 and code 102."""
    table = new_table("GameScore", [{"score": 1}])
    expect.error(parse.find(table.name, {"score": constraint}), INVALID_QUERY)


@pytest.mark.level("may")
@pytest.mark.parametrize("operator", ["$in", "$nin", "$all"])
def test_an_operator_that_takes_a_list_refuses_a_value(
    parse: ParseClient, expect: Expect, new_table: NewTable, operator: str
) -> None:
    """An operator over a list refuses another value with 400 and code 107."""
    table = new_table("GameScore", [{"score": 1}])
    expect.error(parse.find(table.name, {"score": {operator: 5}}), INVALID_JSON)


@pytest.mark.level("may")
def test_an_unknown_option_of_a_pattern_is_102(
    parse: ParseClient, expect: Expect, new_table: NewTable
) -> None:
    """An option of $regex that does not exist is refused with 400 and code 102."""
    table = new_table("GameScore", [{"name": "a"}])
    where = {"name": {"$regex": "a", "$options": "q"}}
    expect.error(parse.find(table.name, where), INVALID_QUERY)


@pytest.mark.level("may")
def test_a_refused_query_leaves_the_class_readable(
    parse: ParseClient, expect: Expect, new_table: NewTable
) -> None:
    """After a refused query, the next query on the class is answered."""
    table = new_table("GameScore", [{"score": 1}])
    expect.error(parse.find(table.name, {"my-score": 1}), INVALID_FIELD_NAME)
    expect.body(parse.find(table.name), table.body(0), status=200)
