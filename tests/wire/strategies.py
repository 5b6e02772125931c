"""Hypothesis strategies for Parse values."""

from __future__ import annotations

import string
from typing import Any

from hypothesis import strategies as st

from parity.wire import Bytes, Date, File, GeoPoint, ParseObject, Pointer, Polygon, Relation

FIRST_YEAR_MS = -62_135_596_800_000
LAST_YEAR_MS = 253_402_300_799_999

names = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,12}", fullmatch=True)
object_ids = st.text(string.ascii_letters + string.digits, min_size=10, max_size=10)
numbers = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
scalars = st.none() | st.booleans() | numbers | st.text()
dates = st.integers(FIRST_YEAR_MS, LAST_YEAR_MS).map(Date)
pointers = st.builds(Pointer, names, object_ids)
corners = st.tuples(numbers, numbers)
typed = st.one_of(
    dates,
    pointers,
    st.builds(Relation, names),
    st.builds(GeoPoint, numbers, numbers),
    st.builds(Polygon, st.lists(corners, min_size=3).map(tuple)),
    st.builds(File, st.text(min_size=1), st.none() | st.text()),
    st.builds(Bytes, st.binary()),
)


def _containers(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    fields = st.dictionaries(names, inner, max_size=4)
    without_class = fields.map(lambda each: {k: v for k, v in each.items() if k != "className"})
    return st.lists(inner, max_size=4) | fields | st.builds(ParseObject, names, without_class)


values = st.recursive(scalars | typed, _containers, max_leaves=12)
json_values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
