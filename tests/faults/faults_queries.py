"""Wrong servers whose queries are wrong: constraints, order, limits, counts, keys, includes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.faults.faults_objects import in_fields
from tests.faults.messages import Request, Response, answer
from tests.faults.model import Catalogue, Fault, State

queries = Catalogue("queries")


def finds(request: Request) -> bool:
    """Return whether a request queries a class of the app."""
    return request.of_class and request.is_find


def edit_constraints(
    where: dict[str, Any], change: Callable[[dict[str, Any]], dict[str, Any]]
) -> dict[str, Any]:
    """Apply a change to the constraints on each key, also inside of ``$or`` and ``$and``."""
    after: dict[str, Any] = {}
    for key, value in where.items():
        if key in ("$or", "$and", "$nor") and isinstance(value, list):
            after[key] = [edit_constraints(w, change) if isinstance(w, dict) else w for w in value]
        elif isinstance(value, dict) and any(k.startswith("$") for k in value):
            kept = change(value)
            if kept:
                after[key] = kept
        else:
            after[key] = value
    return after


def ignore(operator: str) -> Fault:
    """Return a server that ignores one operator."""

    def request(request: Request, _: State) -> Request | Response:
        if not finds(request):
            return request
        return request.with_where(
            lambda where: edit_constraints(
                where, lambda on_key: {k: v for k, v in on_key.items() if k != operator}
            )
        )

    plain = "".join(f"-{c.lower()}" if c.isupper() else c for c in operator[1:])
    return Fault(f"{plain}-ignored", "queries", f"{operator} is ignored.", request=request)


IGNORED = (
    "$ne",
    "$in",
    "$nin",
    "$exists",
    "$lt",
    "$gt",
    "$all",
    "$options",
    "$inQuery",
    "$notInQuery",
    "$select",
    "$dontSelect",
    "$maxDistanceInKilometers",
    "$maxDistanceInMiles",
    "$maxDistanceInRadians",
    "$within",
)
queries.faults += [ignore(operator) for operator in IGNORED]


def swap(old: str, new: str) -> Callable[[Request, State], Request | Response]:
    """Return what takes one operator for another."""

    def request(request: Request, _: State) -> Request | Response:
        if not finds(request):
            return request
        return request.with_where(
            lambda where: edit_constraints(
                where, lambda on_key: {new if k == old else k: v for k, v in on_key.items()}
            )
        )

    return request


queries.add("lte-is-lt", "$lte leaves out the bound.", request=swap("$lte", "$lt"))
queries.add("gte-is-gt", "$gte leaves out the bound.", request=swap("$gte", "$gt"))


@queries.on_request
def regex_is_anchored_nowhere(request: Request, _: State) -> Request | Response:
    """A regular expression matches anywhere, ^ or not."""

    def loosen(on_key: dict[str, Any]) -> dict[str, Any]:
        pattern = on_key.get("$regex")
        return {**on_key, "$regex": pattern.lstrip("^")} if isinstance(pattern, str) else on_key

    if not finds(request):
        return request
    return request.with_where(lambda where: edit_constraints(where, loosen))


@queries.on_request
def or_takes_the_first(request: Request, _: State) -> Request | Response:
    """Only the first branch of $or counts."""

    def first(where: dict[str, Any]) -> dict[str, Any]:
        branches = where.get("$or")
        return {**where, "$or": branches[:1]} if isinstance(branches, list) else where

    return request.with_where(first) if finds(request) else request


@queries.on_request
def related_to_ignored(request: Request, _: State) -> Request | Response:
    """$relatedTo is ignored: every row of the class belongs to the relation."""
    return (
        request.with_where(lambda where: {k: v for k, v in where.items() if k != "$relatedTo"})
        if finds(request)
        else request
    )


@queries.on_request
def null_matches_nothing(request: Request, _: State) -> Request | Response:
    """A query for null finds nothing."""
    is_meant = finds(request) and any(value is None for value in request.where.values())
    return answer(200, {"results": []}) if is_meant else request


@queries.on_request
def where_ignored(request: Request, _: State) -> Request | Response:
    """where is ignored, every row is found."""
    return request.with_params(where=None) if finds(request) and request.where else request


@queries.on_request
def where_ignored_in_post(request: Request, _: State) -> Request | Response:
    """where is ignored when the query is sent as POST with _method."""
    is_meant = finds(request) and request.method == "POST" and request.where
    return request.with_params(where=None) if is_meant else request


@queries.on_reply
def bad_where_accepted(request: Request, response: Response, _: State) -> Response:
    """where that is no JSON, or has an unknown operator, finds nothing instead of failing."""
    is_refused = finds(request) and response.code in (102, 105, 107)
    return answer(200, {"results": []}) if is_refused else response


# Order and pages


@queries.on_request
def order_reversed(request: Request, _: State) -> Request | Response:
    """Descending order is ascending."""
    order = request.params.get("order")
    if not finds(request) or not isinstance(order, str) or "-" not in order:
        return request
    return request.with_params(order=order.replace("-", ""))


@queries.on_request
def order_ignored(request: Request, _: State) -> Request | Response:
    """order is ignored."""
    is_meant = finds(request) and "order" in request.params
    return request.with_params(order=None) if is_meant else request


@queries.on_request
def second_order_key_ignored(request: Request, _: State) -> Request | Response:
    """Only the first key of order counts."""
    order = request.params.get("order")
    if not finds(request) or not isinstance(order, str) or "," not in order:
        return request
    return request.with_params(order=order.partition(",")[0])


@queries.on_request
def default_limit_ignored(request: Request, _: State) -> Request | Response:
    """A query without a limit finds more than 100 rows."""
    is_meant = finds(request) and "limit" not in request.params
    return request.with_params(limit="5000") if is_meant else request


@queries.on_request
def limit_ignored(request: Request, _: State) -> Request | Response:
    """limit is ignored."""
    is_meant = finds(request) and str(request.params.get("limit", "0")) != "0"
    return request.with_params(limit="100") if is_meant else request


@queries.on_request
def limit_0_is_the_default(request: Request, _: State) -> Request | Response:
    """limit=0 means the default limit."""
    is_meant = finds(request) and str(request.params.get("limit")) == "0"
    return request.with_params(limit=None) if is_meant else request


@queries.on_request
def skip_ignored(request: Request, _: State) -> Request | Response:
    """skip is ignored."""
    is_meant = finds(request) and "skip" in request.params
    return request.with_params(skip=None) if is_meant else request


@queries.on_reply
def last_row_missing(request: Request, response: Response, _: State) -> Response:
    """The last row of a query with more than one is missing."""
    is_meant = finds(request) and len(response.rows) > 1
    return response.with_rows(response.rows[:-1]) if is_meant else response


@queries.on_reply
def a_row_twice(request: Request, response: Response, _: State) -> Response:
    """The first row of a query is there twice."""
    is_meant = finds(request) and response.rows
    return response.with_rows([response.rows[0], *response.rows]) if is_meant else response


# Counts


@queries.on_reply
def count_off_by_one(request: Request, response: Response, _: State) -> Response:
    """A count is one too high."""
    is_count = finds(request) and isinstance(response.members.get("count"), int)
    return response.with_members(count=response.members["count"] + 1) if is_count else response


@queries.on_reply
def count_is_that_of_the_page(request: Request, response: Response, _: State) -> Response:
    """A count is the number of rows on the page."""
    is_count = finds(request) and "count" in response.members
    return response.with_members(count=len(response.rows)) if is_count else response


@queries.on_reply
def count_without_results(request: Request, response: Response, _: State) -> Response:
    """The reply with a count has no results beside it."""
    is_count = finds(request) and "count" in response.members
    return response.without("results") if is_count else response


@queries.on_request
def count_ignores_where(request: Request, _: State) -> Request | Response:
    """A count is that of the whole class."""
    is_count = finds(request) and "count" in request.params and request.where
    return request.with_params(where=None) if is_count else request


# Keys and includes


@queries.on_request
def keys_ignored(request: Request, _: State) -> Request | Response:
    """keys is ignored, rows are whole."""
    is_meant = finds(request) and "keys" in request.params
    return request.with_params(keys=None) if is_meant else request


@queries.on_reply
def keys_leave_out_the_id(request: Request, response: Response, _: State) -> Response:
    """With keys, rows lack objectId, createdAt and updatedAt."""
    if not finds(request) or "keys" not in request.params:
        return response
    wanted = str(request.params["keys"]).split(",")
    return response.each_object(lambda row: {k: v for k, v in row.items() if k in wanted})


@queries.on_request
def include_ignored(request: Request, _: State) -> Request | Response:
    """include is ignored, pointers stay pointers."""
    is_meant = (finds(request) or request.is_fetch) and "include" in request.params
    return request.with_params(include=None) if is_meant else request


@queries.on_request
def include_one_level(request: Request, _: State) -> Request | Response:
    """include follows one pointer, not the pointer behind it."""
    names = request.params.get("include")
    if not finds(request) or not isinstance(names, str) or "." not in names:
        return request
    return request.with_params(include=",".join({n.partition(".")[0]: 1 for n in names.split(",")}))


@queries.on_reply
def included_is_a_pointer(request: Request, response: Response, _: State) -> Response:
    """What is included says that it is a Pointer, so SDKs fetch it again."""

    def relabel(value: Any) -> Any:
        is_object = isinstance(value, dict) and value.get("__type") == "Object"
        return {**value, "__type": "Pointer"} if is_object else value

    is_meant = finds(request) and "include" in request.params
    return in_fields(response, relabel) if is_meant else response


# Rights and more


@queries.on_request
def acl_ignored_in_queries(request: Request, state: State) -> Request | Response:
    """A query finds rows that the user may not read."""
    return request.as_master(state.master_key) if finds(request) else request


@queries.on_request
def acl_ignored_in_counts(request: Request, state: State) -> Request | Response:
    """A count counts rows that the user may not read."""
    is_count = finds(request) and "count" in request.params
    return request.as_master(state.master_key) if is_count else request


@queries.on_reply
def unknown_class_is_an_error(request: Request, response: Response, _: State) -> Response:
    """A query that finds nothing is answered 404."""
    is_empty = finds(request) and response.json == {"results": []}
    return answer(404, {"code": 101, "error": "Object not found."}) if is_empty else response


@queries.on_request
def dates_compare_by_second(request: Request, _: State) -> Request | Response:
    """Dates are compared without their milliseconds."""
    text = json.dumps(request.where)
    if not finds(request) or '"Date"' not in text:
        return request

    def cut(value: Any) -> Any:
        if isinstance(value, dict) and value.get("__type") == "Date":
            return {**value, "iso": str(value.get("iso"))[:19] + ".000Z"}
        if isinstance(value, dict):
            return {k: cut(v) for k, v in value.items()}
        return [cut(v) for v in value] if isinstance(value, list) else value

    return request.with_where(cut)


@queries.on_request
def nested_keys_ignored(request: Request, _: State) -> Request | Response:
    """A constraint on a key inside an object is ignored."""
    if not finds(request):
        return request
    return request.with_where(lambda where: {k: v for k, v in where.items() if "." not in k})


@queries.on_reply
def near_is_unordered(request: Request, response: Response, _: State) -> Response:
    """$nearSphere does not begin with the nearest."""
    is_near = finds(request) and "$nearSphere" in json.dumps(request.where)
    return response.with_rows(response.rows[::-1]) if is_near else response
