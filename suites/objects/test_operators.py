from __future__ import annotations

from typing import Any

import pytest

from parity.compare import a_date, an_object_id
from parity.plugin.expect import Expect
from parity.plugin.fixtures import NewClass
from parity.targets import ParseClient

pytestmark = [pytest.mark.area("objects")]

DELETE = {"__op": "Delete"}
SUMS: dict[str, tuple[float, float, float]] = {
    "minus_one": (1, -1, 0),
    "below_zero": (-5, -100, -105),
    "zero": (7, 0, 7),
    "fraction": (1, 0.5, 1.5),
    "fraction_on_fraction": (0.25, 0.5, 0.75),
    "beyond_32_bits": (2**31 - 1, 1, 2**31),
    "to_53_bits": (2**53 - 2, 1, 2**53 - 1),
}
"""Start, amount and result."""


def increment(amount: Any) -> dict[str, Any]:
    """Return the operator Increment."""
    return {"__op": "Increment", "amount": amount}


@pytest.mark.spec("rest/objects#counters")
def test_increment_adds_and_answers_the_new_value(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """Increment adds its amount; the reply carries the new value and updatedAt (recorded)."""
    game_score = new_class("GameScore")
    created = parse.create(game_score, {"score": 1, "other": "kept"})
    updated = parse.update(game_score, created["objectId"], {"score": increment(1)})
    expect.body(updated, {"score": 2, "updatedAt": a_date}, status=200)
    expect.body(
        parse.fetch(game_score, created["objectId"]),
        {"score": 2, "other": "kept", **created.json, "updatedAt": updated["updatedAt"]},
    )


@pytest.mark.spec("rest/objects#counters")
def test_increment_by_any_number(parse: ParseClient, expect: Expect, new_class: NewClass) -> None:
    """Increment takes negative numbers, zero and fractions, and is exact up to 53 bits."""
    game_score = new_class("GameScore")
    created = parse.create(game_score, {name: start for name, (start, _, _) in SUMS.items()})
    amounts = {name: increment(amount) for name, (_, amount, _) in SUMS.items()}
    results = {name: result for name, (_, _, result) in SUMS.items()}
    updated = parse.update(game_score, created["objectId"], amounts)
    expect.body(updated, {**results, "updatedAt": a_date}, status=200)
    expect.contains(parse.fetch(game_score, created["objectId"]), results, status=200)


@pytest.mark.spec("rest/objects#counters")
def test_increment_of_a_missing_field_starts_at_zero(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """Increment on a field that is not there sets it to the amount."""
    game_score = new_class("GameScore")
    created = parse.create(game_score, {})
    updated = parse.update(game_score, created["objectId"], {"score": increment(3)})
    expect.body(updated, {"score": 3, "updatedAt": a_date}, status=200)
    expect.contains(parse.fetch(game_score, created["objectId"]), {"score": 3})


@pytest.mark.spec("rest/objects#counters", "rest/errors#push-related-errors")
def test_increment_of_a_string_is_111(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """Increment on a string is refused with code 111 and changes nothing."""
    game_score = new_class("GameScore")
    created = parse.create(game_score, {"score": "many"})
    expect.error(parse.update(game_score, created["objectId"], {"score": increment(1)}), 111)
    expect.contains(parse.fetch(game_score, created["objectId"]), {"score": "many"})


@pytest.mark.level("may")
@pytest.mark.spec("rest/objects#counters")
@pytest.mark.parametrize(
    "operator",
    [
        pytest.param(increment("3"), id="string"),
        pytest.param(increment(None), id="null"),
        pytest.param({"__op": "Increment"}, id="none"),
    ],
)
def test_increment_by_something_else_than_a_number_is_107(
    parse: ParseClient, expect: Expect, new_class: NewClass, operator: dict[str, Any]
) -> None:
    """Increment with an amount that is not a number is refused with code 107."""
    game_score = new_class("GameScore")
    created = parse.create(game_score, {"score": 1})
    expect.error(parse.update(game_score, created["objectId"], {"score": operator}), 107)
    expect.contains(parse.fetch(game_score, created["objectId"]), {"score": 1})


@pytest.mark.level("may")
@pytest.mark.spec("rest/objects#counters")
def test_increment_inside_an_object(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """Increment on a dotted key changes one number inside an object and leaves the others."""
    game_score = new_class("GameScore")
    created = parse.create(game_score, {"wins": {"home": 1, "away": 5}})
    updated = parse.update(game_score, created["objectId"], {"wins.home": increment(3)})
    expect.status(updated, 200)
    found = parse.fetch(game_score, created["objectId"])
    expect.contains(found, {"wins": {"home": 4, "away": 5}})


@pytest.mark.level("may")
@pytest.mark.spec("rest/objects#counters")
def test_increment_in_a_create(parse: ParseClient, expect: Expect, new_class: NewClass) -> None:
    """Increment in a POST stores the amount, and the reply carries it."""
    game_score = new_class("GameScore")
    created = parse.create(game_score, {"score": increment(3)})
    expect.body(created, {"score": 3, "objectId": an_object_id, "createdAt": a_date}, status=201)
    expect.contains(parse.fetch(game_score, created["objectId"]), {"score": 3})


@pytest.mark.spec("rest/objects#deleting-objects")
def test_delete_operator_removes_one_field(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """Delete removes a field; the reply has updatedAt alone and the key is gone, not null."""
    game_score = new_class("GameScore")
    created = parse.create(game_score, {"opponents": ["a"], "score": 1})
    updated = parse.update(game_score, created["objectId"], {"opponents": DELETE})
    expect.body(updated, {"updatedAt": a_date}, status=200)
    row = {"score": 1, **created.json, **updated.json}
    expect.body(parse.fetch(game_score, created["objectId"]), row)


@pytest.mark.spec("rest/objects#deleting-objects")
def test_delete_operator_on_a_missing_field(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """Delete of a field that is not there succeeds and leaves nothing behind."""
    game_score = new_class("GameScore")
    created = parse.create(game_score, {"score": 1})
    updated = parse.update(game_score, created["objectId"], {"opponents": DELETE})
    expect.body(updated, {"updatedAt": a_date}, status=200)
    row = {"score": 1, **created.json, **updated.json}
    expect.body(parse.fetch(game_score, created["objectId"]), row)


@pytest.mark.spec("rest/objects#deleting-objects")
def test_null_is_not_the_delete_operator(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """A field set to null stays, with null; after Delete a query finds it missing."""
    game_score = new_class("GameScore")
    null = parse.create(game_score, {"score": 1})
    gone = parse.create(game_score, {"score": 1})
    expect.status(parse.update(game_score, null["objectId"], {"score": None}), 200)
    expect.status(parse.update(game_score, gone["objectId"], {"score": DELETE}), 200)
    expect.contains(parse.fetch(game_score, null["objectId"]), {"score": None})
    expect.absent(parse.fetch(game_score, gone["objectId"]), "score")


@pytest.mark.spec("rest/objects#deleting-objects")
def test_field_can_be_set_again_after_delete(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """A field that was deleted can be set again."""
    game_score = new_class("GameScore")
    created = parse.create(game_score, {"score": 1})
    expect.status(parse.update(game_score, created["objectId"], {"score": DELETE}), 200)
    expect.status(parse.update(game_score, created["objectId"], {"score": 5}), 200)
    expect.contains(parse.fetch(game_score, created["objectId"]), {"score": 5})


@pytest.mark.spec("rest/objects#counters", "rest/objects#arrays", "rest/objects#deleting-objects")
def test_several_operators_in_one_update(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """One PUT may hold several operators and plain values; all of them take effect."""
    game_score = new_class("GameScore")
    created = parse.create(
        game_score, {"score": 1, "log": [1], "tags": [1], "bad": [1, 2], "old": "x", "kept": True}
    )
    updated = parse.update(
        game_score,
        created["objectId"],
        {
            "score": increment(1),
            "log": {"__op": "Add", "objects": [2]},
            "tags": {"__op": "AddUnique", "objects": [1, 2]},
            "bad": {"__op": "Remove", "objects": [1]},
            "old": DELETE,
            "name": "new",
        },
    )
    changed = {"score": 2, "log": [1, 2], "tags": [1, 2], "bad": [2]}
    expect.body(updated, {**changed, "updatedAt": a_date}, status=200)
    expect.body(
        parse.fetch(game_score, created["objectId"]),
        {
            **changed,
            "name": "new",
            "kept": True,
            **created.json,
            "updatedAt": updated["updatedAt"],
        },
    )
