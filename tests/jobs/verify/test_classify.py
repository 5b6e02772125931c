"""Two documents, field by field: any change is found with its path and its kind."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from bson import SON, Binary, Decimal128, Int64, MaxKey, ObjectId, Regex, Timestamp, encode
from hypothesis import given, settings
from hypothesis import strategies as st

from parity.jobs.verify.bsonraw import BadBson, elements, raw_id
from parity.jobs.verify.classify import classify
from parity.jobs.verify.codes import CODES
from parity.model import Kind
from tests.examples import examples

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
NUMBERS = st.one_of(
    st.integers(-(2**31), 2**31 - 1),
    st.integers(-(2**63), 2**63 - 1).map(Int64),
    st.floats(),
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    NUMBERS,
    NAMES,
    st.binary(max_size=12),
    st.builds(Binary, st.binary(max_size=8), st.integers(6, 120)),
    st.integers(0, 2**32).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
    st.binary(min_size=12, max_size=12).map(ObjectId),
    st.integers(0, 10**20).map(lambda n: Decimal128(str(n))),
    st.builds(Timestamp, st.integers(0, 2**31), st.integers(0, 2**31)),
    st.just(MaxKey()),
    st.just(Regex("a.*", "i")),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(NAMES, inner, max_size=4)),
    max_leaves=12,
)
DOCUMENTS = st.dictionaries(NAMES.filter(lambda name: name != "_id"), VALUES, max_size=6)


def with_id(document: dict[str, Any]) -> bytes:
    return encode({"_id": "abcdefghij", **document})


def one_difference(
    expected: bytes, actual: bytes, collection: str = "Game"
) -> tuple[str, str, Kind]:
    found = classify(collection, expected, actual)
    assert found.id == "abcdefghij"
    (difference,) = found.differences
    return found.code, difference.path, difference.kind


@settings(max_examples=examples(40))
@given(DOCUMENTS, NAMES, st.data())
def test_a_changed_field_is_found_with_its_path(
    document: dict[str, Any], name: str, data: st.DataObject
) -> None:
    name = f"f{name.encode().hex()}"
    before, after = data.draw(SCALARS), data.draw(SCALARS)
    expected, actual = with_id({**document, name: before}), with_id({**document, name: after})
    if expected == actual:
        return
    code, path, kind = one_difference(expected, actual)

    assert path == name
    assert kind in (Kind.VALUE, Kind.TYPE)
    same_number = (
        isinstance(before, int | float)
        and isinstance(after, int | float)
        and not isinstance(before, bool)
        and not isinstance(after, bool)
        and before == after
        and type(before) is not type(after)
        and "-0.0" not in (repr(before), repr(after))
    )
    assert code == ("VER-TYPE" if same_number else "VER-CHANGED")


@settings(max_examples=examples(40))
@given(DOCUMENTS, st.lists(st.sampled_from("abc"), min_size=1, max_size=4), SCALARS, SCALARS)
def test_a_change_deep_inside_is_found_with_its_path(
    document: dict[str, Any], way: list[str], before: Any, after: Any
) -> None:
    def nested(value: Any) -> dict[str, Any]:
        for step in reversed(way):
            value = {"x": 1, step: [True, value]}
        return {**document, "top": value}

    expected, actual = with_id(nested(before)), with_id(nested(after))
    if expected == actual:
        return
    _, path, _ = one_difference(expected, actual)

    assert path == "top" + "".join(f".{step}[1]" for step in way)


@settings(max_examples=examples(40))
@given(DOCUMENTS, VALUES)
def test_a_lost_and_an_added_field_are_found(document: dict[str, Any], value: Any) -> None:
    whole, part = with_id({**document, "lost_field": value}), with_id(document)

    assert one_difference(whole, part) == ("VER-CHANGED", "lost_field", Kind.MISSING)
    assert one_difference(part, whole) == ("VER-CHANGED", "lost_field", Kind.EXTRA)


@settings(max_examples=examples(40))
@given(DOCUMENTS.filter(lambda each: len(each) > 1))
def test_another_order_of_fields_is_only_that(document: dict[str, Any]) -> None:
    other = dict(reversed(document.items()))

    assert one_difference(with_id(document), with_id(other)) == ("VER-ORDER", "", Kind.ORDER)


@settings(max_examples=examples(40))
@given(DOCUMENTS, st.data())
def test_one_bit_of_a_binary_is_found(document: dict[str, Any], data: st.DataObject) -> None:
    raw = data.draw(st.binary(min_size=1, max_size=50))
    bit = data.draw(st.integers(0, len(raw) * 8 - 1))
    other = bytearray(raw)
    other[bit // 8] ^= 1 << bit % 8
    left, right = ({**document, "blob": Binary(bytes(each))} for each in (raw, other))

    assert one_difference(with_id(left), with_id(right)) == ("VER-CHANGED", "blob", Kind.VALUE)


@pytest.mark.parametrize(
    ("before", "after", "code", "kind"),
    [
        (1, Int64(1), "VER-TYPE", Kind.TYPE),
        (1, 1.0, "VER-TYPE", Kind.TYPE),
        (Int64(2**53), float(2**53), "VER-TYPE", Kind.TYPE),
        (Int64(2**53 + 1), float(2**53), "VER-CHANGED", Kind.TYPE),
        (0, -0.0, "VER-CHANGED", Kind.TYPE),
        (0.0, -0.0, "VER-CHANGED", Kind.VALUE),
        (1, Decimal128("1"), "VER-CHANGED", Kind.TYPE),
        (Decimal128("1.0"), Decimal128("1.00"), "VER-CHANGED", Kind.VALUE),
        (1, True, "VER-CHANGED", Kind.TYPE),
        (1, "1", "VER-CHANGED", Kind.TYPE),
        (None, False, "VER-CHANGED", Kind.TYPE),
        ([], {}, "VER-CHANGED", Kind.TYPE),
        ("caf\u00e9", "cafe\u0301", "VER-CHANGED", Kind.VALUE),
        (b"x", Binary(b"x", 128), "VER-CHANGED", Kind.VALUE),
        ([1, 2], [2, 1], "VER-CHANGED", Kind.ORDER),
    ],
)
def test_what_looks_alike_is_told_apart(before: Any, after: Any, code: str, kind: Kind) -> None:
    found = one_difference(with_id({"field": before}), with_id({"field": after}))

    assert found == (code, "field", kind)


def test_an_array_that_lost_its_end_says_which_element() -> None:
    found = one_difference(with_id({"list": [1, 2, 3]}), with_id({"list": [1, 2]}))

    assert found == ("VER-CHANGED", "list[2]", Kind.MISSING)


def test_permissions_alone_are_their_own_code() -> None:
    left, right = with_id({"_rperm": ["*"], "a": 1}), with_id({"_rperm": ["role:x"], "a": 1})

    assert one_difference(left, right)[0] == "VER-ACL"
    both = with_id({"_rperm": ["role:x"], "a": 2})
    assert classify("Game", left, both).code == "VER-CHANGED"


@pytest.mark.parametrize(
    ("collection", "path", "code"),
    [
        ("_SCHEMA", ("_metadata", "class_permissions"), "VER-CLP"),
        ("_SCHEMA", ("score",), "VER-SCHEMA"),
        ("_SCHEMA", ("_metadata", "indexes"), "VER-SCHEMA-INDEXES"),
        ("_SCHEMA", ("_metadata", "indexes", "score_-1"), "VER-SCHEMA-INDEXES"),
        ("_SCHEMA", ("_metadata", "indexesOfMine"), "VER-SCHEMA"),
        ("_SCHEMA", ("_metadata", "fields_options"), "VER-SCHEMA"),
        ("_Join:users:_Role", ("relatedId",), "VER-JOIN"),
    ],
)
def test_special_collections_have_codes_of_their_own(
    collection: str, path: tuple[str, ...], code: str
) -> None:
    def document(value: Any) -> bytes:
        for step in reversed(path):
            value = {step: value}
        return with_id(value)

    assert classify(collection, document("one"), document("other")).code == code


def test_a_field_that_is_there_twice_is_compared_twice() -> None:
    one, other = encode(SON([("_id", "x"), ("a", 1)])), encode({"a": 2})
    body = one[4:-1] + other[4:-1]
    twice = (len(body) + 5).to_bytes(4, "little") + body + b"\0"
    found = classify("Game", twice, one)

    assert [difference.path for difference in found.differences] == ["['a#2']"]


def test_many_differences_are_counted_and_the_first_kept() -> None:
    left = with_id({f"f{n}": n for n in range(80)})
    right = with_id({f"f{n}": -n - 1 for n in range(80)})
    found = classify("Game", left, right)

    assert (len(found.differences), found.more) == (50, 30)


@settings(max_examples=examples(40))
@given(DOCUMENTS)
def test_elements_are_those_of_the_driver(document: dict[str, Any]) -> None:
    raw = with_id(document)

    assert [element.key.decode() for element in elements(raw)] == ["_id", *document]
    rebuilt = b"".join(bytes([e.type]) + e.key + b"\0" + e.value for e in elements(raw))
    assert rebuilt == raw[4:-1]


@settings(max_examples=examples(40))
@given(st.binary(max_size=40))
def test_bytes_that_are_no_bson_are_refused_or_end(raw: bytes) -> None:
    with suppress(BadBson):
        assert len(list(elements(raw))) <= len(raw)


def test_a_document_without_an_id_is_refused() -> None:
    with pytest.raises(BadBson, match="without _id"):
        raw_id(encode({"a": 1}))


def test_every_code_says_what_and_what_to_do() -> None:
    for name, code in CODES.items():
        assert name == code.id
        assert code.id.startswith("VER-")
        assert all(text.endswith((".", ")")) for text in (code.title, code.cause, code.remedy))
