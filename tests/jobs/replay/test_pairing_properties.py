"""Renaming changes nothing, and any single change is reported at its path."""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from parity.compare.values import child
from parity.jobs.replay.pairing import Pairing
from parity.model import Kind
from tests.examples import examples
from tests.jobs.replay.minted import BASE, FILES, IDS, RENAMED, TOKENS, renamed
from tests.jobs.replay.recorded import iso, pairing, paths

NAMES = st.sampled_from(["title", "n", "list", "meta", "a b", "name", "url", "iso"])
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-9, 9)
    | st.floats(-1e6, 1e6, allow_nan=False)
    | st.text("xyz \n", max_size=3)
)
POINTERS = st.builds(
    lambda each: {"__type": "Pointer", "className": "Post", "objectId": each}, st.sampled_from(IDS)
)
STORED = st.builds(
    lambda each: {"__type": "File", "name": each, "url": BASE + each}, st.sampled_from(FILES)
)
DATES = st.builds(lambda: {"__type": "Date", "iso": "2001-02-03T04:05:06.007Z"})
POINTS = st.builds(lambda: {"__type": "GeoPoint", "latitude": 1.5, "longitude": -2})
ACLS = st.dictionaries(
    st.sampled_from([*IDS[:3], "*", "role:Admin"]),
    st.fixed_dictionaries({}, optional={"read": st.just(value=True), "write": st.just(value=True)}),
)
FIELDS = st.recursive(
    SCALARS | POINTERS | STORED | DATES | POINTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)


def row(object_id: str, fields: dict[str, Any], acl: dict[str, Any] | None) -> dict[str, Any]:
    """Return an object; its times follow from its id, as those of one object always do."""
    number = IDS.index(object_id)
    found = {"objectId": object_id, "createdAt": iso(number), "updatedAt": iso(20 + number)}
    return found | fields | ({} if acl is None else {"ACL": acl})


ROWS = st.builds(
    row, st.sampled_from(IDS), st.dictionaries(NAMES, FIELDS, max_size=4), st.none() | ACLS
)
SESSIONS = st.builds(
    lambda one, token: one | {"sessionToken": token}, ROWS, st.sampled_from(TOKENS)
)
RESPONSES = (
    ROWS
    | SESSIONS
    | st.builds(lambda each: {"result": each}, FIELDS | st.lists(ROWS, max_size=3))
    | st.builds(lambda one, other: one | {"author": other}, ROWS, ROWS)
)


def new_pairing() -> Pairing:
    """Return a pairing that knows nothing."""
    with tempfile.TemporaryDirectory() as folder:
        return pairing(Path(folder))


@given(RESPONSES)
def test_renaming_everything_that_is_minted_changes_nothing(response: Any) -> None:
    pair = new_pairing()
    for id_ in IDS[:3]:
        # Nobody signs up in an ACL: its users were minted by an earlier exchange.
        pair.bindings.bind(id_, renamed(id_))
    pair.values(response, renamed(response), "$")
    assert pair.found == []
    assert set(pair.learned) <= set(RENAMED.items())


@given(RESPONSES)
def test_what_is_the_same_is_the_same(response: Any) -> None:
    pair = new_pairing()
    pair.values(response, copy.deepcopy(response), "$")
    assert pair.found == []


def spots(value: Any, path: str = "$") -> Iterator[tuple[str, Any, Any]]:
    """Yield every place in a value: its path, what holds it and the key there."""
    members: Any = ()
    if isinstance(value, dict):
        members = [(key, child(path, key)) for key in value]
    elif isinstance(value, list):
        members = [(number, f"{path}[{number}]") for number in range(len(value))]
    for key, inner in members:
        yield inner, value, key
        yield from spots(value[key], inner)


def others(value: Any) -> list[Any]:
    """Return values that are not this one."""
    match value:
        case None:
            return [0, "", False, {}, []]
        case bool():
            return [not value, int(value), str(value), None]
        case int() | float():
            return [value + 1, str(value), None, True]
        case str():
            same_kind = [each for each in (*IDS, *TOKENS, *FILES, iso(39)) if each != value]
            return [value + "x", None, 0, *same_kind[:2], same_kind[-1]]
        case dict():
            return [None, [], "x"]
        case _:
            return [None, {}, 0]


def planted(data: st.DataObject, response: Any) -> tuple[Any, str, Kind | None]:
    """Return a response with one change, where it is and which kind it is, if that is clear."""
    changed = copy.deepcopy(response)
    path, holder, key = data.draw(st.sampled_from(list(spots(changed))))
    how = data.draw(st.sampled_from(["value", "missing", "extra"]))
    if how == "missing" and isinstance(holder, dict):
        del holder[key]
        return changed, path, Kind.MISSING
    if how == "missing":
        del holder[key]
        return changed, path[: path.rindex("[")], Kind.LENGTH
    if how == "extra" and isinstance(holder[key], dict):
        holder[key]["new one"] = 1
        return changed, child(path, "new one"), Kind.EXTRA
    if how == "extra" and isinstance(holder[key], list):
        holder[key].append(1)
        return changed, path, Kind.LENGTH
    holder[key] = data.draw(st.sampled_from(others(holder[key])))
    return changed, path, None


@settings(max_examples=examples(400))
@given(st.data(), RESPONSES)
def test_any_single_planted_change_is_reported_at_its_path(
    data: st.DataObject, response: Any
) -> None:
    pair = new_pairing()
    for each in (*IDS, *TOKENS, *FILES):
        pair.bindings.bind(each, RENAMED[each])
    pair.values(response, renamed(response), "$")
    assert pair.found == []
    changed, path, kind = planted(data, response)
    pair.exchange += 1
    pair.values(response, renamed(changed), "$")
    assert paths(pair.found) == [path]
    assert kind in (None, pair.found[0].kind)
