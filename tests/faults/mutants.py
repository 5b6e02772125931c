"""Mutants: servers that are wrong all over, so that each check is provably able to fail.

The first family breaks every reply. The second, ``last-…``, breaks only the last exchange of
each check: what a check sets up works, so that it can fail by what it is about and nothing else.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.faults.messages import Request, Response, answer, refusal
from tests.faults.model import Catalogue, OnReply, State

mutants = Catalogue("*", "mutant-")
last = Catalogue("*", "last-")
NOW = "2026-01-01T00:00:00.000Z"


def alter(value: Any) -> Any:
    """Return another value of the same type."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    if isinstance(value, str):
        return f"{value}x"
    return {"altered": True} if value != {"altered": True} else None


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the paths of all values that have no values in them."""
    members = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    found = [place for key, each in members for place in places(each, (*path, key))]
    return found or ([path] if path else [])


def changed_at(value: Any, path: tuple[Any, ...], change: Callable[[Any], Any] | None) -> Any:
    """Return a JSON value with one place changed, or removed if ``change`` is ``None``."""
    key, rest = path[0], path[1:]
    copy: Any = dict(value) if isinstance(value, dict) else list(value)
    if rest:
        copy[key] = changed_at(copy[key], rest, change)
    elif change is None:
        del copy[key]
    else:
        copy[key] = change(copy[key])
    return copy


def at_random(change: Callable[[Any], Any] | None, seed: int) -> OnReply:
    """Return what changes one place of each JSON reply, the same one for the same check."""

    def reply(request: Request, response: Response, state: State) -> Response:
        found = places(response.json)
        if not response.ok or not found:
            return response
        number = state.count(request.check)
        rng = random.Random(f"{seed}/{request.check}/{number}")
        return response.with_json(changed_at(response.json, rng.choice(found), change))

    return reply


def add_field(_: Request, response: Response, state: State) -> Response:
    """Every object that is answered has one more field."""
    if not response.ok:
        return response
    return response.each_object(lambda row: {**row, "added": "by a mutant"})


@mutants.on_reply
def status_202(_: Request, response: Response, state: State) -> Response:
    """Every success is a 202."""
    return response.with_status(202) if response.status in (200, 201) else response


@mutants.on_reply
def other_codes(_: Request, response: Response, state: State) -> Response:
    """Every error has another code."""
    code = response.code
    return response.with_members(code=code + 5000) if isinstance(code, int) else response


@mutants.on_reply
def other_error_status(_: Request, response: Response, state: State) -> Response:
    """Every error has status 418."""
    return response if response.ok or response.status < 400 else response.with_status(418)


@mutants.on_reply
def other_messages(_: Request, response: Response, state: State) -> Response:
    """Every error says something else."""
    has_text = not response.ok and "error" in response.members
    return response.with_members(error="This is a mutant.") if has_text else response


@mutants.on_reply
def errors_are_ok(_: Request, response: Response, state: State) -> Response:
    """Every error is answered 200 and nothing."""
    return response if response.ok or response.status < 400 else answer(200, {})


@mutants.on_request
def everything_is_500(request: Request, _: State) -> Request | Response:
    """Every request is answered 500."""
    return refusal(1, "Internal server error.", 500)


@mutants.on_request
def everything_is_ok(request: Request, _: State) -> Request | Response:
    """Every request is answered 200 and nothing, and nothing is done."""
    return answer(200, {})


@mutants.on_request
def writes_dropped(request: Request, _: State) -> Request | Response:
    """Every write is acknowledged and dropped."""
    if request.is_create and request.of_class:
        return answer(201, {"objectId": "abcdefghij", "createdAt": NOW})
    if request.is_update:
        return answer(200, {"updatedAt": NOW})
    return answer(200, {}) if request.verb == "DELETE" else request


@mutants.on_reply
def nothing_found(request: Request, response: Response, _: State) -> Response:
    """Every query finds nothing."""
    return response.with_rows([]) if response.rows else response


@mutants.on_reply
def bare_headers(_: Request, response: Response, state: State) -> Response:
    """Every reply has no header but its type."""
    kept = tuple(h for h in response.headers if h[0].lower() == "content-type")
    return replace(response, headers=kept)


@mutants.on_request
def everybody_is_master(request: Request, state: State) -> Request | Response:
    """Everybody may do everything."""
    return request.as_master(state.master_key) if request.route else request


@mutants.on_request
def nobody_is_logged_in(request: Request, _: State) -> Request | Response:
    """Every session token is ignored."""
    return request.without_session() if request.session else request


@mutants.on_reply
def binary_garbage(_: Request, response: Response, state: State) -> Response:
    """Every body that is no JSON is something else."""
    is_other = response.json is None and response.ok
    return replace(response, body=b"garbage " + response.body) if is_other else response


@mutants.on_reply
def other_types(_: Request, response: Response, state: State) -> Response:
    """Everything has another content type."""
    if not response.header("Content-Type"):
        return response
    return response.with_headers(Content_Type="application/x-mutant")


mutants.add("field-added", "Every object has one more field.", reply=add_field)
for _seed in (1, 2, 3):
    mutants.add(
        f"value-altered-{_seed}",
        "One value of every JSON reply is another.",
        reply=at_random(alter, _seed),
    )
    mutants.add(
        f"value-dropped-{_seed}",
        "One value of every JSON reply is missing.",
        reply=at_random(None, _seed),
    )


def only_last(change: OnReply, before: int = 0) -> OnReply:
    """Limit a change to the last exchange of each check.

    Args:
        change: The change.
        before: How many exchanges before the last.
    """

    def reply(request: Request, response: Response, state: State) -> Response:
        number = state.count(f"last/{request.check}")
        # Where the number of exchanges is not known, any could be the last.
        wanted = state.exchanges.get(request.check, number + before) - before
        return change(request, response, state) if number == wanted else response

    return reply


def other_status(_: Request, response: Response, state: State) -> Response:
    """Return a reply with a status that nobody expects."""
    return response.with_status(202 if response.status < 400 else 418)


def other_code(_: Request, response: Response, state: State) -> Response:
    """Return an error with another code, anything else as it is."""
    code = response.members.get("code")
    return response.with_members(code=code + 5000) if isinstance(code, int) else response


def all_altered(_: Request, response: Response, state: State) -> Response:
    """Return a reply with every value in it altered, ids and times as well."""
    value = response.json
    for place in places(value):
        value = changed_at(value, place, alter)
    return response.with_json(value) if value is not None else response


def emptied(_: Request, response: Response, state: State) -> Response:
    """Return a reply without anything in it."""
    return response.with_json({}) if response.json is not None else replace(response, body=b"")


last.add("status", "The last reply of a check has another status.", reply=only_last(other_status))
last.add("code", "The last error of a check has another code.", reply=only_last(other_code))
last.add("field-added", "The last object has one more field.", reply=only_last(add_field))
last.add("all-altered", "Every value of the last reply is another.", reply=only_last(all_altered))
last.add("emptied", "The last reply of a check is empty.", reply=only_last(emptied))
for _seed in (1, 2):
    last.add(
        f"value-altered-{_seed}",
        "One value of the last reply is another.",
        reply=only_last(at_random(alter, _seed)),
    )
    last.add(
        f"value-dropped-{_seed}",
        "One value of the last reply is missing.",
        reply=only_last(at_random(None, _seed)),
    )

for _change, _name, _seen in (
    (other_status, "status", "The last reply but one has another status."),
    (all_altered, "all-altered", "Every value of the last reply but one is another."),
):
    last.add(f"but-one-{_name}", _seen, reply=only_last(_change, before=1))
