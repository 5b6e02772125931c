"""Profiles: written and read back they are the same, and each mistake is named with its line."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.model import UserError
from parity.profiles import load_profile, profile_toml
from parity.profiles.profile import OF_A_CLASS, QUERIES, Ask, Operation, Profile
from parity.profiles.read import parse_profile, shipped_names

names = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,8}", fullmatch=True)
keys = st.one_of(names, st.sampled_from(["$or", "$gt", "a.b", 'quo"te', "ümlaut", "😀", "\x7f"]))
rates = st.floats(0, 1e6, allow_nan=False)
leaves = st.one_of(st.text(), st.integers(-(2**53), 2**53), st.booleans(), st.just("?"), rates)
wheres = st.dictionaries(
    keys,
    st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3), st.dictionaries(keys, inner, max_size=3)
        ),
        max_leaves=6,
    ),
    max_size=3,
)


@st.composite
def operations(draw: st.DrawFn) -> Operation:
    ask = draw(st.sampled_from(list(Ask)))
    return Operation(
        ask=ask,
        weight=draw(st.floats(0.001, 1e6)),
        class_name=draw(names) if ask in OF_A_CLASS else "",
        where=draw(wheres) if ask in QUERIES else {},
        order=draw(st.text(max_size=10)),
        limit=draw(st.none() | st.integers(0, 100_000)),
        skip=draw(st.integers(0, 1000)),
        keys=tuple(draw(st.lists(st.text(max_size=5), max_size=3))),
        include=tuple(draw(st.lists(names, max_size=3))),
        payload_bytes=draw(st.integers(0, 10**6)),
        parts=draw(st.integers(1, 50)),
        function=draw(names) if ask is Ask.FUNCTION else "",
    )


@st.composite
def profiles(draw: st.DrawFn) -> Profile:
    low, middle, high = sorted(draw(st.tuples(rates, rates, rates)))
    typical, peak = sorted(draw(st.tuples(rates, rates)))
    return Profile(
        name=draw(st.text(min_size=1)),
        operations=tuple(draw(st.lists(operations(), min_size=1, max_size=4))),
        peak_rate=peak,
        typical_rate=typical,
        hours=tuple(draw(st.one_of(st.just([]), st.lists(rates, min_size=24, max_size=24)))),
        think_s=(low, middle, high),
        clients=draw(st.integers(1, 10**6)),
        latency_ms=draw(st.dictionaries(st.sampled_from([str(each) for each in Ask]), rates)),
        source=draw(st.text()),
        digest=draw(st.text()),
    )


@given(profiles(), st.lists(st.text(alphabet="ab #\"'", max_size=20), max_size=2))
def test_a_profile_that_is_written_is_read_back_as_it_was(
    profile: Profile, comments: list[str]
) -> None:
    assert parse_profile(profile_toml(profile, comments), "x") == profile


@pytest.mark.parametrize("name", ["social", "game-leaderboard", "chat", "read-heavy"])
def test_the_shipped_profiles_can_be_used(name: str) -> None:
    profile = load_profile(name)
    assert profile.name == name
    assert profile.source == "shipped"
    assert profile.peak_rate > profile.typical_rate > 0
    assert len(profile.operations) >= 10
    assert len({operation.name for operation in profile.operations}) == len(profile.operations)


def test_exactly_these_are_shipped() -> None:
    assert shipped_names() == ("chat", "game-leaderboard", "read-heavy", "social")


GOOD = """name = "x"
peak_rate = 2.0

[[operations]]
ask = "query"
class = "Post"
weight = 1
where = { author = "?" }

[[operations]]
ask = "create"
class = "Post"
weight = 2
"""


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("peak_rate", "peek_rate", "line 2: unknown field 'peek_rate', did you mean 'peak_rate'?"),
        ('"query"', '"qurey"', "got 'qurey', did you mean 'query'?"),
        ("weight = 2", "weight = -2", "line 13: operations[1].weight: expected a number from 0"),
        (
            "weight = 2",
            "waight = 2",
            "unknown field 'waight', did you mean 'weight'",
        ),
        ("weight = 2", "", "line 10: operations[1]: field 'weight' is missing"),
        ('class = "Post"\nweight = 2', "weight = 2", "line 10: operations[1]: create has no class"),
        ('where = { author = "?" }', 'where = "author"', "line 8: operations[0].where: expected"),
        ("weight = 1", "weight = 1\nlimit = 1.5", "line 8: operations[0].limit: expected int"),
        (
            "weight = 2",
            'weight = 2\nwhere = { a = "?" }',
            "line 10: operations[1]: create has",
        ),
        ("weight = 2", "weight = 2\nparts = 51", "line 14: operations[1].parts: expected"),
        ("peak_rate = 2.0", "peak_rate = nan", "line 2: peak_rate: expected a finite"),
        (
            "peak_rate = 2.0",
            "peak_rate = 2\ntypical_rate = 3",
            "typical_rate is more than",
        ),
        ("peak_rate = 2.0", "peak_rate = 2\nthink_s = [3, 2, 1]", "think_s does not grow"),
        ("peak_rate = 2.0", "peak_rate = 2\nhours = [1]", "hours is a list of 24 numbers"),
        ('name = "x"', "name = 3", "line 1: name: expected str, got 3"),
        (
            'class = "Post"\nweight = 2',
            'class = "a/b"\nweight = 2',
            "[1].class: 'a/b' is",
        ),
        (GOOD, 'name = "x"\npeak_rate = 1', "field 'operations' is missing"),
        ('"Post"\nweight = ', '"Post"\nweight = 0.0 # ', "[[operations]] with a weight above 0"),
        ("peak_rate = 2.0", "peak_rate = 2\nlatency_ms = { gte = 3 }", "latency_ms.gte"),
        ('{ author = "?" }', "{ a = nan }", "where holds what JSON cannot"),
    ],
)
def test_a_mistake_is_named_with_its_line(before: str, after: str, said: str) -> None:
    assert GOOD.count(before) >= 1
    with pytest.raises(UserError) as refused:
        parse_profile(GOOD.replace(before, after), "app.toml")
    assert said in refused.value.what
    assert refused.value.code == "profile"


def test_every_mistake_is_named_at_once() -> None:
    broken = GOOD.replace("peak_rate", "peek_rate").replace("weight = 2", "weight = -2")
    with pytest.raises(UserError, match="has 3 problems"):
        parse_profile(broken, "app.toml")


def test_what_is_no_toml_and_what_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"app\.toml: not TOML"):
        parse_profile("name = ", "app.toml")
    with pytest.raises(UserError, match="cannot be read: No such file"):
        load_profile(tmp_path / "none.toml")
    with pytest.raises(UserError, match="did you mean 'social'"):
        load_profile("socal")


def test_the_name_of_an_operation_shows_its_shape() -> None:
    where = {"author": "?", "score": {"$gt": "?"}, "$or": [{"a": "?"}, {"a": "?"}]}
    operation = Operation(Ask.QUERY, 1, "Post", where=where, order="-createdAt", skip=5)
    assert operation.name == "query Post where(author,score.$gt,$or(a)) order(-createdAt) skip"
