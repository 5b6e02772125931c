"""Documents in buckets: each id has one, and a filter finds all of a bucket."""

from __future__ import annotations

import random
import string
from collections.abc import Iterator
from typing import Any

import pytest
from bson import ObjectId, decode, encode
from hypothesis import given, settings
from hypothesis import strategies as st

from parity.jobs.verify.bsonraw import raw_id
from parity.jobs.verify.buckets import Buckets, Sums, are_minted, boundaries_for
from parity.jobs.verify.drill import GROUP_DOCUMENTS, GROUP_RANGES, compare, groups
from parity.jobs.verify.sides import InlineSides
from parity.jobs.verify.walk import Found, Hashes, Sample, Walk
from tests.examples import examples
from tests.jobs.verify.databases import Pair, pair_of_databases
from tests.mongod import Mongod

IDS = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=6),
    st.binary(min_size=12, max_size=12).map(ObjectId),
    st.integers(-5, 5),
    st.floats(allow_nan=False),
    st.none(),
    st.booleans(),
    st.binary(max_size=3),
)


def typed(id_: Any) -> bytes:
    return raw_id(encode({"_id": id_}))


@given(st.lists(IDS, max_size=8), IDS)
def test_every_id_has_one_bucket(sample: list[Any], id_: Any) -> None:
    buckets = Buckets.of_sample(map(typed, sample))

    assert 0 <= buckets.of(typed(id_)) < len(buckets)


@pytest.fixture(scope="module")
def server(mongod: Mongod) -> Iterator[Pair]:
    with pair_of_databases(mongod) as pair:
        yield pair


@settings(max_examples=examples(25))
@given(
    ids=st.lists(IDS, min_size=1, max_size=30, unique_by=typed),
    sample=st.lists(IDS, max_size=6),
    data=st.data(),
)
def test_the_server_finds_the_documents_of_a_bucket(
    server: Pair, ids: list[Any], sample: list[Any], data: st.DataObject
) -> None:
    documents = {typed(id_): id_ for id_ in ids}
    collection = server.source["C"]
    collection.delete_many({})
    stored = []
    for raw, id_ in documents.items():  # 1 and 1.0 are one id for the server
        if collection.find_one({"_id": {"$eq": id_}}) is None:
            collection.insert_one({"_id": id_})
            stored.append(raw)
    buckets = Buckets.of_sample(map(typed, sample))
    wanted = sorted(data.draw(st.sets(st.sampled_from([buckets.of(raw) for raw in stored]))))
    sides = InlineSides(*server.accesses)
    try:
        walked, _ = sides.run(Walk("C", buckets, 100), None)
        found, _ = (
            sides.run(Hashes("C", buckets, 100, tuple(wanted)), None)
            if wanted
            else (
                Found(),
                None,
            )
        )
        part, _ = sides.run(Walk("C", buckets, 100, tuple(wanted)), None)
    finally:
        sides.close()

    assert walked.documents == len(stored)
    assert set(found.hashes) == {raw for raw in stored if buckets.of(raw) in wanted}
    assert sum(walked.counts[each] for each in wanted) == found.count
    if wanted:
        assert all(part.sums[each] == walked.sums[each] for each in wanted)


def test_a_sample_divides_evenly_whatever_the_ids(server: Pair) -> None:
    collection = server.source["Even"]
    collection.insert_many([{"_id": f"user-{n:09}"} for n in range(5000)])
    sides = InlineSides(*server.accesses)
    try:
        sample, _ = sides.run(Sample("Even", 50), None)
        sums, _ = sides.run(Walk("Even", Buckets.of_sample(sample), 50), None)
    finally:
        sides.close()

    assert sums.documents == 5000
    assert max(sums.counts) < 1500


def test_sums_say_which_buckets_differ_in_any_order() -> None:
    one, other = Sums(counts=[1, 2, 0], sums=[5, 7, 0]), Sums(counts=[1, 2, 1], sums=[5, 8, 1])

    assert one.unlike(other) == [1, 2]
    assert one.unlike(one) == []


def test_sums_of_parts_are_those_of_the_whole() -> None:
    whole = Sums(2, 20, [1, 1], [2**64 - 1, 3])
    whole.add(Sums(1, 10, [1, 0], [2, 0]))

    assert (whole.documents, whole.size) == (3, 30)
    assert (whole.counts, whole.sums) == ([2, 1], [1, 3])


@pytest.mark.parametrize(
    ("documents", "ids"),
    [(0, 0), (100, 0), (12_800, 100), (1_000_000, 4096), (10_000_000, 9765), (10**9, 32_768)],
)
def test_larger_collections_get_more_buckets_up_to_a_limit(documents: int, ids: int) -> None:
    assert boundaries_for(documents) == ids


def test_groups_hold_every_bucket_once_and_stay_small() -> None:
    rng = random.Random(1)
    buckets = Buckets(tuple(b"%06d" % n for n in range(5000)))
    unlike = sorted(rng.sample(range(len(buckets)), 3000))
    sizes = [rng.randrange(1, 300) for _ in unlike]
    made = list(groups(buckets, unlike, sizes))

    assert [number for group in made for number in group] == unlike
    size_of = dict(zip(unlike, sizes, strict=True))
    for group in made:
        if group[0] < buckets.first_other:
            assert sum(size_of[each] for each in group) <= GROUP_DOCUMENTS
            ranges = sum(each - 1 not in group for each in group)
            assert ranges <= GROUP_RANGES
        assert (group[0] >= buckets.first_other) == (group[-1] >= buckets.first_other)


def test_documents_that_no_index_shows_are_counted_as_hidden() -> None:
    shown = Found({b"a": 1}, count=1)

    assert compare(shown, shown, (3, 2)).hidden == 1
    assert compare(shown, shown, (1, 2)).hidden == 0


def test_an_id_that_comes_twice_is_told() -> None:
    left, right = Found({b"a": 1}, count=1), Found({b"a": 1}, {b"a"}, count=2)
    found = compare(left, right, (1, 2))

    assert found.twice_destination == [b"a"]
    assert not found.changed


def test_a_filter_of_one_bucket_is_one_range() -> None:
    buckets = Buckets((b"b", b"d"))

    assert decode(buckets.filter([1]).raw) == {"_id": {"$gte": "b", "$lt": "d"}}
    assert decode(buckets.filter([1, 2]).raw) == {"_id": {"$gte": "b"}}


def minted(rng: random.Random, count: int) -> list[bytes]:
    letters = string.ascii_letters + string.digits
    return [typed("".join(rng.choices(letters, k=10))) for _ in range(count)]


def test_random_ids_are_taken_for_minted_ones() -> None:
    assert are_minted(minted(random.Random(1), 800))


@pytest.mark.parametrize(
    "ids",
    [
        [],
        [typed(f"{number:010}") for number in range(800)],
        [typed(f"user{number:06}") for number in range(800)],
        [typed("Abbbbbbbbb")] * 800,
        [*minted(random.Random(2), 799), typed("settings")],
        [b"\x07" + bytes(12)] * 800,
    ],
    ids=["none", "counting", "named", "one", "one is named", "ObjectIds"],
)
def test_ids_that_people_chose_are_not(ids: list[bytes]) -> None:
    assert not are_minted(ids)


def test_by_prefix_every_id_has_the_bucket_that_its_filter_finds() -> None:
    buckets = Buckets.of_prefixes()
    for each in minted(random.Random(3), 500):
        low, high = buckets.spans[each[5:7]]
        assert low == high == buckets.of(each)
