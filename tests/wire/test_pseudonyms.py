from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.wire import TokenFormat, is_installation_id, token_format
from parity.wire.ids import INSTALLATION_ID, SESSION_TOKENS
from parity.wire.pseudonyms import Pseudonyms

ONE = Pseudonyms(b"one key of the tests")
OTHER = Pseudonyms(b"another key of the tests")
EMAIL = r"[a-z]{1,8}(\.[a-z]{1,8})?@[a-z]{1,8}\.(com|org)"
HEX_64 = r"[0-9a-f]{64}"
PHONE = r"\+(1|49|44)[0-9]{8,10}"
FORMS = [*(pattern.pattern for pattern in SESSION_TOKENS.values()), INSTALLATION_ID.pattern]
shaped = st.one_of(
    *(st.from_regex(form, fullmatch=True) for form in (*FORMS, EMAIL, HEX_64, PHONE))
)


@given(shaped | st.text(min_size=1))
def test_a_stand_in_replaces_the_value_and_stays(value: str) -> None:
    stand_in = ONE.of(value)

    assert stand_in != value
    assert ONE.of(stand_in) == stand_in


@given(st.lists(shaped | st.text(), unique=True))
def test_different_values_have_different_stand_ins(values: list[str]) -> None:
    assert len({ONE.of(value) for value in values}) == len(values)


@given(shaped)
def test_equal_values_have_equal_stand_ins_under_one_key_only(value: str) -> None:
    assert ONE.of(value) == Pseudonyms(b"one key of the tests").of(value)
    assert ONE.of(value) != OTHER.of(value)


@given(st.sampled_from(TokenFormat), st.data())
def test_a_session_token_keeps_its_format(name: TokenFormat, data: st.DataObject) -> None:
    token = data.draw(st.from_regex(SESSION_TOKENS[name], fullmatch=True))

    assert token_format(ONE.of(token)) is name


@pytest.mark.parametrize("form", [EMAIL, HEX_64, PHONE])
@given(st.data())
def test_other_formats_stay_valid(form: str, data: st.DataObject) -> None:
    stand_in = ONE.of(data.draw(st.from_regex(form, fullmatch=True)))

    if form == EMAIL:
        assert re.fullmatch(r"[0-9a-f]+@redacted\.example", stand_in)
    elif form == PHONE:
        assert re.fullmatch(r"\+999\d{12}", stand_in)
    else:
        assert re.fullmatch(form, stand_in)


@given(st.from_regex(INSTALLATION_ID, fullmatch=True))
def test_a_uuid_stays_a_uuid(value: str) -> None:
    assert is_installation_id(ONE.of(value))


@given(st.text(min_size=1))
def test_a_phone_number_in_any_notation_becomes_an_unassigned_one(value: str) -> None:
    stand_in = ONE.phone(value)

    assert re.fullmatch(r"\+999\d{12}", stand_in)
    assert ONE.phone(stand_in) == stand_in


@given(st.integers() | st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_becomes_a_number_that_json_holds_exactly(value: float) -> None:
    stand_in = ONE.number(value)

    assert len(str(stand_in)) == 15
    assert int(float(stand_in)) == stand_in
    assert ONE.number(stand_in) == stand_in


def test_the_empty_string_stays() -> None:
    assert ONE.of("") == ONE.phone("") == ""


@pytest.mark.parametrize("length", [0, 15])
def test_a_short_key_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="at least 16 bytes"):
        Pseudonyms(b"k" * length)


def test_a_long_key_counts_whole() -> None:
    assert Pseudonyms(b"k" * 64 + b"1").of("x") != Pseudonyms(b"k" * 64 + b"2").of("x")
