"""Wrong servers that write wrongly: operators, refusals, ACLs, batches, and other ways to send."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.faults.faults_objects import objects, reads
from tests.faults.messages import Request, Response, answer, refusal
from tests.faults.model import State

__all__ = ["objects"]


def change_ops(request: Request, op: str, change: Callable[[dict[str, Any]], Any]) -> Request:
    """Return a write with each operator ``op`` in it replaced; ``None`` drops the field."""
    if not (request.is_update or request.is_create):
        return request
    after: dict[str, Any] = {}
    for name, value in request.members.items():
        is_meant = isinstance(value, dict) and value.get("__op") == op
        new = change(value) if is_meant else value
        if not is_meant or new is not None:
            after[name] = new
    return request if after == request.members else request.with_json(after)


# Operators and writes


@objects.on_request
def lost_add(request: Request, state: State) -> Request | Response:
    """Every second Add is acknowledged and lost."""

    def lose(op: dict[str, Any]) -> dict[str, Any]:
        return {**op, "objects": []} if state.count(request.check) % 2 == 0 else op

    return change_ops(request, "Add", lose)


@objects.on_request
def lost_increment(request: Request, state: State) -> Request | Response:
    """Of two Increments, the server loses one, as if they had overwritten each other."""

    def lose(op: dict[str, Any]) -> dict[str, Any]:
        return {**op, "amount": 0} if state.count(request.check) % 2 == 0 else op

    return change_ops(request, "Increment", lose)


@objects.on_request
def increment_sets(request: Request, _: State) -> Request | Response:
    """Increment sets the field to the amount."""
    return change_ops(request, "Increment", lambda op: op.get("amount"))


@objects.on_request
def add_unique_adds(request: Request, _: State) -> Request | Response:
    """AddUnique adds what is there already."""
    return change_ops(request, "AddUnique", lambda op: {**op, "__op": "Add"})


@objects.on_request
def remove_ignored(request: Request, _: State) -> Request | Response:
    """Remove leaves the array as it is."""
    return change_ops(request, "Remove", lambda op: {**op, "objects": []})


@objects.on_request
def delete_op_sets_null(request: Request, _: State) -> Request | Response:
    """The Delete operator sets a field to null."""
    if not (request.is_update and b'"Delete"' in request.body):
        return request
    fields = {
        name: None if isinstance(value, dict) and value.get("__op") == "Delete" else value
        for name, value in request.members.items()
    }
    return request.with_json(fields)


@objects.on_request
def relation_add_lost(request: Request, _: State) -> Request | Response:
    """AddRelation keeps the first object only."""
    return change_ops(
        request, "AddRelation", lambda op: {**op, "objects": op.get("objects", [])[:1]}
    )


@objects.on_request
def relation_remove_ignored(request: Request, _: State) -> Request | Response:
    """RemoveRelation removes nothing."""
    return change_ops(request, "RemoveRelation", lambda op: {**op, "objects": []})


@objects.on_request
def update_dropped(request: Request, _: State) -> Request | Response:
    """An update is acknowledged and dropped."""
    if not (request.of_class and request.is_update):
        return request
    return request.with_json({k: v for k, v in request.members.items() if k[:1] == "_"})


@objects.on_request
def delete_dropped(request: Request, _: State) -> Request | Response:
    """A delete is acknowledged and dropped."""
    return answer(200, {}) if request.of_class and request.is_delete else request


# Refusals


@objects.on_reply
def schema_mismatch_accepted(request: Request, response: Response, _: State) -> Response:
    """A value of the wrong type is acknowledged."""
    if response.code != 111:
        return response
    if request.is_create:
        now = "2026-01-01T00:00:00.000Z"
        return answer(201, {"objectId": "abcdefghij", "createdAt": now})
    return answer(200, {"updatedAt": "2026-01-01T00:00:00.000Z"})


@objects.on_reply
def bad_json_has_another_code(request: Request, response: Response, _: State) -> Response:
    """A body that is no JSON is an internal error, code 1."""
    is_bad = response.code == 107 and not request.params.get("where")
    return refusal(1, "Internal server error.", 500) if is_bad else response


@objects.on_reply
def bad_names_have_another_code(_: Request, response: Response, state: State) -> Response:
    """A class or field name that is not valid is reported as code 107."""
    return response.with_members(code=107) if response.code in (103, 105, 121) else response


@objects.on_reply
def any_key_will_do(request: Request, response: Response, _: State) -> Response:
    """A request with a wrong key, or with none, is served."""
    is_refused = response.status in (401, 403) and "unauthorized" in str(response.members)
    return answer(200, {"results": []}) if is_refused else response


# ACL


@objects.on_request
def acl_ignored(request: Request, state: State) -> Request | Response:
    """An ACL is ignored when an object is retrieved."""
    return request.as_master(state.master_key) if request.of_class and request.is_fetch else request


@objects.on_request
def acl_ignored_on_update(request: Request, state: State) -> Request | Response:
    """An ACL is ignored when an object is updated."""
    is_meant = request.of_class and request.is_update
    return request.as_master(state.master_key) if is_meant else request


@objects.on_request
def acl_ignored_on_delete(request: Request, state: State) -> Request | Response:
    """An ACL is ignored when an object is deleted."""
    is_meant = request.of_class and request.is_delete
    return request.as_master(state.master_key) if is_meant else request


@objects.on_request
def acl_lost(request: Request, _: State) -> Request | Response:
    """An ACL is not stored."""
    if not (request.of_class and (request.is_create or request.is_update)):
        return request
    kept = {k: v for k, v in request.members.items() if k != "ACL"}
    return request.with_json(kept) if kept != request.members else request


@objects.on_reply
def acl_hidden(request: Request, response: Response, _: State) -> Response:
    """An object does not show its ACL."""
    return (
        response.each_object(lambda row: {k: v for k, v in row.items() if k != "ACL"})
        if reads(request)
        else response
    )


# Batches and other ways to send


@objects.on_request
def batch_is_500(request: Request, _: State) -> Request | Response:
    """Every batch is answered 500 (Parse Server 8.5 and later with npm package router 2.3.0)."""
    is_batch = request.route == "batch"
    return refusal(1, "Internal server error.", 500) if is_batch else request


@objects.on_reply
def batch_is_reversed(request: Request, response: Response, _: State) -> Response:
    """The results of a batch are in reversed order."""
    return response.with_json(response.json[::-1]) if _lists(request, response) else response


@objects.on_reply
def batch_without_its_last(request: Request, response: Response, _: State) -> Response:
    """The last result of a batch is missing."""
    return response.with_json(response.json[:-1]) if _lists(request, response) else response


@objects.on_reply
def batch_fails_as_a_whole(request: Request, response: Response, _: State) -> Response:
    """One failed request of a batch makes the whole batch an error."""
    if not _lists(request, response):
        return response
    errors = [each["error"] for each in response.json if "error" in each]
    return answer(400, errors[0]) if errors else response


@objects.on_reply
def batch_error_looks_like_success(request: Request, response: Response, _: State) -> Response:
    """A failed request of a batch is listed as a success."""
    if not _lists(request, response):
        return response
    return response.with_json([{"success": each.get("success", {})} for each in response.json])


def _lists(request: Request, response: Response) -> bool:
    """Tell whether a reply is the list of results of a batch."""
    value = response.json if request.route == "batch" else None
    return isinstance(value, list) and all(isinstance(each, dict) for each in value)


@objects.on_request
def method_override_ignored(request: Request, _: State) -> Request | Response:
    """_method in a POST is ignored, so SDK clients create objects when they query."""
    if request.verb == request.method:
        return request
    return request.with_json({k: v for k, v in request.members.items() if k != "_method"})


def _answer_from_cache(request: Request, state: State) -> Request | Response:
    if not (request.of_class and request.is_fetch):
        return request
    cached: Response | None = state.memo.get(request.target)
    return cached or request


def _keep_in_cache(request: Request, response: Response, state: State) -> Response:
    if request.of_class and request.is_fetch and response.ok:
        state.memo[request.target] = response
    return response


objects.add(
    "stale-reads",
    "A cache answers what an object was when it was first retrieved, and to everybody.",
    request=_answer_from_cache,
    reply=_keep_in_cache,
)


@objects.on_request
def creates_twice(request: Request, _: State) -> Request | Response:
    """A create is done twice, as by a gateway that retries."""
    return replace(request, times=2) if request.of_class and request.is_create else request


@objects.on_request
def batch_stops_early(request: Request, _: State) -> Request | Response:
    """A batch does only its first 10 requests."""
    wanted = request.members.get("requests")
    if request.route != "batch" or not isinstance(wanted, list):
        return request
    return request.with_json({**request.members, "requests": wanted[:10]})
