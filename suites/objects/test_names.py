from __future__ import annotations

from typing import Any

import pytest

from parity.plugin.expect import Expect
from parity.plugin.fixtures import NewClass
from parity.targets import ParseClient

pytestmark = [pytest.mark.area("objects")]

BAD_KEYS = {
    "punctuation": "bl!ng",
    "dash": "play-er",
    "space": "player name",
    "digit-first": "1st",
    "underscore-first": "_score",
    "dollar-first": "$set",
    "accent": "gr\u00fc\u00dfe",
    "empty": "",
}
BAD_INNER: dict[str, Any] = {
    "dollar-first": {"inner": {"$set": 1}},
    "dollar-inside": {"inner": {"a$b": 1}},
    "dot": {"inner": {"a.b": 1}},
    "in-an-array": {"list": [{"ok": 1}, {"$set": 1}]},
    "dot-in-an-array": {"list": [{"a.b": 1}]},
}


@pytest.mark.spec("rest/errors#api-issues", "rest/objects#object-format")
@pytest.mark.parametrize("key", BAD_KEYS.values(), ids=BAD_KEYS.keys())
def test_bad_key_is_105_and_stores_nothing(
    parse: ParseClient, expect: Expect, new_class: NewClass, key: str
) -> None:
    """A key that is not a letter followed by letters, digits and _ is refused with code 105."""
    game_score = new_class("GameScore")
    expect.error(parse.create(game_score, {"score": 1, key: "x"}), 105)
    expect.body(parse.find(game_score), {"results": []}, status=200)


@pytest.mark.spec("rest/errors#api-issues", "rest/objects#object-format")
def test_bad_key_in_an_update_is_105_and_changes_nothing(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """A PUT with a bad key is refused with code 105 and writes none of its keys."""
    game_score = new_class("GameScore")
    created = parse.create(game_score, {"score": 1})
    reply = parse.update(game_score, created["objectId"], {"score": 2, "bl!ng": 3})
    expect.error(reply, 105)
    row = {"score": 1, **created.json, "updatedAt": created["createdAt"]}
    expect.body(parse.fetch(game_score, created["objectId"]), row)


@pytest.mark.level("should")
@pytest.mark.spec("rest/quick-reference#response-format")
def test_message_names_the_bad_key(parse: ParseClient, expect: Expect, new_class: NewClass) -> None:
    """The message for a bad key is the documented one: invalid field name: bl!ng."""
    reply = parse.create(new_class("GameScore"), {"bl!ng": 1})
    expect.error(reply, 105, message="invalid field name: bl!ng")


@pytest.mark.spec("rest/errors#api-issues", "rest/objects#object-format")
def test_key_with_a_dot_is_105(parse: ParseClient, expect: Expect, new_class: NewClass) -> None:
    """A key with a dot is refused with code 105."""
    # The error of some servers ends the connection, which nobody else should meet.
    reply = parse.post(
        f"classes/{new_class('GameScore')}", {"a.b": "x"}, headers={"Connection": "close"}
    )
    expect.error(reply, 105)


@pytest.mark.spec("rest/objects#object-format")
def test_object_id_cannot_be_chosen(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """A POST that sets the reserved objectId is refused with code 105 and stores nothing."""
    game_score = new_class("GameScore")
    expect.error(parse.create(game_score, {"objectId": "Ed1nuqPvcm", "score": 1}), 105)
    expect.body(parse.find(game_score), {"results": []}, status=200)


@pytest.mark.spec("rest/errors#api-issues")
@pytest.mark.parametrize("fields", BAD_INNER.values(), ids=BAD_INNER.keys())
def test_bad_inner_key_is_121_and_stores_nothing(
    parse: ParseClient, expect: Expect, new_class: NewClass, fields: dict[str, Any]
) -> None:
    """A key inside an object that holds $ or a dot is refused with code 121."""
    game_score = new_class("GameScore")
    expect.error(parse.create(game_score, fields), 121)
    expect.body(parse.find(game_score), {"results": []}, status=200)


@pytest.mark.spec("rest/errors#api-issues")
def test_bad_key_deep_inside_is_121(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """A key with $ three levels deep is refused with code 121, like one at the first level."""
    reply = parse.post(
        f"classes/{new_class('GameScore')}",
        {"inner": {"a": {"b": {"$set": 1}}}},
        headers={"Connection": "close"},
    )
    expect.error(reply, 121)


@pytest.mark.spec("rest/objects#object-format")
def test_keys_are_case_sensitive(parse: ParseClient, expect: Expect, new_class: NewClass) -> None:
    """Keys that differ only in case are two keys, with two types."""
    game_score = new_class("GameScore")
    fields = {"score": 1, "Score": "one", "SCORE": [1], "s_1": True, "s" * 60: 2}
    created = parse.create(game_score, fields)
    expect.status(created, 201)
    expect.body(
        parse.fetch(game_score, created["objectId"]),
        {**fields, **created.json, "updatedAt": created["createdAt"]},
    )


@pytest.mark.spec("rest/errors#api-issues")
def test_class_names_are_case_sensitive(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """An object of one class is not found under a name that differs only in case."""
    game_score = new_class("GameScore")
    created = parse.create(game_score, {"score": 1})
    expect.status(created, 201)
    other = game_score[:-1].swapcase() + game_score[-1]
    expect.error(parse.fetch(other, created["objectId"]), 101, status=404)


@pytest.mark.level("should")
@pytest.mark.requires("client_class_creation")
@pytest.mark.spec("rest/errors#api-issues")
@pytest.mark.parametrize(
    "suffix",
    [
        pytest.param("-Bar", id="dash"),
        pytest.param(" Bar", id="space"),
        pytest.param("\u00fc", id="accent"),
        pytest.param("!", id="punctuation"),
    ],
)
def test_bad_class_name_is_103(
    parse: ParseClient, expect: Expect, new_class: NewClass, suffix: str
) -> None:
    """A class name with other characters than letters, digits and _ is refused with code 103."""
    expect.error(parse.create(new_class("Foo") + suffix, {"score": 1}), 103)


@pytest.mark.level("should")
@pytest.mark.effect("destructive")  # a server that takes the name stores outside the run's names
@pytest.mark.requires("client_class_creation")
@pytest.mark.spec("rest/errors#api-issues", "rest/objects#data-types")
@pytest.mark.parametrize(
    "prefix", [pytest.param("1", id="digit"), pytest.param("_", id="underscore")]
)
def test_class_name_must_start_with_a_letter(
    parse: ParseClient, expect: Expect, new_class: NewClass, prefix: str
) -> None:
    """A class name that starts with a digit or an underscore is refused with code 103."""
    expect.error(parse.create(prefix + new_class("Foo"), {"score": 1}), 103)
