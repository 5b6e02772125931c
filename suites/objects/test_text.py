from __future__ import annotations

from collections.abc import Callable

import pytest

from parity.plugin.expect import Expect
from parity.plugin.fixtures import NewClass
from parity.targets import ParseClient

pytestmark = [
    pytest.mark.area("objects"),
    pytest.mark.spec("rest/objects#object-format"),
]

TEXTS = {
    "empty": "",
    "spaces": "  a\u00a0b  ",
    "latin": "Grüße, señor",
    "astral": "\U0001f469\u200d\U0001f680 \U0001f1f3\U0001f1ff \U0001d11e",
    "right_to_left": "\u05e9\u05dc\u05d5\u05dd \u0627\u0644\u0639\u0631\u0628 \u200f\u202e",
    "cjk": "\u6f22\u5b57\u4eee\u540d \uac00\ub098\ub2e4 \U00020bb7",
    "line_separators": "a\nb\r\nc\u2028d\u2029e",
    "controls": "\t\b\f\u0001\u001f\u007f",
    "json_specials": '"quoted" \\ / </script> \\u0041',
    "byte_order_mark": "\ufeffa\ufeff",
    "mongo_specials": "$set a.b $ .",
    "like_a_date": "2016-01-28T00:00:00.000Z",
    "like_base64": "VGhpcyBpcyBhbiBlbmNvZGVkIHN0cmluZw==",
    "long": "\u00e9\U0001f600x" * 3000,
}


def test_text_is_returned_exactly(round_trip: Callable[..., None]) -> None:
    """Strings come back code point by code point: in fields, in objects and in arrays."""
    round_trip({**TEXTS, "inner": TEXTS, "list": list(TEXTS.values()), "deep": [[TEXTS]]})


def test_normal_forms_are_kept_apart(round_trip: Callable[..., None]) -> None:
    """Composed and decomposed letters are not normalised into each other."""
    round_trip({"composed": "\u00e9", "decomposed": "e\u0301", "both": ["\u00e9", "e\u0301"]})


def test_escaped_and_plain_unicode_are_one_string(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """A JSON body may write letters as escapes, with surrogate pairs; the value is the same."""
    class_name = new_class("Value")
    created = parse.post(
        f"classes/{class_name}",
        data=b'{"text": "\\u00e9 \\ud83d\\ude00"}',
        headers={"Content-Type": "application/json"},
    )
    expect.status(created, 201)
    found = parse.fetch(class_name, created["objectId"])
    expect.contains(found, {"text": "\u00e9 \U0001f600"}, status=200)


def test_text_in_a_query_matches_itself(
    parse: ParseClient, expect: Expect, new_class: NewClass
) -> None:
    """A query for a string with accents and emoji finds the object that holds it, and no other."""
    class_name = new_class("Value")
    wanted = parse.create(class_name, {"text": "\u00e9\U0001f600+&=%"})
    parse.create(class_name, {"text": "e\u0301\U0001f600+&=%"})
    expect.ids(parse.find(class_name, {"text": "\u00e9\U0001f600+&=%"}), [wanted["objectId"]])


def test_keys_of_inner_objects_may_be_any_text(round_trip: Callable[..., None]) -> None:
    """Inside an object, keys may hold spaces, digits first, accents and emoji."""
    round_trip({"inner": {"a b": 1, "1st": 2, "\u00fc": 3, "\U0001f600": 4, "a-b!": {"_c": 5}}})


@pytest.mark.level("may")
def test_nul_is_kept(round_trip: Callable[..., None]) -> None:
    """A string may hold the character U+0000."""
    round_trip({"text": "a\u0000b", "list": ["\u0000"]})


@pytest.mark.level("should")
@pytest.mark.spec("rest/errors#api-issues")
def test_invalid_utf8_is_refused(parse: ParseClient, expect: Expect, new_class: NewClass) -> None:
    """A body that is not UTF-8 is refused with code 107 instead of being stored altered."""
    class_name = new_class("Value")
    reply = parse.post(
        f"classes/{class_name}",
        data=b'{"text": "caf\xe9"}',
        headers={"Content-Type": "application/json", "Connection": "close"},
    )
    expect.error(reply, 107)
